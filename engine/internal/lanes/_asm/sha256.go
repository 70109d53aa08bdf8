package main

import "fmt"

// sha256Files prints the kernels of SHA-224 and SHA-256.
func sha256Files() []*File {
	return append(wide256Files(), fused256File(), hybrid256File(), pair256File())
}

// k256 is the constant table of FIPS 180-4, section 4.2.2.
var k256 = [64]uint32{
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
}

// swap32 is the byte shuffle that turns big-endian words into register words.
var swap32 = []uint32{0x00010203, 0x04050607, 0x08090a0b, 0x0c0d0e0f}

// outer256 is what follows the inner digest in the outer block, one row of four
// registers per hash: a mask and an addition for words 4 to 7, words 8 to 11,
// words 12 to 15. The first row is SHA-256 (digest 32 bytes), the second
// SHA-224 (28 bytes); a Mid256 holds the offset of its row.
func outer256() []uint32 {
	const f = 0xffffffff
	return []uint32{
		f, f, f, f, 0, 0, 0, 0, 0x80000000, 0, 0, 0, 0, 0, 0, (64 + 32) * 8,
		f, f, f, 0, 0, 0, 0, 0x80000000, 0, 0, 0, 0, 0, 0, 0, (64 + 28) * 8,
	}
}

// fused256File prints the kernels for one message: the whole HMAC in one call.
func fused256File() *File {
	f := &File{Name: "zz_sha256_fused_amd64"}
	blocks256(f)
	fused256(f, "fused256NI", false)
	fused256(f, "fused256VL", true)
	f.Words32("fusedK", k256[:]...)
	f.Words32("fusedSwap", swap32...)
	f.Words32("fusedOuter", outer256()...)
	var ones, mark [32]uint32
	for i := range 16 {
		ones[i] = 0xffffffff
	}
	mark[16] = 0x80
	f.Words32("fusedOnes", ones[:]...)
	f.Words32("fusedMark", mark[:]...)
	return f
}

// stream256 is one message in SHA-NI registers: the state as ABEF and CDGH, its
// copy from before the block, four message registers, two temporaries. X0 is
// the implicit operand of SHA256RNDS2.
type stream256 struct {
	*Func
	abef, cdgh, abef0, cdgh0 string
	m                        [4]string
	tmp, swap, k             string
}

func newStream256(fn *Func) *stream256 {
	return &stream256{fn, "X1", "X2", "X9", "X10", [4]string{"X3", "X4", "X5", "X6"}, "X7", "X8", "R8"}
}

func (s *stream256) constants() {
	s.Op("LEAQ fusedK<>(SB), %s", s.k)
	s.Op("MOVOU fusedSwap<>(SB), %s", s.swap)
}

func (s *stream256) loadState(base string, off int) {
	s.Op("MOVOU %d(%s), %s", off, base, s.abef)
	s.Op("MOVOU %d(%s), %s", off+16, base, s.cdgh)
}

func (s *stream256) loadBlock(p string) {
	for i, m := range s.m {
		s.Op("MOVOU %d(%s), %s", 16*i, p, m)
		s.Op("PSHUFB %s, %s", s.swap, m)
	}
}

// compress runs one block whose words are in s.m.
func (s *stream256) compress() {
	s.Op("MOVO %s, %s", s.abef, s.abef0)
	s.Op("MOVO %s, %s", s.cdgh, s.cdgh0)
	for i := range 16 {
		cur, next, prev := s.m[i%4], s.m[(i+1)%4], s.m[(i+3)%4]
		s.Op("MOVO %d(%s), X0", 16*i, s.k)
		s.Op("PADDD %s, X0", cur)
		s.Op("SHA256RNDS2 X0, %s, %s", s.abef, s.cdgh)
		if i >= 3 && i < 15 {
			s.Op("MOVO %s, %s", cur, s.tmp)
			s.Op("PALIGNR $4, %s, %s", prev, s.tmp)
			s.Op("PADDD %s, %s", s.tmp, next)
			s.Op("SHA256MSG2 %s, %s", cur, next)
		}
		s.Op("PSHUFD $0x0e, X0, X0")
		s.Op("SHA256RNDS2 X0, %s, %s", s.cdgh, s.abef)
		if i >= 1 && i < 13 {
			s.Op("SHA256MSG1 %s, %s", cur, prev)
		}
	}
	s.Op("PADDD %s, %s", s.abef0, s.abef)
	s.Op("PADDD %s, %s", s.cdgh0, s.cdgh)
}

