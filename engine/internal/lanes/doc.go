// Package lanes computes HMAC over SHA-2 from cached midstates, one message or
// many at a time, by assembly.
//
// It is the engine's innermost part and trusts its caller. Use package engine
// instead: it checks arguments, owns keys, chooses kernels, proves them before
// use, and does without them where there are none.
//
// There are two families, by the width of the hash's words. Names that end in
// 256 are for SHA-224 and SHA-256, names in 512 for SHA-384 and SHA-512:
//
//   - Mid256, Mid512: a key's inner and outer midstate in the kernels' order.
//   - Single256, Single512: kernels for one message. One call does the whole
//     HMAC; the padding and the outer block never leave the registers.
//   - Many256, Lanes512: kernels for many messages, each in a lane.
//   - Batch256, Batch512: memory and schedule for many messages. They sort by
//     number of blocks, fill lanes with messages of like length, and leave to the
//     kernel for one what does not fill lanes well. All lanes end together: a
//     shorter message starts later.
//
// Available says which kernels this CPU has; calling another one is a fault.
// Assembly cannot be preempted, so no call runs for more than some 20 µs.
// Generated files (zz_*) come from the program in _asm, a module of its own.
//
// Midstates and kernels may be used from many goroutines; a batch belongs to one
// at a time.
//
// Midstates are as secret as keys. What a batch leaves in its memory depends on
// them: Reset wipes it.
package lanes

//go:generate go -C _asm run . -out ..
