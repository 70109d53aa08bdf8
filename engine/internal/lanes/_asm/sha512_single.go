package main

import "fmt"

// single512 is the kernel for one message. A round is cut in two chains that
// run on different halves of the core: e lives in general registers, a in
// vector registers, where the message schedule is, too. With d the a of four
// rounds ago,
//
//	e' = h + Σ1(e) + Ch(e,f,g) + (d + W + K)
//	a' = e' − d + Maj(a,b,c) + Σ0(a)
//
// so that a may lag behind e by up to four rounds.
type single512 struct {
	*Func
	e [4]string // e, f, g, h
	a [4]string // a, b, c, d
}

// The frame: sixteen words of W+K, and the state at the start of the block.
const (
	s512Ring  = 0
	s512State = 128
	s512Place = 192
	s512Left  = 200
	s512After = 208
	s512LastK = 216
	s512Used  = 256
	s512Frame = s512Used + 64
)

// What the block at work was, in frame slot s512After.
const (
	afterFull  = iota // of message; more follows
	afterInner        // the last of the inner hash
	afterMark         // the end mark, but there was no room for the length
	afterOuter        // the outer hash
)

func sha512Single() *File {
	f := &File{Name: "zz_sha512_single_amd64"}
	f.Words64("single512K", roundConstants512()...)
	var swap []uint64
	for range 4 {
		swap = append(swap, 0x0001020304050607, 0x08090a0b0c0d0e0f)
	}
	f.Words64("single512Swap", swap...)
	f.Words64("single512Mark", endMark512, 0, 0, 0)
	k := &single512{Func: f.Func("hmac512vl", "tag *byte, mid *Mid512, state *[8]uint64, p *byte, n int, total int",
		`hmac512vl writes the 64 bytes of a tag's hash to tag: of the message of total
bytes whose last n bytes are at p and whose earlier bytes, whole blocks, are in
state. It does not keep or change what it reads.`, s512Frame)}
	k.hmac()
	b := &single512{Func: f.Func("blocks512vl", "state *[8]uint64, p *byte, n int",
		`blocks512vl hashes n blocks, at least one, at p into state.`, s512Frame)}
	b.blocks()
	return f
}

func (k *single512) reset() {
	k.e = [4]string{"R8", "R9", "R10", "R11"}
	k.a = [4]string{"X0", "X1", "X2", "X3"}
}

// hmac keeps the message's place, its bytes left and what comes after the block
// in the frame: the rounds need the registers.
func (k *single512) hmac() {
	k.constants()
	k.Load("n", "DX")
	k.Load("p", "SI")
	k.Load("state", "AX")
	k.loadState("AX")
	k.Op("MOVQ $%d, %d(CX)", afterFull, s512After)

	k.Label("next")
	k.Op("CMPQ DX, $128")
	k.Op("JLT tail")
	k.loadBlock()
	k.Op("ADDQ $128, SI")
	k.Op("SUBQ $128, DX")
	k.Op("MOVQ SI, %d(CX)", s512Place)
	k.Op("MOVQ DX, %d(CX)", s512Left)
	k.Op("JMP block")

	k.Label("tail")
	k.tail()

	k.Label("block")
	k.block()
	k.Op("MOVQ %d(CX), DI", s512After)
	k.Op("MOVQ %d(CX), SI", s512Place)
	k.Op("MOVQ %d(CX), DX", s512Left)
	k.Op("CMPQ DI, $%d", afterInner)
	k.Op("JLT next")
	k.Op("JEQ outer")
	k.Op("CMPQ DI, $%d", afterMark)
	k.Op("JEQ length")
	k.storeTag()
	k.wipe()
	k.Op("VZEROUPPER")
	k.Return("")

	k.Label("length")
	for i := range 4 {
		k.Op("VPXOR X%d, X%d, X%d", 4+i, 4+i, 4+i)
	}
	k.Label("last")
	k.Op("MOVQ $%d, %d(CX)", afterInner, s512After)
	k.Load("total", "AX")
	k.Op("LEAQ 1024(AX*8), AX")
	k.Op("VPBROADCASTQ AX, K5, Y7")
	k.Op("JMP block")

	k.Label("outer")
	k.outer()
	k.Op("JMP block")
}

