package main

import "fmt"

// scalar512 is the block function for one message on CPUs without AVX-512: the
// rounds in general registers, the schedule in vector registers.
type scalar512 struct {
	*Func
	v      [8]string
	ab, bc string // a xor b, which is b xor c a round later
}

// The frame.
const (
	scalarRing  = 0   // sixteen words of W+K
	scalarState = 128 // at the start of the block
	scalarPlace = 192
	scalarLeft  = 200
	scalarFrame = 208
)

func sha512Scalar() *File {
	f := &File{Name: "zz_sha512_scalar_amd64"}
	f.Words64("scalar512K", roundConstants512()...)
	f.Words64("scalar512Swap", 0x0001020304050607, 0x08090a0b0c0d0e0f, 0x0001020304050607, 0x08090a0b0c0d0e0f)
	f.Words64("scalar512Ror8", ror8Shuffle()...)
	k := &scalar512{Func: f.Func("blocks512bmi2", "state *[8]uint64, p *byte, n int",
		`blocks512bmi2 hashes n blocks, at least one, at p into state.`, scalarFrame)}
	k.v = [8]string{"R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"}
	k.ab, k.bc = "DX", "CX"
	k.blocks()
	return f
}

// ror8Shuffle turns each of four words right by one byte.
func ror8Shuffle() []uint64 {
	const low, high = 0x0007060504030201, 0x080f0e0d0c0b0a09
	return []uint64{low, high, low, high}
}

func (k *scalar512) blocks() {
	k.Load("n", "DX")
	k.Load("p", "DI")
	k.Load("state", "AX")
	k.Op("MOVQ DX, %d(SP)", scalarLeft)
	for i, v := range k.v {
		k.Op("MOVQ %d(AX), %s", 8*i, v)
		k.Op("MOVQ %s, %d(SP)", v, scalarState+8*i)
	}
	k.Op("VMOVDQU scalar512Ror8<>(SB), Y14")
	k.Op("VMOVDQU scalar512Swap<>(SB), Y15")
	k.Label("block")
	k.Op("LEAQ scalar512K<>(SB), SI")
	for i := range 4 {
		k.Op("VMOVDQU %d(DI), Y%d", 32*i, i)
		k.Op("VPSHUFB Y15, Y%[1]d, Y%[1]d", i)
		k.Op("VPADDQ %d(SI), Y%d, Y8", 32*i, i)
		k.Op("VMOVDQU Y8, %d(SP)", scalarRing+32*i)
	}
	k.Op("ADDQ $128, DI")
	k.Op("MOVQ DI, %d(SP)", scalarPlace)
	k.Op("MOVL $4, DI")
	k.Op("MOVQ %s, %s", k.v[1], k.bc)
	k.Op("XORQ %s, %s", k.v[2], k.bc)
	k.Op("PCALIGN $64")
	k.Label("rounds")
	k.Op("ADDQ $128, SI")
	for g := range 4 {
		var rounds list
		for i := range 4 {
			k.round(&rounds, 4*g+i)
		}
		k.ops(interleave(rounds, k.schedule(g)))
	}
	k.Op("DECL DI")
	k.Op("JNZ rounds")
	for i := range 16 {
		var l list
		k.round(&l, i)
		k.ops(l)
	}
	for i, v := range k.v {
		k.Op("ADDQ %d(SP), %s", scalarState+8*i, v)
		k.Op("MOVQ %s, %d(SP)", v, scalarState+8*i)
	}
	k.Op("MOVQ %d(SP), DI", scalarPlace)
	k.Op("DECQ %d(SP)", scalarLeft)
	k.Op("JNZ block")
	k.Load("state", "AX")
	for i, v := range k.v {
		k.Op("MOVQ %s, %d(AX)", v, 8*i)
	}
	k.Op("VPXOR X8, X8, X8")
	for at := 0; at < scalarPlace; at += 32 {
		k.Op("VMOVDQU Y8, %d(SP)", at)
	}
	k.Op("VZEROUPPER")
	k.Return("")
}

