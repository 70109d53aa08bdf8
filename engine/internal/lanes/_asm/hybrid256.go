package main

import "fmt"

// The hybrid kernel runs two groups of eight messages. While SHA-NI does the
// rounds of one group's block, AVX-512VL does the message schedule of the other
// group's, instruction by instruction in turn. Three facts of Zen 4 shape it:
//
//   - SHA256RNDS2 is a legacy SSE instruction. If the upper half of any of Y0 to
//     Y15 is in use, each one costs a second slot. So 256-bit work stays in Y16
//     to Y31 and everything below is used as X only.
//   - An instruction with three sources (VPTERNLOG, or a merging mask) takes the
//     read port that SHA256RNDS2 needs. So sigma is made of two-source xors.
//   - The schedule's recurrence is long. Eight messages, one word of each in one
//     register, leave it room, and no word needs shuffling: words wait in a ring
//     in memory, and only the newest eight stay in registers.
//
// Memory of the kernel (hybridScratch in package lanes), all 64-byte aligned:
const (
	hyWK     = 0    // W+K, 2 KiB per group; they do not alias modulo 4 KiB
	hyRing   = 4096 // 16 schedule words of eight lanes
	hyCtl    = 4608 // one control record per group
	hyCtlLen = 2304

	hyNextGroup = hyCtl + 2*hyCtlLen // next group descriptor
	hyEndGroup  = hyNextGroup + 8    // behind the last one
	hyPhase     = hyNextGroup + 16
	hyShort     = hyNextGroup + 24 // not 0 for SHA-224
	hyLen       = hyNextGroup + 64
)

// Control record of one group of eight lanes. Lists hold one pointer or number
// per lane.
const (
	ctlBlk    = 0    // block to schedule next
	ctlIn     = 64   // state before that block
	ctlOut    = 128  // where its result goes
	ctlState  = 192  // running states, 32 bytes per lane
	ctlOuter  = 448  // outer blocks, 64 bytes per lane, padding already there
	ctlTail   = 960  // last one or two inner blocks, 128 bytes per lane
	ctlEnd    = 1984 // address of the tail in the message
	ctlNB     = 2048 // inner blocks of the message, padding included
	ctlPads   = 2112 // how many of them are tail blocks: 1 or 2
	ctlRep    = 2176 // blocks until the lists change
	ctlNext   = 2184 // inner blocks left then; 0 the outer block, -1 nothing
	ctlDigest = 2192 // not 0 if this block ends a hash
	ctlIdle   = 2200 // not 0 if there is no more work
	ctlGroup  = 2208 // the group's descriptor
	ctlWK     = 2216 // the group's own W+K
	ctlConst  = 2224 // W+K of this block if it is known, else 0
)

// Descriptor of a group (group256 in package lanes): lists of eight.
const (
	grpMsg  = 0
	grpLen  = 64
	grpMid  = 128
	grpTag  = 192
	grpPad  = 256 // W+K of the last inner block if it is the same in all lanes
	grpSize = 320
)

// Table of constants.
const (
	tabK       = 0   // 64 words
	tabK4      = 256 // the first 16 words by fours, each four twice
	tabSwap    = 384 // byte swap, twice
	tabLane32  = 416
	tabLane64  = 480
	tabLane128 = 544
	tabMark    = 608 // 64 zero bytes, the mark 0x80, zero bytes
)

func hybrid256Table() []uint32 {
	t := append([]uint32(nil), k256[:]...)
	for c := range 4 {
		t = append(t, k256[4*c:4*c+4]...)
		t = append(t, k256[4*c:4*c+4]...)
	}
	t = append(append(t, swap32...), swap32...)
	for _, step := range []uint32{32, 64, 128} {
		for l := range uint32(8) {
			t = append(t, l*step, 0)
		}
	}
	mark := make([]uint32, 32)
	mark[16] = 0x80
	return append(t, mark...)
}

func hybrid256File() *File {
	f := &File{Name: "zz_sha256_hybrid_amd64"}
	h := &hybrid256{f.Func("hybrid256", "scratch *byte, groups *group256, n int, short int",
		`hybrid256 computes the tags of n groups. short is not 0 for SHA-224. scratch is hybridScratch bytes,
64-byte aligned, zero but for the padding of the outer blocks. It needs SHA-NI,
AVX-512F, BW, DQ and VL, and BMI2.`, 0)}
	h.print()
	f.Words32("hybridTab", hybrid256Table()...)
	return f
}

// hybrid256 prints the kernel. Registers that last: DI scratch, R10 constants;
// R11 and R12 control of the group whose rounds are next and of the other; R8 is
// the W+K to read, R9 the one to write.
type hybrid256 struct{ *Func }

