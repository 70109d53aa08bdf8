package main

import "fmt"

// wide256Files prints the kernels that hold one word of every lane in one
// register: 16 lanes with AVX-512, 8 with AVX2.
func wide256Files() []*File {
	var files []*File
	for _, w := range []*wide256{
		{lanes: 16, reg: "Z", needs: "AVX-512F and BW"},
		{lanes: 8, reg: "Y", needs: "AVX2"},
	} {
		f := &File{Name: fmt.Sprintf("zz_sha256_wide%d_amd64", w.lanes)}
		name := fmt.Sprintf("wide256x%d", w.lanes)
		w.Func = f.Func(name, "lists *lists256, blocks int, digest int, tmp *byte",
			name+stepDoc+fmt.Sprintf("\nIt has %d lanes and needs %s; tmp is %d bytes, 64-byte aligned.", w.lanes, w.needs, w.tmpLen()), 0)
		w.print()
		f.Words32("wideK", k256[:]...)
		var swap []uint32
		for range w.lanes / 4 {
			swap = append(swap, swap32...)
		}
		f.Words32("wideSwap", swap...)
		files = append(files, f)
	}
	return files
}

// wide256 prints one of them. The state is in registers 0 to 7, renamed from
// round to round; 8 to 15 are for passing values. The last 16 schedule words are
// in registers 16 to 31 (AVX-512) or in tmp behind the saved state (AVX2).
type wide256 struct {
	*Func
	lanes int
	reg   string
	needs string
}

func (w *wide256) wide() bool          { return w.lanes == 16 }
func (w *wide256) r(n int) string      { return fmt.Sprintf("%s%d", w.reg, n) }
func (w *wide256) bytes() int          { return 4 * w.lanes }
func (w *wide256) tmpLen() int         { return 24 * w.bytes() }
func (w *wide256) saved(i int) string  { return fmt.Sprintf("%d(DX)", i*w.bytes()) }
func (w *wide256) memory(t int) string { return fmt.Sprintf("%d(DX)", (8+t%16)*w.bytes()) }

func (w *wide256) mov(from, to string) {
	if w.wide() {
		w.Op("VMOVDQU32 %s, %s", from, to)
		return
	}
	w.Op("VMOVDQU %s, %s", from, to)
}

func (w *wide256) print() {
	w.Load("lists", "DI")
	w.Load("blocks", "CX")
	w.Load("tmp", "DX")
	if w.wide() {
		w.Op("VZEROUPPER")
	}
	for half := range 2 {
		w.gather(listIn, 16*half, []int{8, 9, 10, 11})
		// A state in memory is F E B A, then H G D C.
		w.transpose([]int{8, 9, 10, 11}, [][]int{{5, 4, 1, 0}, {7, 6, 3, 2}}[half])
	}
	w.Label("block")
	for i := range 8 {
		w.mov(w.r(i), w.saved(i))
	}
	w.Op("LEAQ wideK<>(SB), R8")
	for c := range 4 {
		w.gather(listBlk, 16*c, []int{8, 9, 10, 11})
		w.Op("VMOVDQU%s wideSwap<>(SB), %s", map[bool]string{true: "32"}[w.wide()], w.r(12))
		for i := range 4 {
			w.Op("VPSHUFB %s, %s, %s", w.r(12), w.r(8+i), w.r(8+i))
		}
		if w.wide() {
			w.transpose([]int{8, 9, 10, 11}, []int{16 + 4*c, 17 + 4*c, 18 + 4*c, 19 + 4*c})
			continue
		}
		w.transpose([]int{8, 9, 10, 11}, []int{8, 9, 10, 11})
		for i := range 4 {
			w.mov(w.r(8+i), w.memory(4*c+i))
		}
	}
	for i := range w.lanes {
		w.Op("ADDQ $64, %d(DI)", listBlk+8*i)
	}
	for t := range 16 {
		w.round(t)
	}
	w.Op("MOVQ $3, R9")
	w.Label("turn")
	w.Op("ADDQ $64, R8")
	for t := range 16 {
		w.schedule(t)
		w.round(t)
	}
	w.Op("DECQ R9")
	w.Op("JNE turn")
	for i := range 8 {
		w.Op("VPADDD %s, %s, %s", w.saved(i), w.r(i), w.r(i))
	}
	w.Op("DECQ CX")
	w.Op("JNE block")
	w.Load("digest", "AX")
	w.Op("TESTQ AX, AX")
	w.Op("JNE digest")
	w.result([]int{5, 4, 1, 0}, 0, false)
	w.result([]int{7, 6, 3, 2}, 16, false)
	w.Op("JMP clear")
	w.Label("digest")
	w.result([]int{0, 1, 2, 3}, 0, true)
	w.result([]int{4, 5, 6, 7}, 16, true)
	w.clear()
}

