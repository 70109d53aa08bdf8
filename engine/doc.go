// Package engine computes HMAC-SHA-2 tags on the local CPU, one message at a
// time or many at once.
//
// Do not use it where an audit asks for a validated module: in Go's FIPS 140
// mode it steps aside and computes every tag with crypto/hmac, and outside of
// it nothing here is validated. Do not use it to derive keys or to hash
// passwords, and not for hashes other than the four of [Algorithm].
//
// A [Key] is a secret made ready: the padded keys are hashed once, and each tag
// starts from the two midstates. [Key.Sum] and [Key.Verify] work on one
// message, [Key.Stream] on a message that arrives in pieces, a [Batch] on many
// messages in one call. An [Impl] is a named way to compute the same tags;
// [Impls] lists those that this CPU can run, [Unavailable] those it cannot and
// why, and [Default] is the one that [NewKey] takes.
//
// A Key may be used by any number of goroutines at once. A [Stream] and a
// Batch belong to one goroutine at a time. Destroy and Release end a use and
// must come after all other calls.
//
// Secrets, midstates and the tags of messages that someone else may still want
// to forge are secret. The engine keeps midstates, never secrets, and wipes
// what it pools. No branch, index or length depends on them; lengths of
// secrets, messages and tags are not hidden. Go's stack and registers are
// beyond its reach.
package engine
