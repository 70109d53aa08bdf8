package lanes

import (
	"math/bits"
	"runtime"
	"unsafe"
)

// Many256 names a kernel for many messages of SHA-224 or SHA-256.
type Many256 uint8

// The kernels for many messages. The zero value is none: every message goes
// through the kernel for one.
const (
	// ManyHybrid does the rounds by SHA-NI and the schedule by AVX-512VL, eight
	// messages at a time and two such groups woven.
	ManyHybrid Many256 = iota + 1
	// ManyPair is two messages at a time by SHA-NI alone.
	ManyPair
	// ManyWide16 is 16 messages at a time by AVX-512.
	ManyWide16
	// ManyWide8 is eight messages at a time by AVX2.
	ManyWide8
)

// Lanes is how many messages a kernel works on at a time; 1 for none.
func (m Many256) Lanes() int {
	switch m {
	case ManyHybrid, ManyWide8:
		return 8
	case ManyPair:
		return 2
	case ManyWide16:
		return 16
	}
	return 1
}

// maxLane is the longest message that goes through a lane; longer ones go one by
// one. With maxGroups it bounds the time of one kernel call, during which the
// goroutine cannot be preempted, to about 20 µs.
const (
	maxLane   = 8 << 10
	maxBlocks = maxLane/64 + 2
	maxSteps  = 200 // blocks of a group of eight in one call
)

// Batch256 computes the tags of many messages under many keys of one hash,
// SHA-224 or SHA-256. It belongs to one goroutine at a time. Make one with
// NewBatch256 and use it again and again: it allocates only to grow.
//
// A round is: Add each message, Run, read Tags, Reset.
type Batch256 struct {
	// Eager makes groups of all that fits a lane, also where one by one would be
	// quicker: it is for tests of kernels.
	Eager bool

	jobs    []job256
	order   []int32 // jobs by falling number of blocks
	count   [maxBlocks + 2]int32
	groups  []group256
	tags    []byte // 32 bytes per job, one more at the end for idle lanes
	scratch []byte // of the kernel; 64-byte aligned
	row     uint64
	used    bool   // scratch holds what Reset has to wipe
	padded  uint64 // 1 + the row for which scratch holds outer paddings; 0 none
	max     uint64 // length of the longest job, once sorted
	known   []known256
	std     std256
}

// job256 holds addresses, not pointers: kernels advance them past their objects,
// and what they point to is kept alive by the caller.
type job256 struct {
	msg, mid uintptr
	len      uint64
}

func (j *job256) blocks() uint64 { return blocks256(j.len) }

// blocks256 is how many inner blocks a message of n bytes has, padding included.
func blocks256(n uint64) uint64 { return (n + 72) >> 6 }

// group256 is what the hybrid kernel reads for eight messages, longest first.
type group256 struct {
	msg [8]uintptr
	len [8]uint64
	mid [8]uintptr
	tag [8]uintptr
	// pad is W+K of the last inner block, if all messages have the same length
	// and it holds nothing of them; else 0.
	pad uintptr
	_   [7]uintptr
}

// NewBatch256 returns an empty batch.
func NewBatch256() *Batch256 {
	b := new(Batch256)
	b.grow(16)
	b.scratch = aligned(scratch256)
	if never {
		sink = b
	}
	return b
}

// never is false; the compiler does not know. What flows into sink is on the
// heap, and a heap object does not move while only its address is known.
var (
	never bool
	//lint:ignore U1000 only ever written
	sink any
	//lint:ignore U1000 only ever written
	sinkMid *Mid256
	//lint:ignore U1000 only ever written
	sinkMsg []byte
)

// aligned is n zero bytes on the heap, 64-byte aligned.
func aligned(n int) []byte {
	s := make([]byte, n+64)
	if never {
		sink = s
	}
	at := -int(uintptr(unsafe.Pointer(&s[0]))) & 63
	return s[at : at+n : at+n]
}

// Add appends one message. Its tag will be at its position in the order of Add.
// All keys of one round are of one hash. The caller changes neither message nor
// key and keeps both alive (runtime.KeepAlive) until Run has returned.
func (b *Batch256) Add(mid *Mid256, msg []byte) {
	if len(b.jobs) == cap(b.jobs) || b.row != mid.row {
		b.prepare(mid, msg)
	}
	b.jobs = append(b.jobs, job256{uintptr(unsafe.Pointer(unsafe.SliceData(msg))), uintptr(unsafe.Pointer(mid)), uint64(len(msg))})
}

// prepare makes room for one more job, of the hash of mid.
func (b *Batch256) prepare(mid *Mid256, msg []byte) {
	if never {
		sinkMid, sinkMsg = mid, msg
	}
	if len(b.jobs) == 0 {
		b.row = mid.row
	}
	if b.row != mid.row {
		panic("lanes: keys of two hashes in one batch")
	}
	if len(b.jobs) == cap(b.jobs) {
		b.grow(2 * cap(b.jobs))
	}
}

// Len is the number of messages added since the last Reset.
func (b *Batch256) Len() int { return len(b.jobs) }