// gather loads four registers: register i has 16 bytes of lanes i, i+4, ... from
// the addresses of a list, at an offset.
func (w *wide256) gather(list, off int, to []int) {
	for i, n := range to {
		for q := range w.lanes / 4 {
			w.Op("MOVQ %d(DI), AX", list+8*(i+4*q))
			switch {
			case q == 0:
				w.Op("VMOVDQU %d(AX), X%d", off, n)
			case w.wide():
				w.Op("VINSERTI32X4 $%d, %d(AX), Z%d, Z%d", q, off, n, n)
			default:
				w.Op("VINSERTI128 $%d, %d(AX), Y%d, Y%d", q, off, n, n)
			}
		}
	}
}

// transpose turns four registers with four words of each lane into four with one
// word. It uses registers 12 to 15; from and to may be the same.
func (w *wide256) transpose(from, to []int) {
	f := func(i int) string { return w.r(from[i]) }
	w.Op("VPUNPCKLDQ %s, %s, %s", f(1), f(0), w.r(12))
	w.Op("VPUNPCKHDQ %s, %s, %s", f(1), f(0), w.r(13))
	w.Op("VPUNPCKLDQ %s, %s, %s", f(3), f(2), w.r(14))
	w.Op("VPUNPCKHDQ %s, %s, %s", f(3), f(2), w.r(15))
	w.Op("VPUNPCKLQDQ %s, %s, %s", w.r(14), w.r(12), w.r(to[0]))
	w.Op("VPUNPCKHQDQ %s, %s, %s", w.r(14), w.r(12), w.r(to[1]))
	w.Op("VPUNPCKLQDQ %s, %s, %s", w.r(15), w.r(13), w.r(to[2]))
	w.Op("VPUNPCKHQDQ %s, %s, %s", w.r(15), w.r(13), w.r(to[3]))
}

// result stores four words of each lane at its out address.
func (w *wide256) result(rows []int, off int, swap bool) {
	to := []int{8, 9, 10, 11}
	w.transpose(rows, to)
	if swap {
		w.Op("VMOVDQU%s wideSwap<>(SB), %s", map[bool]string{true: "32"}[w.wide()], w.r(12))
	}
	for i, n := range to {
		if swap {
			w.Op("VPSHUFB %s, %s, %s", w.r(12), w.r(n), w.r(n))
		}
		for q := range w.lanes / 4 {
			w.Op("MOVQ %d(DI), AX", listOut+8*(i+4*q))
			switch {
			case q == 0:
				w.Op("VMOVDQU X%d, %d(AX)", n, off)
			case w.wide():
				w.Op("VEXTRACTI32X4 $%d, Z%d, %d(AX)", q, n, off)
			default:
				w.Op("VEXTRACTI128 $%d, Y%d, %d(AX)", q, n, off)
			}
		}
	}
}

// round is round t, or t+16, t+32, t+48; R8 is at the constant of round t-t%16.
func (w *wide256) round(t int) {
	v := func(i int) string { return w.r((i - t + 64) % 8) }
	a, b, c, d, e, f, g, h := v(0), v(1), v(2), v(3), v(4), v(5), v(6), v(7)
	x, y, z := w.r(8), w.r(9), w.r(10)
	if w.wide() {
		w.Op("VPADDD.BCST %d(R8), %s, %s", 4*t, w.r(16+t), x)
		w.Op("VPADDD %s, %s, %s", x, h, h)
		w.rotates(e, 6, 11, 25, x, y, z)
		w.Op("VPADDD %s, %s, %s", x, h, h)
		w.Op("VMOVDQA32 %s, %s", e, y)
		w.Op("VPTERNLOGD $0xca, %s, %s, %s", g, f, y)
		w.Op("VPADDD %s, %s, %s", y, h, h)
		w.Op("VPADDD %s, %s, %s", h, d, d)
		w.rotates(a, 2, 13, 22, x, y, z)
		w.Op("VPADDD %s, %s, %s", x, h, h)
		w.Op("VMOVDQA32 %s, %s", a, y)
		w.Op("VPTERNLOGD $0xe8, %s, %s, %s", c, b, y)
		w.Op("VPADDD %s, %s, %s", y, h, h)
		return
	}
	w.Op("VPBROADCASTD %d(R8), %s", 4*t, x)
	w.Op("VPADDD %s, %s, %s", w.memory(t), x, x)
	w.Op("VPADDD %s, %s, %s", x, h, h)
	w.rotates(e, 6, 11, 25, x, y, z)
	w.Op("VPADDD %s, %s, %s", x, h, h)
	w.Op("VPXOR %s, %s, %s", g, f, y)
	w.Op("VPAND %s, %s, %s", e, y, y)
	w.Op("VPXOR %s, %s, %s", g, y, y)
	w.Op("VPADDD %s, %s, %s", y, h, h)
	w.Op("VPADDD %s, %s, %s", h, d, d)
	w.rotates(a, 2, 13, 22, x, y, z)
	w.Op("VPADDD %s, %s, %s", x, h, h)
	w.Op("VPOR %s, %s, %s", a, b, y)
	w.Op("VPAND %s, %s, %s", c, y, y)
	w.Op("VPAND %s, %s, %s", a, b, z)
	w.Op("VPOR %s, %s, %s", y, z, y)
	w.Op("VPADDD %s, %s, %s", y, h, h)
}