func (k *single512) blocks() {
	k.constants()
	k.Load("n", "DX")
	k.Load("p", "SI")
	k.Load("state", "AX")
	k.loadState("AX")
	k.Op("MOVQ DX, %d(CX)", s512Left)
	k.Label("next")
	k.loadBlock()
	k.Op("ADDQ $128, SI")
	k.Op("MOVQ SI, %d(CX)", s512Place)
	k.block()
	k.Op("MOVQ %d(CX), SI", s512Place)
	k.Op("DECQ %d(CX)", s512Left)
	k.Op("JNZ next")
	k.Load("state", "AX")
	for i := range 4 {
		k.Op("VMOVQ %s, %d(AX)", k.a[i], 8*i)
		k.Op("MOVQ %s, %d(AX)", k.e[i], 32+8*i)
	}
	k.wipe()
	k.Op("VZEROUPPER")
	k.Return("")
}

func (k *single512) constants() {
	k.reset()
	k.Op("LEAQ 63(SP), CX")
	k.Op("ANDQ $-64, CX")
	k.Op("LEAQ single512K<>+512(SB), AX")
	k.Op("MOVQ AX, %d(CX)", s512LastK)
	k.Op("VMOVDQU64 single512Swap<>(SB), Z31")
	k.Op("MOVL $8, AX")
	k.Op("KMOVB AX, K5")
}

// loadState starts from the words at reg.
func (k *single512) loadState(reg string) {
	for i := range 4 {
		k.Op("VMOVQ %d(%s), %s", 8*i, reg, k.a[i])
		k.Op("MOVQ %d(%s), %s", 32+8*i, reg, k.e[i])
	}
	k.Op("VMOVDQU64 (%s), Z16", reg)
	k.Op("VMOVDQU64 Z16, %d(CX)", s512State)
}

// loadBlock reads a whole block of message.
func (k *single512) loadBlock() {
	for i := range 4 {
		k.Op("VMOVDQU %d(SI), Y%d", 32*i, 4+i)
		k.Op("VPSHUFB Y31, Y%d, Y%d", 4+i, 4+i)
	}
}

// tail reads the last 0..127 bytes, none behind them, and the end mark.
func (k *single512) tail() {
	k.Op("MOVQ $-1, AX")
	k.Op("XORL R13, R13")
	k.Op("BZHIQ DX, AX, BX")
	k.Op("KMOVQ BX, K1")
	k.Op("LEAQ 1(DX), R12")
	k.Op("BZHIQ R12, AX, R14")
	k.Op("XORQ BX, R14")
	k.Op("KMOVQ R14, K3")
	for i, reg := range []string{"DX", "R12"} {
		k.Op("LEAQ -64(%s), BX", reg)
		k.Op("TESTQ BX, BX")
		k.Op("CMOVQLT R13, BX")
		k.Op("BZHIQ BX, AX, BX")
		if i == 0 {
			k.Op("KMOVQ BX, K2")
			k.Op("MOVQ BX, R14")
		}
	}
	k.Op("XORQ BX, R14")
	k.Op("KMOVQ R14, K4")
	k.Op("MOVL $0x80, AX")
	for i := range 2 {
		k.Op("VMOVDQU8.Z %d(SI), K%d, Z%d", 64*i, 1+i, 16+i)
		k.Op("VPBROADCASTB AX, K%d, Z%d", 3+i, 16+i)
		k.Op("VPSHUFB Z31, Z%d, Z%d", 16+i, 16+i)
		k.Op("VMOVDQA64 Y%d, Y%d", 16+i, 4+2*i)
		k.Op("VEXTRACTI64X4 $1, Z%d, Y%d", 16+i, 5+2*i)
	}
	k.Op("CMPQ DX, $112")
	k.Op("JLT last")
	k.Op("MOVQ $%d, %d(CX)", afterMark, s512After)
}

