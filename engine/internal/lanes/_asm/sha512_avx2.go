package main

import "fmt"

// avx2512 is the kernel for four messages on CPUs without AVX-512. Y0-Y7 hold
// the state, one message in each lane; the schedule is in memory. BX is the
// group512, R8-R11 are four addresses, SI is the place in the messages, CX
// counts blocks, DI says what block is at work, DX is the place of the round
// constants, AX counts rounds.
type avx2512 struct {
	*Func
	v      [8]string
	ab, bc string // a xor b, which is b xor c a round later
}

// w512Words is where the sixteen words of schedule are: where the last blocks
// of lanes 4 to 7 are for wider kernels.
const w512Words = w512Tail + 4*128

func sha512AVX2() *File {
	f := &File{Name: "zz_sha512_avx2_amd64"}
	var k4 []uint64
	for _, c := range roundConstants512() {
		k4 = append(k4, c, c, c, c)
	}
	f.Words64("avx2512K", k4...)
	f.Words64("avx2512Swap", 0x0001020304050607, 0x08090a0b0c0d0e0f, 0x0001020304050607, 0x08090a0b0c0d0e0f)
	f.Words64("avx2512Ror8", ror8Shuffle()...)
	f.Words64("avx2512Bits", 1, 2, 4, 8)
	f.Words64("avx2512Mark", endMark512, endMark512, endMark512, endMark512)
	f.Words64("avx2512Outer512", outerBits512, outerBits512, outerBits512, outerBits512)
	f.Words64("avx2512Outer384", outerBits384, outerBits384, outerBits384, outerBits384)
	k := &avx2512{Func: f.Func("hmac512x4", "work *scratch512, group *group512",
		`hmac512x4 does what a group of four messages asks for. Their last blocks must be
in work.tail if group.end asks for them.`, 0)}
	k.v = [8]string{"Y0", "Y1", "Y2", "Y3", "Y4", "Y5", "Y6", "Y7"}
	k.ab, k.bc = "Y14", "Y15"
	k.body()
	return f
}

func (k *avx2512) body() {
	k.Load("work", "BX")
	k.Load("group", "R12")
	k.Op("MOVQ %d(R12), CX", g512Full)
	k.Op("XORL SI, SI")
	k.Op("MOVL $%d, DI", group512Full)
	for i, v := range k.v {
		k.Op("VMOVDQU %d(BX), %s", w512State+64*i, v)
	}
	k.Op("CMPQ %d(R12), $0", g512Begin)
	k.Op("JEQ begun")
	k.laneMask(g512Begin)
	k.midstates(mid512Inner)
	k.Label("begun")
	k.addresses(g512Msg)
	k.Op("TESTQ CX, CX")
	k.Op("JZ tail")

	k.Label("block")
	for i := 0; i < 16; i += 4 {
		k.quarter([4]string{"Y8", "Y9", "Y10", "Y11"}, 8*i, true)
		for j := range 4 {
			k.Op("VMOVDQU Y%d, %d(BX)", 8+j, w512Words+32*(i+j))
		}
	}
	k.Label("words")
	k.rounds()
	k.feedForward()
	k.Op("CMPL DI, $%d", group512Inner)
	k.Op("JEQ outer")
	k.Op("JGT done")
	k.Op("ADDQ $128, SI")
	k.Op("DECQ CX")
	k.Op("JNZ block")

	k.Label("tail")
	k.Op("CMPQ %d(R12), $0", g512End)
	k.Op("JEQ leave")
	k.Op("MOVL $%d, DI", group512Inner)
	k.Op("XORL SI, SI")
	for i := range 4 {
		k.Op("LEAQ %d(BX), %s", w512Tail+128*i, lane512(i))
	}
	k.Op("JMP block")

	k.Label("outer")
	k.outer()
	k.Op("JMP words")

	k.Label("done")
	k.tags()
	k.Label("leave")
	k.Op("VZEROUPPER")
	k.Return("")
}

// addresses fills R8-R11.
func (k *avx2512) addresses(at int) {
	for i := range 4 {
		k.Op("MOVQ %d(R12), %s", at+8*i, lane512(i))
	}
}

