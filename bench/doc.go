// Package bench puts load on a target and measures it: every request has three
// clocks (intended, sent, done), and every reply is verified.
//
// Do not use it to judge whether a target is right in other respects (package
// conformance does), nor to compare two runs (package results holds that
// arithmetic).
//
// A Plan says all that defines a run: Arrivals (an absolute, seeded schedule),
// or a concurrency for a closed loop; the Workload; limits. Run makes the keys,
// lets one pacer hand due arrivals through a bounded queue to persistent
// workers, each of which writes what it saw into its own ring; a collector
// empties the rings into HdrHistograms, reports progress to an observer, and
// appends to an interval log. The end is a Report with one results.Load for
// each operation and key spec. Percentiles are never averaged and failures
// never enter the histograms of successes.
//
// Plan and Report are plain data. Run may be called concurrently, also on one
// target, but then counters of the target (connections, bytes) are shared.
//
// The secrets of imported keys and those given in Options are secret: they are
// in no Plan, Report, log or error.
package bench