func (h *hybrid256) print() {
	h.Load("scratch", "DI")
	h.Load("groups", "AX")
	h.Load("n", "CX")
	h.Op("IMULQ $%d, CX", grpSize)
	h.Op("ADDQ AX, CX")
	h.Op("MOVQ AX, %d(DI)", hyNextGroup)
	h.Op("MOVQ CX, %d(DI)", hyEndGroup)
	h.Op("MOVQ $0, %d(DI)", hyPhase)
	h.Load("short", "AX")
	h.Op("MOVQ AX, %d(DI)", hyShort)
	h.Op("LEAQ hybridTab<>(SB), R10")
	h.Op("LEAQ %d(DI), R11", hyCtl)
	h.Op("LEAQ %d(DI), R12", hyCtl+hyCtlLen)
	for i, r := range []string{"R11", "R12"} {
		h.Op("LEAQ %d(DI), AX", hyWK+2048*i)
		h.Op("MOVQ AX, %d(%s)", ctlWK, r)
		h.Op("MOVQ $1, %d(%s)", ctlRep, r)
		h.Op("MOVQ $-1, %d(%s)", ctlNext, r)
		h.Op("MOVQ $0, %d(%s)", ctlIdle, r)
	}
	h.Op("VZEROUPPER")
	h.advance()
	h.turn()

	h.Label("scheduleAlone")
	h.Op("MOVQ %d(R11), R9", ctlWK)
	h.body(nil, h.schedule("R11"))

	h.Label("loop")
	h.Op("MOVQ %d(R11), R8", ctlConst)
	h.Op("TESTQ R8, R8")
	h.Op("CMOVQEQ %d(R11), R8", ctlWK)
	h.Op("MOVQ %d(R12), R9", ctlWK)
	h.Op("CMPQ %d(R12), $0", ctlIdle)
	h.Op("JNE alone")
	h.Op("CMPQ %d(R12), $0", ctlConst)
	h.Op("JNE roundsOnly")
	h.body(h.rounds("both"), h.schedule("R12"))
	h.Op("JMP advance")

	h.Label("alone")
	h.Op("MOVQ $3, %d(DI)", hyPhase)
	h.Label("roundsOnly")
	h.body(h.rounds("alone"), nil)
	h.Op("JMP advance")

	h.Label("done")
	h.Comment("No state and no schedule stays in a register.")
	h.Op("VZEROALL")
	for i := 16; i < 32; i++ {
		h.Op("VPXORD Z%d, Z%d, Z%d", i, i, i)
	}
	h.Return("")
}

// turn decides what follows an advance of R11, by phase: 0 and 1 at the start,
// 2 while both groups run, 3 when one is left.
func (h *hybrid256) turn() {
	h.Label("turn")
	h.Op("MOVQ %d(DI), AX", hyPhase)
	h.Op("CMPQ AX, $2")
	h.Op("JEQ swap")
	h.Op("CMPQ AX, $3")
	h.Op("JEQ last")
	h.Op("INCQ %d(DI)", hyPhase)
	h.swap()
	h.Op("TESTQ AX, AX")
	h.Op("JEQ advance")
	h.Op("JMP last")
	h.Label("swap")
	h.swap()
	h.Op("JMP loop")
	h.Label("last")
	h.Op("CMPQ %d(R11), $0", ctlIdle)
	h.Op("JNE done")
	h.Op("CMPQ %d(R11), $0", ctlConst)
	h.Op("JEQ scheduleAlone")
	h.Op("JMP loop")
}

func (h *hybrid256) swap() {
	h.Op("XCHGQ R11, R12")
}

