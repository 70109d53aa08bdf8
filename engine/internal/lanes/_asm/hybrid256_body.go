package main

import (
	"fmt"
	"strings"
)

// A step of a body: instructions that stay together.
type step []string

func (s *step) op(format string, a ...any) { *s = append(*s, fmt.Sprintf(format, a...)) }

// A stretch is a part of the schedule and the places in it where a pair of rounds
// goes: before these instructions.
type stretch struct {
	schedule []string
	rounds   []int
}

// body prints rounds among the stretches of a schedule; either may be nil. The
// rounds begin with loads through AX, which the schedule's loads then need.
func (h *hybrid256) body(rounds []step, schedule []stretch) {
	if len(rounds) > 0 {
		h.step(rounds[0])
		rounds = rounds[1:]
	}
	for _, s := range schedule {
		next := 0
		for i, ins := range s.schedule {
			for ; next < len(s.rounds) && s.rounds[next] <= i; next++ {
				rounds = h.pair(rounds)
			}
			h.Op("%s", ins)
		}
		for ; next < len(s.rounds); next++ {
			rounds = h.pair(rounds)
		}
	}
	for len(rounds) > 0 {
		rounds = h.pair(rounds)
	}
}

// pair prints the next step with SHA256RNDS2, and what comes before it.
func (h *hybrid256) pair(rounds []step) []step {
	for len(rounds) > 0 {
		s := rounds[0]
		rounds = rounds[1:]
		h.step(s)
		if strings.HasPrefix(s[len(s)-1], "SHA256RNDS2") {
			break
		}
	}
	return rounds
}

func (h *hybrid256) step(s step) {
	for _, ins := range s {
		if ins[0] == ':' {
			h.Label(ins[1:])
			continue
		}
		h.Op("%s", ins)
	}
}

// wk is the offset of a lane's W+K for a pair of rounds. The first 16 words lie
// as they were loaded, four words of lane l and then of lane l+4; the others as
// they were computed, pairs in the order of VPUNPCK{L,H}DQ.
func wk(pair, lane int) int {
	if pair < 8 {
		return 128*(pair/2) + 32*(lane%4) + 16*(lane/4) + 8*(pair%2)
	}
	return 512 + 64*(pair-8) + 8*[8]int{0, 1, 4, 5, 2, 3, 6, 7}[lane]
}

// rounds of the group at R11 and R8: lanes 0 to 3, then lanes 4 to 7, each four
// as independent chains.
func (h *hybrid256) rounds(name string) []step {
	var out []step
	for half := range 2 {
		var s step
		for l := range 4 {
			s.op("MOVQ %d(R11), AX", ctlIn+8*(4*half+l))
			s.op("VMOVDQU (AX), X%d", 1+2*l)
			s.op("VMOVDQU 16(AX), X%d", 2+2*l)
		}
		out = append(out, s)
		for pair := range 32 {
			for l := range 4 {
				a, b := 1+2*l, 2+2*l
				if pair%2 == 1 {
					a, b = b, a
				}
				out = append(out, step{
					fmt.Sprintf("VMOVQ %d(R8), X0", wk(pair, 4*half+l)),
					fmt.Sprintf("SHA256RNDS2 X0, X%d, X%d", a, b),
				})
			}
		}
		out = append(out, h.endRounds(fmt.Sprintf("%s%d", name, half), half))
	}
	return out
}

