package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The pipe an instruction runs on is chosen when it enters the core, by what
// entered just before it. So the order of independent instructions decides how
// evenly the pipes are loaded, by a fifth of a kernel's speed on Zen 4. The
// orders below were found there by a hill climb over random moves, measuring
// each; any other order that arrange accepts computes the same.

// single512Order is for four rounds and the schedule of four words.
var single512Order = []int{
	1, 0, 2, 3, 6, 5, 10, 7, 8, 12, 16, 17, 18, 19, 20, 22,
	96, 97, 98, 99, 100, 24, 25, 26, 102, 4, 9, 11, 13, 28, 14, 15,
	21, 23, 27, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41,
	43, 42, 44, 45, 101, 103, 104, 105, 106, 48, 49, 53, 50, 51, 54, 55,
	52, 58, 57, 59, 46, 47, 64, 65, 66, 67, 68, 70, 107, 56, 60, 108,
	109, 61, 110, 111, 72, 75, 76, 77, 79, 80, 62, 81, 63, 69, 71, 83,
	88, 89, 90, 91, 92, 94, 73, 74, 78, 82, 84, 85, 86, 87, 93, 112,
	113, 114, 115, 116, 117, 95,
}

// group512Order is for a round, group512ScheduleOrder for a word of schedule and
// a round.
var group512Order = []int{
	5, 0, 2, 3, 1, 6, 7, 4, 9, 10, 11, 14, 12, 13, 16, 17,
	8, 15, 18,
}

// group512LoadOrder is for four rounds and the loading of four words.
var group512LoadOrder = []int{
	0, 4, 3, 5, 2, 6, 1, 7, 8, 11, 9, 12, 10, 13, 14, 15,
	16, 17, 18, 21, 19, 20, 22, 23, 24, 25, 26, 27, 30, 28, 29, 31,
	32, 33, 35, 39, 36, 43, 76, 77, 78, 34, 37, 38, 40, 41, 42, 44,
	45, 46, 79, 47, 49, 80, 48, 50, 51, 82, 53, 52, 54, 57, 58, 55,
	81, 83, 84, 62, 85, 87, 63, 86, 60, 88, 56, 61, 59, 64, 66, 67,
	68, 71, 69, 73, 70, 74, 65, 72, 75,
}

var group512ScheduleOrder = []int{
	0, 2, 3, 1, 4, 6, 7, 9, 14, 5, 8, 21, 10, 12, 13, 16,
	17, 20, 18, 11, 19, 15, 23, 22, 24, 26, 25, 27, 28, 29,
}

// list collects instructions before they are arranged.
type list []string

func (l *list) op(format string, a ...any) { *l = append(*l, fmt.Sprintf(format, a...)) }

func (fn *Func) ops(l list) {
	for _, ins := range l {
		if ins != "" {
			fn.Op("%s", ins)
		}
	}
}

// arrange returns l in the given order. Empty instructions do nothing. It panics if order is not a permutation
// or moves an instruction past one that it depends on.
func arrange(l list, order []int) list {
	if len(order) != len(l) {
		panic(fmt.Sprintf("order of %d for %d instructions", len(order), len(l)))
	}
	at := make([]int, len(l))
	var out list
	for place, i := range order {
		at[i] = place + 1
		out = append(out, l[i])
	}
	for j := range l {
		for i := range j {
			if at[i] == 0 || at[i] > at[j] && depends(l[i], l[j]) {
				panic(fmt.Sprintf("%q must not come before %q", l[j], l[i]))
			}
		}
	}
	return out
}

// depends reports whether first and second, one of them writing, name the same
// register or address.
func depends(first, second string) bool {
	if first == "" || second == "" {
		return false
	}
	r1, w1 := effects(first)
	r2, w2 := effects(second)
	return slices.Contains(r2, w1) || slices.Contains(r1, w2) || w1 == w2
}

var vectorRegister = regexp.MustCompile(`^[XYZ](\d+)$`)

// effects names what an instruction reads and the one thing it writes. An
// instruction of two operands that is no move, and one that selects by table,
// or under a mask, reads what it writes.
func effects(ins string) (reads []string, write string) {
	op, operands, _ := strings.Cut(ins, " ")
	all := strings.Split(operands, ",")
	for i := range all {
		all[i] = vectorRegister.ReplaceAllString(strings.TrimSpace(all[i]), "V$1")
	}
	write = all[len(all)-1]
	reads = all[:len(all)-1]
	move := strings.Contains(op, "MOV") || strings.HasPrefix(op, "VPBROADCAST")
	masked := strings.HasPrefix(all[max(0, len(all)-2)], "K")
	if len(all) == 2 && !move || masked || strings.HasPrefix(op, "VPTERNLOG") {
		reads = append(reads[:len(reads):len(reads)], write)
	}
	return reads, write
}