// advance moves the group at R11 to its next block.
func (h *hybrid256) advance() {
	h.Label("advance")
	h.Op("LEAQ %d(R11), AX", ctlState)
	h.Op("VPBROADCASTQ AX, Z16")
	h.Op("VPADDQ %d(R10), Z16, Z16", tabLane32)
	h.Op("DECQ %d(R11)", ctlRep)
	h.Op("JEQ change")
	h.Comment("The same again, 64 bytes on, from the running states.")
	h.Op("MOVQ $64, AX")
	h.Op("VPBROADCASTQ AX, Z17")
	h.Op("VPADDQ %d(R11), Z17, Z17", ctlBlk)
	h.Op("VMOVDQU64 Z17, %d(R11)", ctlBlk)
	h.Op("VMOVDQU64 Z16, %d(R11)", ctlIn)
	h.Op("JMP turn")

	h.Label("change")
	h.Op("MOVQ %d(R11), AX", ctlNext)
	h.Op("MOVQ %d(R11), BX", ctlGroup)
	h.Op("TESTQ AX, AX")
	h.Op("JEQ outer")
	h.Op("JLT fetch")
	h.segment()
	h.Op("JMP turn")

	h.Label("outer")
	h.Op("MOVQ $0, %d(R11)", ctlConst)
	h.Op("LEAQ %d(R11), AX", ctlOuter)
	h.Op("VPBROADCASTQ AX, Z17")
	h.Op("VPADDQ %d(R10), Z17, Z17", tabLane64)
	h.Op("VMOVDQU64 Z17, %d(R11)", ctlBlk)
	h.Op("MOVQ $32, AX")
	h.Op("VPBROADCASTQ AX, Z17")
	h.Op("VPADDQ %d(BX), Z17, Z17", grpMid)
	h.Op("VMOVDQU64 Z17, %d(R11)", ctlIn)
	h.Op("VMOVDQU64 %d(BX), Z17", grpTag)
	h.Op("VMOVDQU64 Z17, %d(R11)", ctlOut)
	h.Op("MOVQ $1, %d(R11)", ctlRep)
	h.Op("MOVQ $-1, %d(R11)", ctlNext)
	h.Op("CMPQ %d(DI), $0", hyShort)
	h.Op("JEQ turn")
	h.Comment("A digest of SHA-224 has 28 bytes; the mark comes at once.")
	for l := range 8 {
		h.Op("MOVL $0x80, %d(R11)", ctlOuter+64*l+28)
	}
	h.Op("JMP turn")

	h.Label("fetch")
	h.fetch()
}

// fetch gives R11 the next group and falls through to its first segment.
func (h *hybrid256) fetch() {
	h.Op("MOVQ %d(DI), BX", hyNextGroup)
	h.Op("CMPQ BX, %d(DI)", hyEndGroup)
	h.Op("JNE some")
	h.Op("MOVQ $1, %d(R11)", ctlIdle)
	h.Op("JMP turn")
	h.Label("some")
	h.Op("MOVQ BX, %d(R11)", ctlGroup)
	h.Op("LEAQ %d(BX), AX", grpSize)
	h.Op("MOVQ AX, %d(DI)", hyNextGroup)
	h.Op("VMOVDQU64 %d(BX), Z17", grpLen)
	h.Op("VPSRLQ $6, Z17, Z18")
	h.Op("MOVQ $72, AX")
	h.Op("VPBROADCASTQ AX, Z19")
	h.Op("VPADDQ Z17, Z19, Z19")
	h.Op("VPSRLQ $6, Z19, Z19")
	h.Op("VMOVDQU64 Z19, %d(R11)", ctlNB)
	h.Op("VPSUBQ Z18, Z19, Z20")
	h.Op("VMOVDQU64 Z20, %d(R11)", ctlPads)
	h.Op("VPSLLQ $6, Z18, Z18")
	h.Op("VPADDQ %d(BX), Z18, Z18", grpMsg)
	h.Op("VMOVDQU64 Z18, %d(R11)", ctlEnd)
	h.Op("CMPQ %d(BX), $0", grpPad)
	h.Op("JNE noTails")
	h.tails()
	h.Label("noTails")
	h.Op("MOVQ %d(R11), AX", ctlNB)
	h.Op("LEAQ %d(R11), CX", ctlState)
	h.Op("VPBROADCASTQ CX, Z16")
	h.Op("VPADDQ %d(R10), Z16, Z16", tabLane32)
	h.segment()
	h.Op("JMP turn")
}

// tails builds the last inner blocks of all lanes: the rest of the message, the
// mark, zeros, the length in bits with the ipad block. Loads are masked, so no
// byte behind a message is touched.
func (h *hybrid256) tails() {
	h.Op("VPXORD Z21, Z21, Z21")
	h.Op("MOVQ $0x80, AX")
	h.Op("KMOVQ AX, K5")
	for l := range 8 {
		h.Op("MOVQ %d(BX), CX", grpLen+8*l)
		h.Op("MOVQ %d(R11), DX", ctlEnd+8*l)
		h.Op("LEAQ 512(CX*8), SI")
		h.Op("BSWAPQ SI")
		h.Op("VPBROADCASTQ.Z SI, K5, Z22")
		h.Op("ANDQ $63, CX")
		h.Op("MOVQ $-1, AX")
		h.Op("BZHIQ CX, AX, AX")
		h.Op("KMOVQ AX, K1")
		h.Op("VMOVDQU8.Z (DX), K1, Z23")
		h.Op("LEAQ %d(R10), R13", tabMark+64)
		h.Op("SUBQ CX, R13")
		h.Op("VPORQ (R13), Z23, Z23")
		h.Comment("One block if the rest leaves room for mark and length, else two.")
		h.Op("VPORQ Z22, Z23, Z24")
		h.Op("LEAQ %d(R11), R13", ctlTail+128*l)
		h.Op("LEAQ 64(R13), R14")
		h.Op("VMOVDQU64 Z23, (R13)")
		h.Op("CMPQ CX, $56")
		h.Op("JCC two%d", l)
		h.Op("VMOVDQA64 Z24, Z22")
		h.Label(fmt.Sprintf("two%d", l))
		h.Op("VMOVDQU64 Z22, (R14)")
	}
}

