package main

import "fmt"

// group512 is the kernel for eight messages of equal shape, one in each lane of
// the 512-bit registers: Z0-Z7 hold the state, Z8-Z23 sixteen words of the
// schedule. BX is the scratch512, R8-R15 are eight addresses, SI is the place in the
// messages, CX counts blocks, DI says what block is at work, DX is the round
// constants' place, AX counts rounds.
type group512 struct {
	*Func
	v [8]string
}

// The layout of type scratch512 in package lanes.
const (
	w512State = 0   // [8][8]uint64, word by word
	w512Tail  = 512 // [8][128]byte
	w512Group = 1536
	w512Left  = 1544
)

// The layout of type group512. The first six have a word for each lane.
const (
	g512Msg   = 0 // addresses
	g512Mid   = 64
	g512Out   = 128
	g512Bits  = 192 // of ipad block and message
	g512Rest  = 256 // bytes in the last block
	g512Mark  = 320 // where its end mark is; 128 or more for nowhere
	g512Full  = 384
	g512Begin = 392
	g512Short = 400
	g512End   = 408
	g512Size  = 448
)

// What the block at work is.
const (
	group512Full  = iota // of message
	group512Inner        // the last of the inner hash
	group512Outer
)

// Values of end.
const (
	g512Exact = 1 // all last blocks have 64 bytes and the mark
	g512Half  = 2 // all last blocks have 0 to 64 bytes
	g512Whole = 3 // any
)

func sha512Group() *File {
	f := &File{Name: "zz_sha512_group_amd64"}
	f.Words64("group512K", roundConstants512()...)
	f.Words64("group512Swap", 0x0001020304050607, 0x08090a0b0c0d0e0f)
	var index []uint64
	for i := range uint64(16) {
		index = append(index, 0x0706050403020100+0x0808080808080808*i)
	}
	f.Words64("group512Index", index...)
	k := &group512{Func: f.Func("hmac512x8", "work *scratch512, group *group512, n int",
		`hmac512x8 does what n groups of eight messages, at least one, ask for.`, 0)}
	k.body()
	return f
}

func lane512(i int) string { return fmt.Sprintf("R%d", 8+i) }
func word512(i int) string { return fmt.Sprintf("Z%d", 8+i&15) }

func (k *group512) body() {
	k.v = [8]string{"Z0", "Z1", "Z2", "Z3", "Z4", "Z5", "Z6", "Z7"}
	k.Load("work", "BX")
	k.Load("group", "DX")
	k.Load("n", "AX")
	k.Op("MOVQ DX, %d(BX)", w512Group)
	k.Op("MOVQ AX, %d(BX)", w512Left)
	k.Op("MOVL $0xf0, AX")
	k.Op("KMOVW AX, K1")

	k.Label("group")
	k.Op("MOVQ %d(DX), CX", g512Full)
	k.Op("XORL SI, SI")
	k.Op("MOVL $%d, DI", group512Full)
	for i, v := range k.v {
		k.Op("VMOVDQU64 %d(BX), %s", w512State+64*i, v)
	}
	k.Op("MOVQ %d(DX), AX", g512Begin)
	k.Op("TESTL AX, AX")
	k.Op("JZ begun")
	k.Op("KMOVW AX, K2")
	k.midstates(mid512Inner)
	k.Label("begun")
	k.addresses(g512Msg)
	k.Op("TESTQ CX, CX")
	k.Op("JZ tail")

	k.Label("block")
	k.first()
	k.Op("MOVL $4, AX")
	k.rest()
	k.feedForward()
	k.Op("CMPL DI, $%d", group512Inner)
	k.Op("JEQ outer")
	k.Op("JGT done")
	k.storeState()
	k.Op("ADDQ $128, SI")
	k.Op("DECQ CX")
	k.Op("JNZ block")

	k.Label("tail")
	k.Op("MOVQ %d(BX), CX", w512Group)
	k.Op("MOVQ %d(CX), AX", g512End)
	k.Op("TESTL AX, AX")
	k.Op("JZ leave")
	k.tail()

	k.Label("outer")
	k.outer()

	k.Label("half")
	k.half()
	k.Op("MOVL $3, AX")
	k.Op("JMP rounds")

	k.Label("done")
	k.tags()
	k.Label("leave")
	k.Op("MOVQ %d(BX), DX", w512Group)
	k.Op("ADDQ $%d, DX", g512Size)
	k.Op("MOVQ DX, %d(BX)", w512Group)
	k.Op("DECQ %d(BX)", w512Left)
	k.Op("JNZ group")
	k.Op("VZEROUPPER")
	k.Return("")
}

