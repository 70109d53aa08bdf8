// Package conformance holds a KMS, real or emulated, against what is known of
// AWS KMS for HMAC keys: one case for each testable row of the behaviour table.
//
// Do not use it to measure speed, nor as proof that an emulator is AWS: a case
// is as sure as its evidence, which it carries.
//
// A Case has steps; they work with a Probe, which sends requests and judges
// each Answer by an Expectation. An Expectation is data: status, code, place of
// the code, message, members and headers are facts of their own, and a report
// names the one that differs. Rows prints the table, Catalogue the cases,
// Untestable the rows without one, Explain the reasons of one row, Plan what a
// run will send; Run does it. A Recorder keeps the exchanges of a run; a Record
// that was read stands in for a target, or for the table as Options.Baseline;
// Known are deviations that are expected. What decides: recorded, documented
// and model evidence fails a case, a field report, an inference or low
// confidence warns, and so does a text that differs, except when profile wire
// is asked for by name. No answer, or an answer that is no KMS's, is
// inconclusive.
//
// All functions may be called concurrently; so may Run on one target. The keys
// that Run makes are throw-away keys, tagged with run, host and expiry; the
// material that it imports is random or published, and never in the results.
// Records hold neither what signs requests nor tokens nor account ids.
package conformance