// round appends one round; sixteen of them bring the registers' names back.
func (k *scalar512) round(l *list, i int) {
	v := k.v
	a, b, c, d, e, f, g, h := v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]
	l.op("ADDQ %d(SP), %s", scalarRing+8*i, h)
	l.op("RORXQ $14, %s, AX", e)
	l.op("RORXQ $18, %s, BX", e)
	l.op("XORQ BX, AX")
	l.op("RORXQ $41, %s, BX", e)
	l.op("XORQ BX, AX")
	l.op("ANDNQ %s, %s, BX", g, e)
	l.op("ADDQ BX, %s", h)
	l.op("MOVQ %s, BX", f)
	l.op("ANDQ %s, BX", e)
	l.op("ADDQ BX, %s", h)
	l.op("ADDQ AX, %s", h)
	l.op("ADDQ %s, %s", h, d)
	l.op("RORXQ $28, %s, AX", a)
	l.op("RORXQ $34, %s, BX", a)
	l.op("XORQ BX, AX")
	l.op("RORXQ $39, %s, BX", a)
	l.op("XORQ BX, AX")
	l.op("MOVQ %s, %s", a, k.ab)
	l.op("XORQ %s, %s", b, k.ab)
	l.op("ANDQ %s, %s", k.ab, k.bc)
	l.op("XORQ %s, %s", b, k.bc)
	l.op("ADDQ %s, %s", k.bc, h)
	l.op("ADDQ AX, %s", h)
	k.ab, k.bc = k.bc, k.ab
	k.v = [8]string{h, a, b, c, d, e, f, g}
}

// schedule makes the four words of group g of the next sixteen, in place, and
// stores W+K where the four rounds of the group have read theirs.
func (k *scalar512) schedule(g int) list {
	reg := func(i int) string { return fmt.Sprintf("Y%d", (g+i)&3) }
	w0, w1, w2, w3 := reg(0), reg(1), reg(2), reg(3)
	var l list
	l.op("VPERM2I128 $0x21, %s, %s, Y8", w1, w0)
	l.op("VPERM2I128 $0x21, %s, %s, Y9", w3, w2)
	l.op("VPALIGNR $8, %s, Y8, Y8", w0)
	l.op("VPALIGNR $8, %s, Y9, Y9", w2)
	l.op("VPADDQ Y9, %s, %s", w0, w0)
	avxSigma(&l, "Y8", "Y9", "Y10", 1, 0, 7)
	l.op("VPADDQ Y9, %s, %s", w0, w0)
	l.op("VEXTRACTI128 $1, %s, X8", w3)
	avxSigma(&l, "X8", "X9", "X10", 19, 61, 6)
	l.op("VPADDQ Y9, %s, %s", w0, w0)
	avxSigma(&l, "X"+w0[1:], "X9", "X10", 19, 61, 6)
	l.op("VPERM2I128 $0x08, Y9, Y9, Y9")
	l.op("VPADDQ Y9, %s, %s", w0, w0)
	l.op("VPADDQ %d(SI), %s, Y8", 32*g, w0)
	l.op("VMOVDQU Y8, %d(SP)", scalarRing+32*g)
	return l
}

// avxSigma appends a small sigma of w into x without the instructions of
// AVX-512; t is scratch. A second rotation of 0 stands for one by a byte, which
// Y14 does.
func avxSigma(l *list, w, x, t string, ror1, ror2, shift int) {
	l.op("VPSRLQ $%d, %s, %s", shift, w, x)
	parts := []int{ror1, ror1 - 64, ror2, ror2 - 64}
	for _, by := range parts {
		switch {
		case by == 0:
			l.op("VPSHUFB Y14, %s, %s", w, t)
		case by == -64:
			continue
		case by > 0:
			l.op("VPSRLQ $%d, %s, %s", by, w, t)
		default:
			l.op("VPSLLQ $%d, %s, %s", -by, w, t)
		}
		l.op("VPXOR %s, %s, %s", t, x, x)
	}
}

// interleave spreads the instructions of b evenly among those of a, keeping the order
// of each; the last of b stays behind all of a.
func interleave(a, b list) list {
	var out list
	if len(b) == 0 {
		return a
	}
	j := 0
	for i, ins := range a {
		out = append(out, ins)
		for j < (len(b)-1)*(i+1)/len(a) {
			out = append(out, b[j])
			j++
		}
	}
	return append(out, b[j:]...)
}
