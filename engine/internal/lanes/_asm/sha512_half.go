package main

import (
	"fmt"
	"strings"
)

// A half block is one in which only words 0 to 8 and 15 differ from zero: the
// last block of a message whose tail has at most 64 bytes, and every outer
// block. Its words 8 and 15 are in their places, the registers of words 9 to 14
// are free; they hold what rounds 8 to 31 want of the two.
const (
	half8s0  = "Z17" // σ0 of word 8
	half8k   = "Z18" // word 8 with its round constant
	half15s1 = "Z19"
	half15k  = "Z20"
	half15s0 = "Z22"
)

// half does the first thirty-two rounds of a half block.
func (k *group512) half() {
	w8, w15 := word512(8), word512(15)
	k.Op("LEAQ group512K<>(SB), DX")
	var l list
	l.op("VPADDQ.BCST %d(DX), %s, %s", 8*8, w8, half8k)
	l.op("VPADDQ.BCST %d(DX), %s, %s", 8*15, w15, half15k)
	sigma512(&l, w8, half8s0, "Z25", "Z26", 1, 8, 7)
	l.op("VPTERNLOGQ $0x96, Z26, Z25, %s", half8s0)
	sigma512(&l, w15, half15s0, "Z25", "Z26", 1, 8, 7)
	l.op("VPTERNLOGQ $0x96, Z26, Z25, %s", half15s0)
	sigma512(&l, w15, half15s1, "Z25", "Z26", 19, 61, 6)
	l.op("VPTERNLOGQ $0x96, Z26, Z25, %s", half15s1)
	k.ops(l)
	for i := range 16 {
		var l list
		k.round(&l, i, plainScratch)
		knownWord(l, i)
		k.ops(arrange(l, group512Order))
	}
	k.Op("ADDQ $128, DX")
	for i := range 16 {
		var l list
		k.halfSchedule(&l, i)
		k.ops(l)
		k.plainRound(i)
	}
}

// knownWord changes the sum of word, round constant and h, the round's first and
// fifth instructions, in rounds 8 to 15: the sum of the first two is there.
func knownWord(l list, i int) {
	if i < 8 {
		return
	}
	h := strings.Fields(l[4])[3]
	l[0] = ""
	switch i {
	case 8:
		l[4] = fmt.Sprintf("VPADDQ %s, %s, %s", half8k, h, h)
	case 15:
		l[4] = fmt.Sprintf("VPADDQ %s, %s, %s", half15k, h, h)
	default:
		l[4] = fmt.Sprintf("VPADDQ.BCST %d(DX), %s, %s", 8*i, h, h)
	}
}

// halfSchedule appends the making of word 16+i, leaving out what is zero:
// W(t) = σ1(W(t-2)) + W(t-7) + σ0(W(t-15)) + W(t-16).
func (k *group512) halfSchedule(l *list, i int) {
	w := word512(i)
	zero := func(j int) bool { return 9 <= j && j <= 14 }
	started := !zero(i) || w == half15s0 // whose sum begins with it
	add := func(x string) {
		if started {
			l.op("VPADDQ %s, %s, %s", x, w, w)
			return
		}
		l.op("VMOVDQA64 %s, %s", x, w)
		started = true
	}
	switch j := i + 9; {
	case j == 15 || j > 15:
		add(word512(j))
	case !zero(j):
		panic("word 9 to 15 or later expected")
	}
	switch j := i + 1; {
	case j == 8:
		add(half8s0)
	case j == 15: // in place
	case !zero(j):
		sigma512(l, word512(j), "Z24", "Z25", "Z26", 1, 8, 7)
		l.op("VPTERNLOGQ $0x96, Z26, Z25, Z24")
		add("Z24")
	}
	switch j := i + 14; {
	case j == 15:
		add(half15s1)
	case !zero(j):
		sigma512(l, word512(j), "Z27", "Z28", "Z29", 19, 61, 6)
		l.op("VPTERNLOGQ $0x96, Z29, Z28, Z27")
		add("Z27")
	}
}

// tail goes on to the last inner block; AX is end, CX the group.
func (k *group512) tail() {
	k.Op("MOVL $%d, DI", group512Inner)
	k.Op("CMPL AX, $%d", g512Exact)
	k.Op("JEQ tailHalf")
	k.Op("MOVL $0x80, DX")
	k.Op("VPBROADCASTB DX, Z31")
	k.Op("VMOVDQU64 group512Index<>(SB), Z30")
	k.Op("VMOVDQU64 group512Index<>+64(SB), Z29")
	for i := range 8 {
		k.laneTail(i)
	}
	k.Op("XORL SI, SI")
	k.Op("CMPL AX, $%d", g512Whole)
	k.Op("JEQ block")
	k.Label("tailHalf")
	k.loadLine(0)
	k.ops(gatherMessage(0))
	k.ops(gatherMessage(4))
	k.Comment("word 8 is the end mark if that is behind 64 bytes")
	k.Op("MOVL $64, AX")
	k.Op("VPBROADCASTQ AX, Z31")
	k.Op("VPCMPEQQ %d(CX), Z31, K2", g512Mark)
	k.Op("MOVQ $%d, AX", -1<<63)
	k.Op("VPBROADCASTQ.Z AX, K2, %s", word512(8))
	k.Op("VMOVDQU64 %d(CX), %s", g512Bits, word512(15))
	k.Op("JMP half")
}