// Tags returns the tags of the last Run, 32 bytes each (28 count for SHA-224),
// in the order of Add. They are the batch's own, until Reset.
func (b *Batch256) Tags() []byte { return b.tags[:32*len(b.jobs)] }

// Reset forgets the messages and wipes what the kernels left: tags, states,
// schedules.
func (b *Batch256) Reset() {
	if len(b.jobs) == 0 {
		return
	}
	clear(b.tags[:min(len(b.tags), 32*len(b.jobs)+32)])
	b.std.wipe()
	b.jobs = b.jobs[:0]
	if b.used {
		clear(b.scratch)
		b.used, b.padded = false, 0
	}
}

func (b *Batch256) grow(n int) {
	b.jobs = append(make([]job256, 0, n), b.jobs...)
	b.order = make([]int32, n)
	tags := aligned(32*n + 32)
	copy(tags, b.tags)
	clear(b.tags)
	b.tags = tags
}

// Run computes all tags: groups by the kernel many, what is left by one, or by
// the standard library if one is 0. The CPU must have both kernels.
func (b *Batch256) Run(one Single256, many Many256) {
	if len(b.jobs) == 0 {
		return
	}
	b.sort()
	switch many {
	case 0:
		b.singly(one, 0, len(b.jobs))
	case ManyHybrid:
		b.hybrid(one)
	case ManyPair, ManyWide16, ManyWide8:
		b.eachGroup(many, one, func(from, to int) { b.stepped(many, from, to) })
	default:
		panic("lanes: no such kernel for many messages")
	}
	runtime.KeepAlive(b)
}

// sort fills order. Jobs longer than maxLane count as one class, the first.
func (b *Batch256) sort() {
	lo, hi := b.jobs[0].len, b.jobs[0].len
	for i := range b.jobs {
		lo, hi = min(lo, b.jobs[i].len), max(hi, b.jobs[i].len)
	}
	b.max = hi
	order := b.order[:len(b.jobs)]
	lo, hi = min(blocks256(lo), maxBlocks+1), min(blocks256(hi), maxBlocks+1)
	if lo == hi {
		for i := range order {
			order[i] = int32(i)
		}
		return
	}
	count := b.count[lo : hi+1]
	clear(count)
	for i := range b.jobs {
		count[min(b.jobs[i].blocks(), maxBlocks+1)-lo]++
	}
	at := int32(0)
	for k := len(count) - 1; k >= 0; k-- {
		at, count[k] = at+count[k], at
	}
	for i := range b.jobs {
		k := min(b.jobs[i].blocks(), maxBlocks+1) - lo
		order[count[k]] = int32(i)
		count[k]++
	}
}

// long counts the jobs at the start of order that are too long for a lane.
func (b *Batch256) long() int {
	if blocks256(b.max) <= maxBlocks {
		return 0
	}
	for at, i := range b.order[:len(b.jobs)] {
		if b.jobs[i].blocks() <= maxBlocks {
			return at
		}
	}
	return len(b.jobs)
}

// singly computes order[from:to] one by one.
func (b *Batch256) singly(one Single256, from, to int) {
	for _, i := range b.order[from:to] {
		j := &b.jobs[i]
		msg := unsafe.Slice((*byte)(address(j.msg)), j.len)
		mid, tag := (*Mid256)(address(j.mid)), (*[32]byte)(b.tags[32*i:])
		if one == 0 {
			b.std.sum(mid, msg, tag)
			continue
		}
		one.Sum(mid, msg, tag)
	}
}

// address undoes uintptr(unsafe.Pointer(p)) for an object that the caller of Add
// keeps alive and that is on the heap.
func address(p uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&p)) }

// group fills g with order[from:to], at most eight jobs. Idle lanes repeat the
// last one, with a tag of their own.
func (b *Batch256) group(g *group256, from, to int) {
	tags := uintptr(unsafe.Pointer(&b.tags[0]))
	order := b.order[from:to]
	if len(order) > 8 {
		order = order[:8]
	}
	jobs := b.jobs
	for l, i := range order {
		j := &jobs[i]
		g.msg[l], g.len[l], g.mid[l], g.tag[l] = j.msg, j.len, j.mid, tags+32*uintptr(i)
	}
	for l := len(order); l < 8; l++ {
		g.msg[l], g.len[l], g.mid[l] = g.msg[l-1], g.len[l-1], g.mid[l-1]
		g.tag[l] = tags + 32*uintptr(len(jobs))
	}
}

// known256 is W+K of the last inner block of messages of one length, a multiple
// of 64. It depends on nothing but the length, so it outlives Reset.
type known256 struct {
	len   uint64
	table []byte
}

// padding writes what follows the inner digest in an outer block, but for the
// byte 0x80 of SHA-224, which comes with each digest.
func padding(block []byte, row uint64) {
	clear(block[28:64])
	at, digest := 32, 32
	if row == rowSHA224 {
		at, digest = 28, 28
	}
	block[at] = 0x80
	length := bits.ReverseBytes64(uint64(64+digest) * 8)
	*(*uint64)(unsafe.Pointer(&block[56])) = length
}