// laneMask fills Y15 with ones in the lanes whose bits are in the word at.
func (k *avx2512) laneMask(at int) {
	k.Op("VPBROADCASTQ %d(R12), Y15", at)
	k.Op("VPAND avx2512Bits<>(SB), Y15, Y15")
	k.Op("VPCMPEQQ avx2512Bits<>(SB), Y15, Y15")
}

// midstates loads those at offset of the four keys and makes them the state in
// the lanes of mask Y15.
func (k *avx2512) midstates(offset int) {
	k.addresses(g512Mid)
	for i := 0; i < 8; i += 4 {
		k.quarter([4]string{"Y8", "Y9", "Y10", "Y11"}, offset+8*i, false)
		for j := range 4 {
			v := k.v[i+j]
			k.Op("VPBLENDVB Y15, Y%d, %s, %s", 8+j, v, v)
		}
	}
	k.storeState()
}

func (k *avx2512) storeState() {
	for i, v := range k.v {
		k.Op("VMOVDQU %s, %d(BX)", v, w512State+64*i)
	}
}

func (k *avx2512) feedForward() {
	for i, v := range k.v {
		k.Op("VPADDQ %d(BX), %s, %s", w512State+64*i, v, v)
	}
	k.storeState()
}

// quarter loads four words at disp of each of the four addresses, the first word
// of all lanes into dst[0] and so on. It uses Y12 and Y13.
func (k *avx2512) quarter(dst [4]string, disp int, message bool) {
	index := ""
	if message {
		index = "(SI*1)"
	}
	for i, y := range dst {
		k.Op("VMOVDQU %d(%s)%s, %s", disp, lane512(i), index, y)
		if message {
			k.Op("VPSHUFB avx2512Swap<>(SB), %s, %s", y, y)
		}
	}
	k.transpose(dst)
}

// transpose turns four rows into four columns.
func (k *avx2512) transpose(r [4]string) {
	k.Op("VPUNPCKLQDQ %s, %s, Y12", r[1], r[0])
	k.Op("VPUNPCKHQDQ %s, %s, Y13", r[1], r[0])
	k.Op("VPUNPCKLQDQ %s, %s, %s", r[3], r[2], r[0])
	k.Op("VPUNPCKHQDQ %s, %s, %s", r[3], r[2], r[1])
	k.Op("VPERM2I128 $0x31, %s, Y12, %s", r[0], r[2])
	k.Op("VPERM2I128 $0x31, %s, Y13, %s", r[1], r[3])
	k.Op("VPERM2I128 $0x20, %s, Y12, %s", r[0], r[0])
	k.Op("VPERM2I128 $0x20, %s, Y13, %s", r[1], r[1])
}

// rounds does eighty.
func (k *avx2512) rounds() {
	k.Op("LEAQ avx2512K<>(SB), DX")
	k.Op("VPXOR %s, %s, %s", k.v[2], k.v[1], k.bc)
	for i := range 16 {
		k.round(i, "")
	}
	k.Op("MOVL $4, AX")
	k.Op("PCALIGN $64")
	k.Label("rounds")
	k.Op("ADDQ $512, DX")
	for i := range 16 {
		k.schedule(i)
		k.round(i, "Y8")
	}
	k.Op("DECL AX")
	k.Op("JNZ rounds")
}

// schedule makes word i of the next sixteen, in Y8 and in its place.
func (k *avx2512) schedule(i int) {
	at := func(j int) string { return fmt.Sprintf("%d(BX)", w512Words+32*((i+j)&15)) }
	var l list
	l.op("VMOVDQU %s, Y9", at(1))
	l.op("VMOVDQU %s, Y10", at(14))
	l.op("VMOVDQU %s, Y8", at(0))
	l.op("VPADDQ %s, Y8, Y8", at(9))
	sigmaAVX2(&l, "Y9", "Y11", []string{"VPSRLQ $1", "VPSLLQ $63", "VPSHUFB avx2512Ror8<>(SB)", "VPSRLQ $7"})
	sigmaAVX2(&l, "Y10", "Y12", []string{"VPSRLQ $19", "VPSLLQ $45", "VPSRLQ $61", "VPSLLQ $3", "VPSRLQ $6"})
	l.op("VPADDQ Y11, Y8, Y8")
	l.op("VPADDQ Y12, Y8, Y8")
	l.op("VMOVDQU Y8, %s", at(0))
	k.ops(l)
}