// outer makes the inner tag the message of the outer hash.
func (k *single512) outer() {
	k.Op("VPUNPCKLQDQ %s, %s, X4", k.a[1], k.a[0])
	k.Op("VPUNPCKLQDQ %s, %s, X5", k.a[3], k.a[2])
	k.Op("VINSERTI128 $1, X5, Y4, Y4")
	k.Op("VMOVQ %s, X5", k.e[0])
	k.Op("VPINSRQ $1, %s, X5, X5", k.e[1])
	k.Op("VMOVDQU single512Mark<>(SB), Y6")
	k.Op("VPXOR X7, X7, X7")
	k.Op("MOVQ $%d, %d(CX)", afterOuter, s512After)
	k.Load("mid", "BX")
	k.Op("CMPQ %d(BX), $64", mid512Size)
	k.Op("JNE outer384")
	k.Op("VMOVQ %s, X16", k.e[2])
	k.Op("VPINSRQ $1, %s, X16, X16", k.e[3])
	k.Op("VINSERTI32X4 $1, X16, Y5, Y5")
	k.Op("MOVL $%d, AX", outerBits512)
	k.Label("outerState")
	k.Op("VPBROADCASTQ AX, K5, Y7")
	k.Op("ADDQ $%d, BX", mid512Outer)
	k.loadState("BX")
	k.Op("JMP block")
	k.Label("outer384")
	k.Op("VINSERTI128 $1, X6, Y5, Y5")
	k.Op("VPXOR X6, X6, X6")
	k.Op("MOVL $%d, AX", outerBits384)
	k.Op("JMP outerState")
}

func (k *single512) storeTag() {
	k.Load("tag", "AX")
	for i := range 4 {
		k.Op("BSWAPQ %s", k.e[i])
		k.Op("MOVQ %s, %d(AX)", k.e[i], 32+8*i)
		k.Op("VMOVQ %s, DX", k.a[i])
		k.Op("BSWAPQ DX")
		k.Op("MOVQ DX, %d(AX)", 8*i)
	}
}

// wipe clears what can make tags from the frame.
func (k *single512) wipe() {
	k.Op("VPXORQ Z16, Z16, Z16")
	for at := 0; at < s512Used; at += 64 {
		k.Op("VMOVDQU64 Z16, %d(CX)", at)
	}
}

// block runs the eighty rounds over Y4..Y7 and adds the state.
func (k *single512) block() {
	k.Op("LEAQ single512K<>(SB), R12")
	for i := range 4 {
		k.Op("VPADDQ %d(R12), Y%d, Y16", 32*i, 4+i)
		k.Op("VMOVDQU64 Y16, %d(CX)", s512Ring+32*i)
	}
	k.Op("PCALIGN $64")
	k.Label("rounds")
	k.Op("ADDQ $128, R12")
	for g := range 4 {
		var l list
		for i := range 4 {
			k.round(&l, 4*g+i)
		}
		k.schedule(&l, g)
		k.ops(arrange(l, single512Order))
	}
	k.Op("CMPQ R12, %d(CX)", s512LastK)
	k.Op("JNE rounds")
	for i := range 16 {
		var l list
		k.round(&l, i)
		k.ops(l)
	}
	for i := range 4 {
		k.Op("ADDQ %d(CX), %s", s512State+32+8*i, k.e[i])
		k.Op("MOVQ %s, %d(CX)", k.e[i], s512State+32+8*i)
		k.Op("VPADDQ.BCST %d(CX), %s, %s", s512State+8*i, k.a[i], k.a[i])
		k.Op("VMOVQ %s, %d(CX)", k.a[i], s512State+8*i)
	}
}

