// Package awskms puts the AWS SDK for Go v2 behind the seam of package target:
// AWS KMS itself, and anything that speaks its protocol.
//
// Do not use it to reach the ceiling of a fast emulator: the SDK costs more CPU
// per request than most emulators do. Packages lean and raw are for that.
//
// A [Client] is a target.Target and all of its optional interfaces. Every request
// passes one layer under the SDK (wire.go) that times it, counts attempts,
// connections and bytes, and reads the answer. Every failure passes one function
// (classify.go, on top of target.ClassifyAnswer) that gives it its kind, whether
// the SDK or [Client.Send] sent the request. There are two client roads. "sdk" is
// made for measuring: a pool sized to the work, one attempt, no correction of
// clock skew, request bodies handed to the transport in memory. "sdk-user" leaves
// the SDK with the user's own settings.
//
// All methods may be called concurrently. Credentials and imported key material
// are secret: neither is logged, kept, or part of any error.
package awskms