// digest puts the state, as words in their natural order, into m[0] and m[1].
func (s *stream256) digest() {
	s.Op("PSHUFD $0x1b, %s, %s", s.abef, s.m[0])
	s.Op("PSHUFD $0x1b, %s, %s", s.cdgh, s.tmp)
	s.Op("MOVO %s, %s", s.m[0], s.m[1])
	s.Op("PUNPCKLQDQ %s, %s", s.tmp, s.m[0])
	s.Op("PUNPCKHQDQ %s, %s", s.tmp, s.m[1])
}

// fullBlocks runs all blocks between SI and DX; DX and SI may be equal.
func (s *stream256) fullBlocks(name string) {
	s.Op("CMPQ SI, DX")
	s.Op("JEQ %sDone", name)
	s.Label(name)
	s.loadBlock("SI")
	s.compress()
	s.Op("ADDQ $64, SI")
	s.Op("CMPQ SI, DX")
	s.Op("JNE %s", name)
	s.Label(name + "Done")
}

func blocks256(f *File) {
	s := newStream256(f.Func("blocks256NI", "state *uint32, p *byte, blocks int",
		"blocks256NI runs whole blocks over a state in kernel order (see Mid256).", 0))
	s.Load("state", "DI")
	s.Load("p", "SI")
	s.Load("blocks", "DX")
	s.Op("SHLQ $6, DX")
	s.Op("ADDQ SI, DX")
	s.constants()
	s.loadState("DI", 0)
	s.fullBlocks("full")
	s.Op("MOVOU %s, (DI)", s.abef)
	s.Op("MOVOU %s, 16(DI)", s.cdgh)
	s.Return("")
}

// fused256 prints the kernel for one message. Its tail load never touches a
// page in which the message has no byte: with AVX-512 by a mask, else by
// reading past the end only inside the page.
func fused256(f *File, name string, masked bool) {
	frame, how := 64, "SHA-NI alone"
	if masked {
		frame, how = 0, "SHA-NI and masked loads (AVX-512BW and VL, BMI2)"
	}
	s := newStream256(f.Func(name, "mid *Mid256, p *byte, n int, total int, tag *byte", name+` finishes the HMAC of total message bytes, of which the last n are
at p and the others are in mid's inner state; total-n is a multiple of 64.
It writes 32 bytes to tag. It needs `+how+".", frame))
	s.Load("mid", "DI")
	s.Load("p", "SI")
	s.Load("n", "CX")
	s.Op("MOVQ CX, DX")
	s.Op("ANDQ $-64, DX")
	s.Op("ADDQ SI, DX")
	s.Op("ANDQ $63, CX")
	s.constants()
	s.loadState("DI", 0)
	s.fullBlocks("full")
	if masked {
		s.tailMasked()
	} else {
		s.tailPlain()
	}
	s.Comment("SI becomes the length in bits, ipad block included, for the end of the last inner block.")
	s.Load("total", "SI")
	s.Op("LEAQ 512(SI*8), SI")
	s.Op("MOVQ SI, %s", s.tmp)
	s.Op("PSHUFD $0x1e, %s, %s", s.tmp, s.tmp)
	s.Op("CMPQ CX, $56")
	s.Op("JCS last")
	s.Op("MOVO %s, X11", s.tmp)
	s.compress()
	s.Op("MOVO X11, %s", s.tmp)
	for _, m := range s.m {
		s.Op("PXOR %s, %s", m, m)
	}
	s.Label("last")
	s.Op("POR %s, %s", s.tmp, s.m[3])
	s.compress()
	s.Comment("The outer block is the inner digest, taken from registers, and its padding.")
	s.digest()
	s.Op("MOVQ 64(DI), AX")
	s.Op("LEAQ fusedOuter<>(SB), R9")
	s.Op("ADDQ AX, R9")
	s.loadState("DI", 32)
	for i, ins := range []string{"MOVOU %s, %s", "MOVOU %s, %s", "MOVOU %s, %s", "MOVOU %s, %s"} {
		reg := []string{s.tmp, "X0", s.m[2], s.m[3]}[i]
		s.Op(ins, fmt.Sprintf("%d(R9)", 16*i), reg)
	}
	s.Op("PAND %s, %s", s.tmp, s.m[1])
	s.Op("POR X0, %s", s.m[1])
	s.compress()
	s.digest()
	s.Load("tag", "AX")
	for i := range 2 {
		s.Op("PSHUFB %s, %s", s.swap, s.m[i])
		s.Op("MOVOU %s, %d(AX)", s.m[i], 16*i)
	}
	s.Return("")
}

