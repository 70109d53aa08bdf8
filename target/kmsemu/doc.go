// Package kmsemu is an embedded AWS KMS for HMAC keys: the service's contract,
// executable.
//
// Do not use it to protect anything: whoever reaches its port may use its keys,
// which live in memory, or in the directory Options.Data. It is no model of
// AWS's speed either.
//
// An Emulator is an http.Handler that speaks KMS's protocol, awsJson1_1, with
// KMS's own errors, texts, states and order of checks. operations.go holds the
// table of operations; a request passes signature, operation, members and
// schema before its handler looks for the key. Listen serves it over HTTP,
// Start gives a test an endpoint that ends with the test. Where AWS's behaviour
// is not known the handler picks one and its comment says inferred; row ids
// such as GM-15 name rows of the project's behaviour table. Options.Deviations
// make it wrong on purpose, for those who test a checker.
//
// Absent, by choice: custom key stores, importing key pairs, a second imported
// material, automatic rotation, Recipient, authorisation by tag, presigned URLs,
// and key specs that the standard library has no keys for. Wrapping keys come
// from a small pool (WrappingKeys).
//
// Tags are made with crypto/hmac and never with the project's own engine, so
// that the emulator can judge the engine.
//
// Everything may be used concurrently. Key material, import tokens and grant
// tokens are secret; nothing of them is ever logged or put into an error.
package kmsemu