// round appends one round; four of them bring the registers' names back.
// Neighbours use different scratch registers so that they can be arranged.
func (k *single512) round(l *list, i int) {
	e, f, g, h := k.e[0], k.e[1], k.e[2], k.e[3]
	a, b, c, d := k.a[0], k.a[1], k.a[2], k.a[3]
	x, r, s, t, u := "R13", "R14", "R15", "AX", "BX"
	v := []string{"X8", "X9", "X10", "X11", "X12", "X13"}
	if i%2 == 1 {
		x, r, s, t, u = "DX", "DI", "SI", "R14", "R15"
		v = []string{"X21", "X26", "X27", "X28", "X29", "X30"}
	}
	l.op("VMOVQ %s, %s", d, x)
	l.op("ADDQ %d(CX), %s", s512Ring+8*i, h)
	l.op("ADDQ %s, %s", x, h)
	l.op("RORXQ $14, %s, %s", e, r)
	l.op("RORXQ $18, %s, %s", e, s)
	l.op("RORXQ $41, %s, %s", e, t)
	l.op("ANDNQ %s, %s, %s", g, e, x)
	l.op("MOVQ %s, %s", f, u)
	l.op("ANDQ %s, %s", e, u)
	l.op("XORQ %s, %s", s, r)
	l.op("ADDQ %s, %s", x, h)
	l.op("XORQ %s, %s", t, r)
	l.op("ADDQ %s, %s", u, h)
	l.op("ADDQ %s, %s", r, h)
	l.op("VMOVQ %s, %s", h, v[0])
	l.op("VPSUBQ %s, %s, %s", d, v[0], v[5])
	l.op("VMOVDQA64 %s, %s", a, v[4])
	l.op("VPTERNLOGQ $0xe8, %s, %s, %s", c, b, v[4])
	l.op("VPRORQ $28, %s, %s", a, v[1])
	l.op("VPRORQ $34, %s, %s", a, v[2])
	l.op("VPRORQ $39, %s, %s", a, v[3])
	l.op("VPADDQ %s, %s, %s", v[5], v[4], v[4])
	l.op("VPTERNLOGQ $0x96, %s, %s, %s", v[3], v[2], v[1])
	l.op("VPADDQ %s, %s, %s", v[1], v[4], d)
	k.e = [4]string{h, e, f, g}
	k.a = [4]string{d, a, b, c}
}

// schedule makes the four words of group g of the next sixteen, in place, and
// stores W+K where the four rounds of the group have read theirs.
func (k *single512) schedule(l *list, g int) {
	reg := func(i int) string { return fmt.Sprintf("Y%d", 4+(g+i)&3) }
	w0, w1, w2, w3 := reg(0), reg(1), reg(2), reg(3)
	x0 := "X" + w0[1:]
	l.op("VEXTRACTI128 $1, %s, X14", w3)
	l.op("VALIGNQ $1, %s, %s, Y17", w0, w1)
	l.op("VALIGNQ $1, %s, %s, Y18", w2, w3)
	l.op("VPRORQ $1, Y17, Y19")
	l.op("VPRORQ $8, Y17, Y20")
	l.op("VPSRLQ $7, Y17, Y17")
	l.op("VPADDQ Y18, %s, %s", w0, w0)
	l.op("VPTERNLOGQ $0x96, Y20, Y19, Y17")
	l.op("VPRORQ $19, X14, X22")
	l.op("VPRORQ $61, X14, X23")
	l.op("VPSRLQ $6, X14, X14")
	l.op("VPADDQ Y17, %s, %s", w0, w0)
	l.op("VPTERNLOGQ $0x96, X23, X22, X14")
	l.op("VPADDQ Y14, %s, %s", w0, w0)
	l.op("VPRORQ $19, %s, X24", x0)
	l.op("VPRORQ $61, %s, X25", x0)
	l.op("VPSRLQ $6, %s, X15", x0)
	l.op("VPTERNLOGQ $0x96, X25, X24, X15")
	l.op("VPERM2I128 $0x08, Y15, Y15, Y15")
	l.op("VPADDQ Y15, %s, %s", w0, w0)
	l.op("VPADDQ %d(R12), %s, Y16", 32*g, w0)
	l.op("VMOVDQU64 Y16, %d(CX)", s512Ring+32*g)
}