// schedule replaces word t by word t+16.
func (w *wide256) schedule(t int) {
	x, y, z := w.r(8), w.r(9), w.r(10)
	if w.wide() {
		word := func(i int) string { return w.r(16 + (t+i)%16) }
		w.sigma(word(1), 7, 18, 3, x, y, z)
		w.Op("VPADDD %s, %s, %s", x, word(0), word(0))
		w.Op("VPADDD %s, %s, %s", word(9), word(0), word(0))
		w.sigma(word(14), 17, 19, 10, x, y, z)
		w.Op("VPADDD %s, %s, %s", x, word(0), word(0))
		return
	}
	w.mov(w.memory(t+1), w.r(11))
	w.sigma(w.r(11), 7, 18, 3, x, y, z)
	w.Op("VPADDD %s, %s, %s", w.memory(t), x, w.r(12))
	w.Op("VPADDD %s, %s, %s", w.memory(t+9), w.r(12), w.r(12))
	w.mov(w.memory(t+14), w.r(11))
	w.sigma(w.r(11), 17, 19, 10, x, y, z)
	w.Op("VPADDD %s, %s, %s", x, w.r(12), w.r(12))
	w.mov(w.r(12), w.memory(t))
}

// rotates sets x to three rotations of v, xored.
func (w *wide256) rotates(v string, i, j, k int, x, y, z string) {
	w.rotate(v, i, x, z)
	w.rotate(v, j, y, z)
	if w.wide() {
		w.Op("VPRORD $%d, %s, %s", k, v, z)
		w.Op("VPTERNLOGD $0x96, %s, %s, %s", y, z, x)
		return
	}
	w.Op("VPXOR %s, %s, %s", y, x, x)
	w.rotate(v, k, y, z)
	w.Op("VPXOR %s, %s, %s", y, x, x)
}

// sigma sets x to two rotations of v and a shift, xored.
func (w *wide256) sigma(v string, i, j, k int, x, y, z string) {
	w.rotate(v, i, x, z)
	w.rotate(v, j, y, z)
	if w.wide() {
		w.Op("VPSRLD $%d, %s, %s", k, v, z)
		w.Op("VPTERNLOGD $0x96, %s, %s, %s", y, z, x)
		return
	}
	w.Op("VPXOR %s, %s, %s", y, x, x)
	w.Op("VPSRLD $%d, %s, %s", k, v, y)
	w.Op("VPXOR %s, %s, %s", y, x, x)
}

// rotate sets x to v rotated right by n; AVX2 has no such instruction.
func (w *wide256) rotate(v string, n int, x, z string) {
	if w.wide() {
		w.Op("VPRORD $%d, %s, %s", n, v, x)
		return
	}
	w.Op("VPSRLD $%d, %s, %s", n, v, x)
	w.Op("VPSLLD $%d, %s, %s", 32-n, v, z)
	w.Op("VPXOR %s, %s, %s", z, x, x)
}

// clear wipes tmp and all registers.
func (w *wide256) clear() {
	w.Label("clear")
	if w.wide() {
		w.Op("VPXORD Z31, Z31, Z31")
		for i := range 8 {
			w.Op("VMOVDQU32 Z31, %s", w.saved(i))
		}
		for i := 16; i < 31; i++ {
			w.Op("VPXORD Z%d, Z%d, Z%d", i, i, i)
		}
		w.Op("VZEROALL")
		w.Return("")
		return
	}
	w.Op("VPXOR Y0, Y0, Y0")
	for i := range 24 {
		w.Op("VMOVDQU Y0, %d(DX)", i*w.bytes())
	}
	w.Op("VZEROALL")
	w.Return("")
}
