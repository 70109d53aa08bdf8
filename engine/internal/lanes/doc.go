// Package lanes computes HMAC over SHA-2 from cached midstates, one message or
// many at a time.
//
// It is the engine's innermost part and trusts its caller: use package engine
// instead, which checks arguments, owns keys and chooses kernels.
package lanes

//go:generate go -C _asm run . -out ..
