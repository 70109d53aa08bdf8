package main

import "fmt"

// Lists of the kernels that Go steps (lists256 in package lanes): addresses of
// blocks, of states before, of results, one per lane.
const (
	listBlk = 0
	listIn  = 128
	listOut = 256
)

const stepDoc = ` runs so many blocks of each lane: the blocks at the
addresses in blk, one after the other, over the states at in. The result goes to
out: a state or, if digest is not 0, a digest in the order of its bytes.`

// pair256File prints the kernel that runs two messages in one core's registers:
// the rounds of one fill the latency of the other's.
func pair256File() *File {
	f := &File{Name: "zz_sha256_pair_amd64"}
	p := &pair256{f.Func("pair256", "lists *lists256, blocks int, digest int, tmp *byte",
		"pair256"+stepDoc+`
It has two lanes and needs SHA-NI; tmp is 64 bytes, 16-byte aligned.`, 0)}
	p.print()
	f.Words32("pairK", k256[:]...)
	f.Words32("pairSwap", swap32...)
	return f
}

type pair256 struct{ *Func }

func (p *pair256) print() {
	p.Load("lists", "DI")
	p.Load("blocks", "CX")
	p.Load("tmp", "DX")
	p.Op("LEAQ pairK<>(SB), R8")
	p.Op("LEAQ pairSwap<>(SB), R9")
	var s [2]stream256
	for i := range s {
		b := 1 + 6*i
		x := func(n int) string { return fmt.Sprintf("X%d", b+n) }
		s[i] = stream256{Func: p.Func, abef: x(0), cdgh: x(1), m: [4]string{x(2), x(3), x(4), x(5)}, tmp: fmt.Sprintf("X%d", 13+i)}
		p.Op("MOVQ %d(DI), %s", listBlk+8*i, p.ptr(i))
		p.Op("MOVQ %d(DI), AX", listIn+8*i)
		s[i].loadState("AX", 0)
	}
	p.Label("block")
	for i := range s {
		p.Op("MOVO %s, %d(DX)", s[i].abef, 32*i)
		p.Op("MOVO %s, %d(DX)", s[i].cdgh, 32*i+16)
		for c, m := range s[i].m {
			p.Op("MOVOU %d(%s), %s", 16*c, p.ptr(i), m)
			p.Op("PSHUFB (R9), %s", m)
		}
		p.Op("ADDQ $64, %s", p.ptr(i))
	}
	for g := range 16 {
		for i := range s {
			p.four(&s[i], g)
		}
	}
	for i := range s {
		p.Op("PADDD %d(DX), %s", 32*i, s[i].abef)
		p.Op("PADDD %d(DX), %s", 32*i+16, s[i].cdgh)
	}
	p.Op("DECQ CX")
	p.Op("JNE block")
	p.Load("digest", "AX")
	p.Op("TESTQ AX, AX")
	p.Op("JNE digest")
	p.store(&s)
	p.Label("digest")
	for i := range s {
		s[i].digest()
		p.Op("MOVO %s, %s", s[i].m[0], s[i].abef)
		p.Op("MOVO %s, %s", s[i].m[1], s[i].cdgh)
		p.Op("PSHUFB (R9), %s", s[i].abef)
		p.Op("PSHUFB (R9), %s", s[i].cdgh)
	}
	p.store(&s)
}

func (p *pair256) ptr(i int) string { return []string{"R10", "R11"}[i] }

// four is rounds 4g to 4g+3 of one stream.
func (p *pair256) four(s *stream256, g int) {
	cur, next, prev := s.m[g%4], s.m[(g+1)%4], s.m[(g+3)%4]
	p.Op("MOVO %d(R8), X0", 16*g)
	p.Op("PADDD %s, X0", cur)
	p.Op("SHA256RNDS2 X0, %s, %s", s.abef, s.cdgh)
	if g >= 3 && g < 15 {
		p.Op("MOVO %s, %s", cur, s.tmp)
		p.Op("PALIGNR $4, %s, %s", prev, s.tmp)
		p.Op("PADDD %s, %s", s.tmp, next)
		p.Op("SHA256MSG2 %s, %s", cur, next)
	}
	p.Op("PSHUFD $0x0e, X0, X0")
	p.Op("SHA256RNDS2 X0, %s, %s", s.cdgh, s.abef)
	if g >= 1 && g < 13 {
		p.Op("SHA256MSG1 %s, %s", cur, prev)
	}
}

// store writes the results, clears what is left in tmp, and returns.
func (p *pair256) store(s *[2]stream256) {
	p.Op("PXOR X0, X0")
	for i := range s {
		p.Op("MOVQ %d(DI), AX", listOut+8*i)
		p.Op("MOVOU %s, (AX)", s[i].abef)
		p.Op("MOVOU %s, 16(AX)", s[i].cdgh)
		p.Op("MOVO X0, %d(DX)", 32*i)
		p.Op("MOVO X0, %d(DX)", 32*i+16)
	}
	p.Return("")
}