// laneTail puts lane i's last block, of which it reads no byte behind the
// message, into tail. Z29 to Z31 are 64 to 127, 0 to 63, and the mark.
func (k *group512) laneTail(i int) {
	to := w512Tail + 128*i
	k.Op("VPBROADCASTB %d(CX), Z28", g512Rest+8*i)
	k.Op("VPBROADCASTB %d(CX), Z27", g512Mark+8*i)
	k.Op("MOVQ %d(CX), DX", g512Bits+8*i)
	for j, index := range []string{"Z30", "Z29"} {
		k.Op("VPCMPUB $1, Z28, %s, K2", index)
		k.Op("VPCMPEQB Z27, %s, K3", index)
		k.Op("VMOVDQU8.Z %d(%s)(SI*1), K2, Z26", 64*j, lane512(i))
		k.Op("VMOVDQU8 Z31, K3, Z26")
		k.Op("VMOVDQU64 Z26, %d(BX)", to+64*j)
	}
	k.Op("BSWAPQ DX")
	k.Op("MOVQ DX, %d(BX)", to+120)
	k.Op("LEAQ %d(BX), %s", to, lane512(i))
}

// outer makes the inner tags the messages of the outer hashes. SHA-384 has cut
// them to six words.
func (k *group512) outer() {
	k.Op("MOVL $%d, DI", group512Outer)
	k.addresses(g512Mid)
	for i := 0; i < 8; i += 4 {
		k.quarter(words512(i+8), mid512Outer+8*i)
	}
	for i, v := range k.v {
		k.Op("VMOVDQA64 %s, %s", v, word512(i))
		k.Op("VMOVDQA64 %s, %s", word512(i+8), v)
	}
	k.storeState()
	k.Op("MOVQ %d(DX), AX", g512Short)
	k.Op("KMOVW AX, K2")
	k.Op("MOVQ $%d, AX", -1<<63)
	k.Op("VPBROADCASTQ AX, %s", word512(8))
	k.Op("VPBROADCASTQ AX, K2, %s", word512(6))
	k.Op("VPXORQ %[1]s, %[1]s, K2, %[1]s", word512(7))
	k.Op("VPXORQ %[1]s, %[1]s, K2, %[1]s", word512(8))
	k.Op("MOVL $%d, AX", outerBits512)
	k.Op("VPBROADCASTQ AX, %s", word512(15))
	k.Op("MOVL $%d, AX", outerBits384)
	k.Op("VPBROADCASTQ AX, K2, %s", word512(15))
}

// tags writes the states, lane by lane, byte by byte.
func (k *group512) tags() {
	k.addresses(g512Out)
	k.Op("VBROADCASTI32X4 group512Swap<>(SB), Z31")
	for i, v := range k.v {
		k.Op("VPSHUFB Z31, %s, %s", v, v)
		if i%2 == 1 {
			k.Op("VPUNPCKLQDQ %s, %s, Z%d", v, k.v[i-1], 8+i/2)
			k.Op("VPUNPCKHQDQ %s, %s, Z%d", v, k.v[i-1], 12+i/2)
		}
	}
	for odd := range 2 {
		from := 8 + 4*odd
		k.Op("VSHUFI64X2 $0x88, Z%d, Z%d, Z16", from+1, from)
		k.Op("VSHUFI64X2 $0x88, Z%d, Z%d, Z17", from+3, from+2)
		k.Op("VSHUFI64X2 $0xdd, Z%d, Z%d, Z18", from+1, from)
		k.Op("VSHUFI64X2 $0xdd, Z%d, Z%d, Z19", from+3, from+2)
		k.Op("VSHUFI64X2 $0x88, Z17, Z16, Z20")
		k.Op("VSHUFI64X2 $0x88, Z19, Z18, Z21")
		k.Op("VSHUFI64X2 $0xdd, Z17, Z16, Z22")
		k.Op("VSHUFI64X2 $0xdd, Z19, Z18, Z23")
		for i := range 4 {
			k.Op("VMOVDQU64 Z%d, (%s)", 20+i, lane512(2*i+odd))
		}
	}
}
