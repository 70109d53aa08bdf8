package bench

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/results"
)

// engineArm does the work of one case.
type engineArm interface {
	// turn does the piece of work so many times, after once more that is not
	// measured, and returns the time of all.
	turn(times int) (time.Duration, error)
	// check does it once and counts the tags held against crypto/hmac.
	check() (checked, wrong int, err error)
	// allocs is how often the work allocates per MAC; nil where nobody can tell.
	allocs() *float64
}

// localArm is the work of one of our implementations, or of CryptoHMAC.
type localArm struct {
	jobs int
	work func(times int)
	// tags does the work once and returns the tags; verdicts instead, where the
	// work verifies, gives the verdicts on right and on wrong tags.
	tags     func() []byte
	verdicts func() (right, wrong []bool)
	want     [][]byte
}

func (a *localArm) turn(times int) (time.Duration, error) {
	a.work(1)
	start := time.Now()
	a.work(times)
	return time.Since(start), nil
}

func (a *localArm) check() (checked, wrong int, err error) {
	if a.verdicts == nil {
		return len(a.want), wrongTags(a.tags(), a.want), nil
	}
	right, spoilt := a.verdicts()
	for i := range right {
		if !right[i] || spoilt[i] {
			wrong++
		}
	}
	return len(right), wrong, nil
}

// allocs takes the least of several counts: what else runs in this process can
// only add to one.
func (a *localArm) allocs() *float64 {
	times := max(1, 64/a.jobs)
	least := 0.0
	for try := range 3 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		a.work(times)
		runtime.ReadMemStats(&after)
		n := float64(after.Mallocs-before.Mallocs) / float64(times*a.jobs)
		if try == 0 || n < least {
			least = n
		}
		if least == 0 {
			break
		}
	}
	return &least
}

// newLocalArm makes the work of s. What the work touches is on the heap and its
// own, but for messages, which nobody changes.
func newLocalArm(w *engineWork, s engineSpec) (*localArm, error) {
	a := &localArm{jobs: s.jobs, want: w.tagsOf(s.alg, s.size)[:s.jobs]}
	msgs, dst := w.messagesOf(s.size)[:s.jobs], make([]byte, 0, s.jobs*64)
	if s.impl == CryptoHMAC {
		return a, a.reference(w, s, msgs, dst)
	}
	keys, err := w.keysOf(s.impl, s.alg)
	if err != nil {
		return nil, err
	}
	jobs := make([]engine.Job, s.jobs)
	for i := range jobs {
		jobs[i] = engine.Job{Key: keys[i%engineKeys], Msg: msgs[i]}
	}
	switch s.op {
	case results.OpSum:
		a.singly(jobs, dst)
	case results.OpSumChained:
		a.chained(jobs, dst)
	case results.OpVerify:
		a.verifying(jobs)
	case results.OpBatch:
		b := engine.NewBatch()
		a.work = func(times int) {
			for range times {
				b.Sum(dst, jobs)
			}
		}
		a.tags = func() []byte { return b.Sum(nil, jobs) }
	default:
		return nil, fmt.Errorf("bench: unknown operation %q", s.op)
	}
	return a, nil
}

// singly computes tag after tag. One message has a loop of its own, as a loop
// over jobs would be part of the figure.
func (a *localArm) singly(jobs []engine.Job, dst []byte) {
	all := func(to []byte) []byte {
		for i := range jobs {
			to = jobs[i].Key.Sum(to, jobs[i].Msg)
		}
		return to
	}
	a.tags = func() []byte { return all(nil) }
	a.work = func(times int) {
		for range times {
			all(dst)
		}
	}
	if len(jobs) == 1 {
		k, msg := jobs[0].Key, jobs[0].Msg
		a.work = func(times int) {
			for range times {
				k.Sum(dst, msg)
			}
		}
	}
}

// chained begins each message with the tag before it, so that nothing of it can
// start earlier. Only the first message of a chain is checked.
func (a *localArm) chained(jobs []engine.Job, dst []byte) {
	k, msg := jobs[0].Key, slices.Clone(jobs[0].Msg)
	a.jobs, a.want = 1, a.want[:1]
	a.tags = func() []byte { return k.Sum(nil, jobs[0].Msg) }
	a.work = func(times int) {
		for range times {
			copy(msg, k.Sum(dst, msg))
		}
	}
}

func (a *localArm) verifying(jobs []engine.Job) {
	tags := a.want
	a.verdicts = func() (right, wrong []bool) {
		for i, j := range jobs {
			spoilt := slices.Clone(tags[i])
			spoilt[len(spoilt)-1] ^= 1
			right, wrong = append(right, j.Key.Verify(j.Msg, tags[i])), append(wrong, j.Key.Verify(j.Msg, spoilt))
		}
		return right, wrong
	}
	a.work = func(times int) {
		for range times {
			for i := range jobs {
				jobs[i].Key.Verify(jobs[i].Msg, tags[i])
			}
		}
	}
	if len(jobs) == 1 {
		k, msg, tag := jobs[0].Key, jobs[0].Msg, tags[0]
		a.work = func(times int) {
			for range times {
				k.Verify(msg, tag)
			}
		}
	}
}

// reference is CryptoHMAC, which has no call for many messages.
func (a *localArm) reference(w *engineWork, s engineSpec, msgs [][]byte, dst []byte) error {
	if s.op != results.OpSum && s.op != results.OpBatch {
		return fmt.Errorf("bench: %s is not measured with the operation %q", s.impl, s.op)
	}
	states := make([]*reusedHMAC, engineKeys)
	for i := range states {
		states[i] = newReusedHMAC(s.alg, w.secrets[i])
	}
	all := func(to []byte) []byte {
		for i, msg := range msgs {
			to = states[i%engineKeys].sum(to, msg)
		}
		return to
	}
	a.tags = func() []byte { return all(nil) }
	a.work = func(times int) {
		for range times {
			all(dst)
		}
	}
	return nil
}