// addresses fills R8-R15, and DX with the group.
func (k *group512) addresses(at int) {
	k.Op("MOVQ %d(BX), DX", w512Group)
	for i := range 8 {
		k.Op("MOVQ %d(DX), %s", at+8*i, lane512(i))
	}
}

// midstates loads those at offset of the eight keys and makes them the state in
// the lanes of mask K2. It uses the first eight words.
func (k *group512) midstates(offset int) {
	k.addresses(g512Mid)
	for i := range 8 {
		if i%4 == 0 {
			k.quarter(words512(i), offset+8*i)
		}
		k.Op("VMOVDQA64 %s, K2, %s", word512(i), k.v[i])
	}
	k.storeState()
}

func (k *group512) storeState() {
	for i, v := range k.v {
		k.Op("VMOVDQU64 %s, %d(BX)", v, w512State+64*i)
	}
}

func (k *group512) feedForward() {
	for i, v := range k.v {
		k.Op("VPADDQ %d(BX), %s, %s", w512State+64*i, v, v)
	}
}

// quarter loads four words at disp of each of the eight addresses, the first
// word of all lanes into dst[0] and so on. It uses Z29 and Z30.
func (k *group512) quarter(dst [4]string, disp int) {
	k.load(dst, disp, "")
	k.ops(gather(dst))
}

// load loads the four words of lanes 0, 1, 4, 5 into the lower halves, and those
// of 2, 3, 6, 7 into the upper.
func (k *group512) load(dst [4]string, disp int, index string) {
	low, high := [4]int{0, 1, 4, 5}, [4]int{2, 3, 6, 7}
	for i, z := range dst {
		k.Op("VMOVDQU64 %d(%s)%s, Y%s", disp, lane512(low[i]), index, z[1:])
		k.Op("VBROADCASTI64X4 %d(%s)%s, K1, %s", disp, lane512(high[i]), index, z)
	}
}

// gather puts the words that load has loaded into order.
func gather(z [4]string) list {
	var l list
	l.op("VPUNPCKLQDQ %s, %s, Z29", z[1], z[0])
	l.op("VPUNPCKHQDQ %s, %s, Z30", z[1], z[0])
	l.op("VPUNPCKLQDQ %s, %s, %s", z[3], z[2], z[0])
	l.op("VPUNPCKHQDQ %s, %s, %s", z[3], z[2], z[1])
	l.op("VSHUFI64X2 $0xdd, %s, Z29, %s", z[0], z[2])
	l.op("VSHUFI64X2 $0xdd, %s, Z30, %s", z[1], z[3])
	l.op("VSHUFI64X2 $0x88, %s, Z29, %s", z[0], z[0])
	l.op("VSHUFI64X2 $0x88, %s, Z30, %s", z[1], z[1])
	return l
}

func words512(i int) [4]string {
	return [4]string{word512(i), word512(i + 1), word512(i + 2), word512(i + 3)}
}

// loadLine loads words i to i+7 of the block, gatherMessage puts four of them
// into order. Eight messages that begin at the same place in their pages, as
// large ones do, fill a set of the first cache with a line each, so all of the
// line is loaded at once.
func (k *group512) loadLine(i int) {
	k.load(words512(i), 8*i, "(SI*1)")
	k.load(words512(i+4), 8*i+32, "(SI*1)")
}

func gatherMessage(i int) list {
	var l list
	l.op("VBROADCASTI32X4 group512Swap<>(SB), Z31")
	for _, z := range words512(i) {
		l.op("VPSHUFB Z31, %s, %s", z, z)
	}
	return append(l, gather(words512(i))...)
}

// first does sixteen rounds and meanwhile loads the words.
func (k *group512) first() {
	k.Op("LEAQ group512K<>(SB), DX")
	k.loadLine(0)
	k.ops(gatherMessage(0))
	for i := 0; i < 12; i += 4 {
		if i == 4 {
			k.loadLine(8)
		}
		var l list
		for j := range 4 {
			k.round(&l, i+j, plainScratch)
		}
		k.ops(arrange(append(l, gatherMessage(i+4)...), group512LoadOrder))
	}
	for i := 12; i < 16; i++ {
		k.plainRound(i)
	}
}