// endRounds adds the states from before the block and stores the result, as
// state or as digest.
func (h *hybrid256) endRounds(name string, half int) step {
	var s step
	for l := range 4 {
		s.op("MOVQ %d(R11), AX", ctlIn+8*(4*half+l))
		s.op("VPADDD (AX), X%d, X%d", 1+2*l, 1+2*l)
		s.op("VPADDD 16(AX), X%d, X%d", 2+2*l, 2+2*l)
	}
	s.op("CMPQ %d(R11), $0", ctlDigest)
	s.op("JEQ %sState", name)
	s.op("VMOVDQU %d(R10), X9", tabSwap)
	for l := range 4 {
		a, b := 1+2*l, 2+2*l
		s.op("MOVQ %d(R11), AX", ctlOut+8*(4*half+l))
		s.op("VPSHUFD $0x1b, X%d, X%d", a, a)
		s.op("VPSHUFD $0x1b, X%d, X%d", b, b)
		s.op("VPUNPCKLQDQ X%d, X%d, X0", b, a)
		s.op("VPUNPCKHQDQ X%d, X%d, X%d", b, a, b)
		s.op("VPSHUFB X9, X0, X0")
		s.op("VPSHUFB X9, X%d, X%d", b, b)
		s.op("VMOVDQU X0, (AX)")
		s.op("VMOVDQU X%d, 16(AX)", b)
	}
	s.op("JMP %sDone", name)
	s.op(":%sState", name)
	for l := range 4 {
		s.op("VMOVDQU X%d, %d(R11)", 1+2*l, ctlState+32*(4*half+l))
		s.op("VMOVDQU X%d, %d(R11)", 2+2*l, ctlState+32*(4*half+l)+16)
	}
	s.op(":%sDone", name)
	return s
}

// schedule of the blocks listed at ctl, W+K to R9.
func (h *hybrid256) schedule(ctl string) []stretch {
	var s step
	ptr := []string{"AX", "BX", "CX", "DX", "SI", "R13", "R14", "R15"}
	for l, p := range ptr {
		s.op("MOVQ %d(%s), %s", ctlBlk+8*l, ctl, p)
	}
	for c := range 4 {
		loadFour(&s, c, ptr, "R9")
	}
	s.op("VMOVDQU32 %d(DI), Y25", hyRing)
	var word [64][3][]string
	for t := 16; t < 64; t++ {
		word[t] = scheduleWord(t, "R9")
	}
	s = append(s, word[16][0]...)
	out := []stretch{{schedule: s}}
	for i := range loadRounds {
		out[0].rounds = append(out[0].rounds, (i+1)*len(s)/loadRounds)
	}
	for t := 16; t < 64; t += 2 {
		out = append(out, stretch{twoWords(&word, t), orderRounds[:]})
	}
	return append(out, stretch{schedule: word[63][2]})
}

// How the schedule of words t and t+1 is woven, and before which of its
// instructions pairs of rounds go; loadRounds go with the loads before. Found by
// measurement on Zen 4: the order decides how evenly the core's two queues of
// vector instructions fill, and this one is 4 % faster than an even weave. Each
// entry is a word, relative to t, its part as in scheduleWord, and the place in
// the part.
const loadRounds = 32

var orderRounds = [...]int{4, 7, 11, 14, 20, 24, 29, 29, 40}

var order = [...]struct{ word, part, at int }{
	{1, 0, 0}, {0, 1, 1}, {0, 1, 0}, {1, 0, 1}, {1, 0, 2}, {-1, 2, 0},
	{-1, 2, 1}, {-1, 2, 5}, {-1, 2, 2}, {0, 1, 2}, {1, 0, 3}, {1, 0, 4},
	{1, 0, 6}, {1, 0, 5}, {0, 1, 3}, {0, 1, 4}, {-1, 2, 3}, {-1, 2, 4},
	{0, 1, 5}, {1, 1, 0}, {1, 0, 7}, {2, 0, 0}, {2, 0, 1}, {1, 1, 1},
	{0, 2, 0}, {2, 0, 2}, {1, 1, 2}, {2, 0, 3}, {2, 0, 4}, {0, 2, 1},
	{1, 1, 3}, {2, 0, 5}, {1, 1, 4}, {2, 0, 6}, {1, 1, 5}, {2, 0, 7},
}

// twoWords weaves words t and t+1 in that order. The ends of the schedule, and
// words that need no place in the ring, leave gaps.
func twoWords(word *[64][3][]string, t int) []string {
	var out []string
	for _, o := range order {
		w := t + o.word
		if w < 16 || w > 63 || o.at >= len(word[w][o.part]) {
			continue
		}
		out = append(out, word[w][o.part][o.at])
	}
	return out
}