// segment sets the lists for AX inner blocks to go: which lanes take part, where
// their blocks are, and for how many blocks that holds. Z16 lists the running
// states. A lane whose message is shorter than the longest one starts late; till
// then it repeats lane 0, and its first block replaces its state.
func (h *hybrid256) segment() {
	h.Op("VPBROADCASTQ AX, Z17")
	h.Op("VMOVDQU64 %d(R11), Z18", ctlNB)
	h.Op("VMOVDQU64 %d(R11), Z19", ctlPads)
	h.Op("VPCMPUQ $2, Z18, Z17, K1") // AX <= blocks: the lane runs
	h.Op("VPCMPUQ $0, Z18, Z17, K2") // equal: it starts now
	h.Op("VPCMPUQ $6, Z19, Z17, K3") // AX > pads: in the message
	h.Op("VPCMPUQ $1, Z17, Z18, K4") // blocks < AX: it starts later
	h.Op("VPSUBQ Z19, Z17, Z20")
	h.Op("VPSLLQ $6, Z20, Z20")
	h.Op("VMOVDQU64 %d(R11), Z21", ctlEnd)
	h.Op("VPSUBQ Z20, Z21, Z20")
	h.Op("LEAQ %d(R11), CX", ctlTail+128)
	h.Op("VPBROADCASTQ CX, Z21")
	h.Op("VPADDQ %d(R10), Z21, Z21", tabLane128)
	h.Op("VPSLLQ $6, Z17, Z22")
	h.Op("VPSUBQ Z22, Z21, Z21")
	h.Op("VPBLENDMQ Z20, Z21, K3, Z20")
	h.Op("VPBROADCASTQ X20, Z21")
	h.Op("VPBLENDMQ Z20, Z21, K1, Z20")
	h.Op("VMOVDQU64 Z20, %d(R11)", ctlBlk)
	h.Op("VMOVDQU64 %d(BX), Z20", grpMid)
	h.Op("VPBLENDMQ Z20, Z16, K2, Z20")
	h.Op("VMOVDQU64 Z20, %d(R11)", ctlIn)
	h.Comment("The next change: a lane that starts, or one that comes to its tail.")
	h.Op("VMOVDQA64.Z Z18, K4, Z18")
	h.Op("VPCMPUQ $1, Z17, Z19, K4")
	h.Op("VMOVDQA64.Z Z19, K4, Z19")
	h.Op("VPMAXUQ Z18, Z19, Z18")
	h.Op("VEXTRACTI64X4 $1, Z18, Y19")
	h.Op("VPMAXUQ Y19, Y18, Y18")
	h.Op("VEXTRACTI32X4 $1, Y18, X19")
	h.Op("VPMAXUQ X19, X18, X18")
	h.Op("VPSHUFD $0xee, X18, X19")
	h.Op("VPMAXUQ X19, X18, X18")
	h.Op("VMOVQ X18, CX")
	h.Comment("The last inner block is one too: it ends in the outer blocks, as digest.")
	h.Op("XORL SI, SI")
	h.Op("XORL DX, DX")
	h.Op("CMPQ AX, $1")
	h.Op("SETEQ DX")
	h.Op("SETNE SI")
	h.Op("CMPQ CX, SI")
	h.Op("CMOVQCS SI, CX")
	h.Op("MOVQ CX, %d(R11)", ctlNext)
	h.Op("SUBQ CX, AX")
	h.Op("MOVQ AX, %d(R11)", ctlRep)
	h.Op("MOVQ DX, %d(R11)", ctlDigest)
	h.Op("NEGQ DX")
	h.Op("MOVQ %d(BX), CX", grpPad)
	h.Op("ANDQ DX, CX")
	h.Op("MOVQ CX, %d(R11)", ctlConst)
	h.Op("KMOVQ DX, K1")
	h.Op("LEAQ %d(R11), CX", ctlOuter)
	h.Op("VPBROADCASTQ CX, Z20")
	h.Op("VPADDQ %d(R10), Z20, Z20", tabLane64)
	h.Op("VPBLENDMQ Z20, Z16, K1, Z20")
	h.Op("VMOVDQU64 Z20, %d(R11)", ctlOut)
}