// plainRound does a round without schedule.
func (k *group512) plainRound(i int) {
	var l list
	k.round(&l, i, plainScratch)
	k.ops(arrange(l, group512Order))
}

// rest does AX times sixteen rounds with their schedule.
func (k *group512) rest() {
	k.Op("PCALIGN $64")
	k.Label("rounds")
	k.Op("ADDQ $128, DX")
	for i := range 16 {
		var l list
		k.schedule(&l, i)
		k.round(&l, i, scheduleScratch)
		k.ops(arrange(l, group512ScheduleOrder))
	}
	k.Op("DECL AX")
	k.Op("JNZ rounds")
}

// scratch512 is the registers of a round for what it adds up: word and round
// constant, Σ1 and its parts, Ch, Σ0 and its parts, Maj.
type scratch512 struct {
	wk string
	s1 [3]string
	ch string
	s0 [3]string
	mj string
}

var (
	scheduleScratch = scratch512{"Z30", [3]string{"Z24", "Z25", "Z26"}, "Z31", [3]string{"Z27", "Z28", "Z29"}, "Z30"}
	plainScratch    = scratch512{"Z27", [3]string{"Z24", "Z25", "Z26"}, "Z28", [3]string{"Z25", "Z26", "Z27"}, "Z28"}
)

// round appends a round.
func (k *group512) round(l *list, i int, t scratch512) {
	v := k.v
	a, b, c, d, e, f, g, h := v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]
	l.op("VPADDQ.BCST %d(DX), %s, %s", 8*i, word512(i), t.wk)
	l.op("VPRORQ $14, %s, %s", e, t.s1[0])
	l.op("VPRORQ $18, %s, %s", e, t.s1[1])
	l.op("VPRORQ $41, %s, %s", e, t.s1[2])
	l.op("VPADDQ %s, %s, %s", t.wk, h, h)
	l.op("VMOVDQA64 %s, %s", e, t.ch)
	l.op("VPTERNLOGQ $0xca, %s, %s, %s", g, f, t.ch)
	l.op("VPTERNLOGQ $0x96, %s, %s, %s", t.s1[2], t.s1[1], t.s1[0])
	l.op("VPRORQ $28, %s, %s", a, t.s0[0])
	l.op("VPRORQ $34, %s, %s", a, t.s0[1])
	l.op("VPRORQ $39, %s, %s", a, t.s0[2])
	l.op("VPADDQ %s, %s, %s", t.ch, h, h)
	l.op("VMOVDQA64 %s, %s", a, t.mj)
	l.op("VPTERNLOGQ $0xe8, %s, %s, %s", c, b, t.mj)
	l.op("VPADDQ %s, %s, %s", t.s1[0], h, h)
	l.op("VPTERNLOGQ $0x96, %s, %s, %s", t.s0[2], t.s0[1], t.s0[0])
	l.op("VPADDQ %s, %s, %s", h, d, d)
	l.op("VPADDQ %s, %s, %s", t.mj, h, h)
	l.op("VPADDQ %s, %s, %s", t.s0[0], h, h)
	k.v = [8]string{h, a, b, c, d, e, f, g}
}

// schedule appends the making of word i of the next sixteen in the place of
// word i.
func (k *group512) schedule(l *list, i int) {
	w := word512(i)
	sigma512(l, word512(i+14), "Z24", "Z25", "Z26", 19, 61, 6)
	sigma512(l, word512(i+1), "Z27", "Z28", "Z29", 1, 8, 7)
	l.op("VPADDQ %s, %s, %s", word512(i+9), w, w)
	l.op("VPTERNLOGQ $0x96, Z26, Z25, Z24")
	l.op("VPTERNLOGQ $0x96, Z29, Z28, Z27")
	l.op("VPADDQ Z24, %s, %s", w, w)
	l.op("VPADDQ Z27, %s, %s", w, w)
}

// sigma512 appends the three parts of a small sigma.
func sigma512(l *list, w, x, y, z string, ror1, ror2, shift int) {
	l.op("VPRORQ $%d, %s, %s", ror1, w, x)
	l.op("VPRORQ $%d, %s, %s", ror2, w, y)
	l.op("VPSRLQ $%d, %s, %s", shift, w, z)
}