// sigmaAVX2 appends the exclusive or of several images of w, into x. It uses
// Y13.
func sigmaAVX2(l *list, w, x string, images []string) {
	for i, image := range images {
		if i == 0 {
			l.op("%s, %s, %s", image, w, x)
			continue
		}
		l.op("%s, %s, Y13", image, w)
		l.op("VPXOR Y13, %[1]s, %[1]s", x)
	}
}

func rotations(n ...int) []string {
	var images []string
	for _, r := range n {
		images = append(images, fmt.Sprintf("VPSRLQ $%d", r), fmt.Sprintf("VPSLLQ $%d", 64-r))
	}
	return images
}

// round does a round over the word in register w, or in its place if w is empty.
func (k *avx2512) round(i int, w string) {
	v := k.v
	a, b, d, e, f, g, h := v[0], v[1], v[3], v[4], v[5], v[6], v[7]
	var l list
	if w == "" {
		l.op("VPADDQ %d(BX), %s, %s", w512Words+32*i, h, h)
	} else {
		l.op("VPADDQ %s, %s, %s", w, h, h)
	}
	l.op("VPADDQ %d(DX), %s, %s", 32*i, h, h)
	sigmaAVX2(&l, e, "Y9", rotations(14, 18, 41))
	l.op("VPXOR %s, %s, Y10", g, f)
	l.op("VPAND %s, Y10, Y10", e)
	l.op("VPXOR %s, Y10, Y10", g)
	l.op("VPADDQ Y10, %s, %s", h, h)
	l.op("VPADDQ Y9, %s, %s", h, h)
	l.op("VPADDQ %s, %s, %s", h, d, d)
	sigmaAVX2(&l, a, "Y11", rotations(28, 34, 39))
	l.op("VPXOR %s, %s, %s", b, a, k.ab)
	l.op("VPAND %s, %s, %s", k.ab, k.bc, k.bc)
	l.op("VPXOR %s, %s, %s", b, k.bc, k.bc)
	l.op("VPADDQ %s, %s, %s", k.bc, h, h)
	l.op("VPADDQ Y11, %s, %s", h, h)
	k.ops(l)
	k.ab, k.bc = k.bc, k.ab
	k.v = [8]string{h, a, b, v[2], d, e, f, g}
}

// outer makes the inner tags the words of the outer hashes. SHA-384 has cut them
// to six.
func (k *avx2512) outer() {
	k.Op("MOVL $%d, DI", group512Outer)
	words := func(i int) string { return fmt.Sprintf("%d(BX)", w512Words+32*i) }
	k.laneMask(g512Short)
	k.Op("VMOVDQU avx2512Mark<>(SB), Y8")
	k.Op("VPBLENDVB Y15, Y8, %[1]s, %[1]s", k.v[6])
	k.Op("VPANDN %[1]s, Y15, %[1]s", k.v[7])
	k.Op("VPANDN Y8, Y15, Y8")
	for i, v := range k.v {
		k.Op("VMOVDQU %s, %s", v, words(i))
	}
	k.Op("VMOVDQU Y8, %s", words(8))
	k.Op("VPXOR X8, X8, X8")
	for i := 9; i < 15; i++ {
		k.Op("VMOVDQU Y8, %s", words(i))
	}
	k.Op("VMOVDQU avx2512Outer512<>(SB), Y8")
	k.Op("VPBLENDVB Y15, avx2512Outer384<>(SB), Y8, Y8")
	k.Op("VMOVDQU Y8, %s", words(15))
	k.Op("VPCMPEQQ Y15, Y15, Y15")
	k.midstates(mid512Outer)
}

// tags writes the states, lane by lane, byte by byte.
func (k *avx2512) tags() {
	k.addresses(g512Out)
	for i := 0; i < 8; i += 4 {
		rows := [4]string(k.v[i : i+4])
		k.transpose(rows)
		for j, y := range rows {
			k.Op("VPSHUFB avx2512Swap<>(SB), %s, %s", y, y)
			k.Op("VMOVDQU %s, %d(%s)", y, 8*i, lane512(j))
		}
	}
}