// tailMasked loads the CX bytes at DX, marks their end, and swaps.
func (s *stream256) tailMasked() {
	s.Op("MOVQ $-1, AX")
	s.Op("BZHIQ CX, AX, AX")
	s.Op("LEAQ fusedMark<>+64(SB), R9")
	s.Op("SUBQ CX, R9")
	for i, m := range s.m {
		s.Op("KMOVW AX, K%d", i+1)
		s.Op("SHRQ $16, AX")
		s.Op("VMOVDQU8.Z %d(DX), K%d, %s", 16*i, i+1, m)
		s.Op("VPOR %d(R9), %s, %s", 16*i, m, m)
		s.Op("PSHUFB %s, %s", s.swap, m)
	}
}

// tailPlain is tailMasked without masks. If 64 bytes from DX stay in one page
// it reads them all; near the end of a page it copies byte by byte.
func (s *stream256) tailPlain() {
	s.Op("TESTQ CX, CX")
	s.Op("JNE some")
	s.Comment("Nothing is left; DX may be the start of a page that is not ours.")
	s.Op("LEAQ fusedOnes<>(SB), DX")
	s.Op("JMP inside")
	s.Label("some")
	s.Op("MOVQ DX, AX")
	s.Op("ANDQ $4095, AX")
	s.Op("CMPQ AX, $4032")
	s.Op("JLS inside")
	s.Op("MOVQ SP, R10")
	s.Op("LEAQ (DX)(CX*1), R11")
	s.Label("copy")
	s.Op("MOVBLZX (DX), AX")
	s.Op("MOVB AX, (R10)")
	s.Op("INCQ DX")
	s.Op("INCQ R10")
	s.Op("CMPQ DX, R11")
	s.Op("JNE copy")
	s.Op("MOVQ SP, DX")
	s.Label("inside")
	s.Op("LEAQ fusedOnes<>+64(SB), R9")
	s.Op("SUBQ CX, R9")
	s.Op("LEAQ fusedMark<>+64(SB), R10")
	s.Op("SUBQ CX, R10")
	for i, m := range s.m {
		s.Op("MOVOU %d(DX), %s", 16*i, m)
		s.Op("MOVOU %d(R9), %s", 16*i, s.tmp)
		s.Op("PAND %s, %s", s.tmp, m)
		s.Op("MOVOU %d(R10), %s", 16*i, s.tmp)
		s.Op("POR %s, %s", s.tmp, m)
		s.Op("PSHUFB %s, %s", s.swap, m)
	}
	s.Comment("No byte of a message stays on the stack.")
	s.Op("PXOR X0, X0")
	for i := range s.m {
		s.Op("MOVOU X0, %d(SP)", 16*i)
	}
}