// loadFour loads words 4c to 4c+3 of eight lanes, stores their W+K, and turns
// them into one register per word.
func loadFour(s *step, c int, ptr []string, wk string) {
	for i := range 4 {
		s.op("VMOVDQU32 %d(%s), X%d", 16*c, ptr[i], 24+i)
		s.op("VINSERTI32X4 $1, %d(%s), Y%d, Y%d", 16*c, ptr[i+4], 24+i, 24+i)
	}
	for i := range 4 {
		s.op("VPSHUFB %d(R10), Y%d, Y%d", tabSwap, 24+i, 24+i)
	}
	s.op("VPUNPCKLDQ Y25, Y24, Y28")
	s.op("VPUNPCKHDQ Y25, Y24, Y29")
	s.op("VPUNPCKLDQ Y27, Y26, Y30")
	s.op("VPUNPCKHDQ Y27, Y26, Y31")
	for i := range 4 {
		s.op("VPADDD %d(R10), Y%d, Y%d", tabK4+32*c, 24+i, 24+i)
		s.op("VMOVDQU32 Y%d, %d(%s)", 24+i, 128*c+32*i, wk)
	}
	for i, ins := range []string{"VPUNPCKLQDQ Y30, Y28", "VPUNPCKHQDQ Y30, Y28", "VPUNPCKLQDQ Y31, Y29", "VPUNPCKHQDQ Y31, Y29"} {
		t := 4*c + i
		s.op("%s, Y%d", ins, 16+t%8)
		s.op("VMOVDQU32 Y%d, %d(DI)", 16+t%8, hyRing+32*t)
	}
}

// scheduleWord is word t of eight lanes in three parts: what does not need word
// t-1 or t-2, what does, and the stores. Word t lives in Y(16+t%8), where word
// t-8 was, and till word t+16 in the ring; word t-15 comes through Y24 or Y25 and
// serves word t+1 as word t-16. Part 3 of word t borrows the register of word t+2
// for its first three instructions: they come after part 1 of word t+1 and before
// the seventh instruction, the first to write there, of part 1 of word t+2.
func scheduleWord(t int, wk string) (part [3][]string) {
	w := func(t int) int { return 16 + t%8 }
	x, x1 := 24+t%2, 24+(t+1)%2
	var a, b, c step
	a.op("VMOVDQU32 %d(DI), Y%d", hyRing+32*((t-15)%16), x)
	a.op("VPRORD $7, Y%d, Y26", x)
	a.op("VPRORD $18, Y%d, Y27", x)
	a.op("VPXORD Y26, Y27, Y26")
	a.op("VPSRLD $3, Y%d, Y27", x)
	a.op("VPXORD Y26, Y27, Y26")
	a.op("VPADDD Y%d, Y%d, Y%d", w(t-7), x1, w(t))
	a.op("VPADDD Y26, Y%d, Y%d", w(t), w(t))
	b.op("VPRORD $17, Y%d, Y28", w(t-2))
	b.op("VPRORD $19, Y%d, Y29", w(t-2))
	b.op("VPXORD Y28, Y29, Y28")
	b.op("VPSRLD $10, Y%d, Y29", w(t-2))
	b.op("VPXORD Y28, Y29, Y28")
	b.op("VPADDD Y28, Y%d, Y%d", w(t), w(t))
	c.op("VPADDD.BCST %d(R10), Y%d, Y%d", tabK+4*t, w(t), 30+t%2)
	if t%2 == 1 {
		at := 512 + 64*(t/2-8)
		c.op("VPUNPCKHDQ Y31, Y30, Y%d", w(t+2))
		c.op("VMOVDQU32 Y%d, %d(%s)", w(t+2), at+32, wk)
		c.op("VPUNPCKLDQ Y31, Y30, Y30")
		c.op("VMOVDQU32 Y30, %d(%s)", at, wk)
	}
	if t <= 48 {
		c.op("VMOVDQU32 Y%d, %d(DI)", w(t), hyRing+32*(t%16))
	}
	return [3][]string{a, b, c}
}
