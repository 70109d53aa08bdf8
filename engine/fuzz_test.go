package engine_test

import (
	"bytes"
	"testing"

	"github.com/kmsmac/kmsmac/engine"
)

// eachFuzz calls f for every implementation of alg.
func eachFuzz(alg engine.Algorithm, f func(impl engine.Impl)) {
	for _, impl := range engine.Impls() {
		if impl.Supports(alg) {
			f(impl)
		}
	}
}

func algorithmOf(choice byte) engine.Algorithm {
	all := engine.Algorithms()
	return all[int(choice)%len(all)]
}

// FuzzKey tries secrets and messages of any content, whole and in two writes.
func FuzzKey(f *testing.F) {
	f.Add(byte(1), []byte("Jefe"), []byte("what do ya want for nothing?"), uint16(3))
	f.Add(byte(0), pattern(65, 1), pattern(56, 2), uint16(0))
	f.Add(byte(2), pattern(129, 1), pattern(112, 2), uint16(111))
	f.Add(byte(3), []byte{0}, []byte{}, uint16(9))
	f.Fuzz(func(t *testing.T, choice byte, secret, msg []byte, split uint16) {
		if len(secret) == 0 {
			return
		}
		alg := algorithmOf(choice)
		want := oracle(alg, secret, msg)
		at := int(split) % (len(msg) + 1)
		eachFuzz(alg, func(impl engine.Impl) {
			k := mustKey(t, impl, alg, secret)
			defer k.Destroy()
			if got := k.Sum(nil, msg); !bytes.Equal(got, want) || !k.Verify(msg, want) {
				t.Errorf("%s on %s: got %x, want %x", alg, impl, got, want)
			}
			s := k.Stream()
			defer s.Release()
			s.Write(msg[:at])
			s.Write(msg[at:])
			if got := s.Sum(nil); !bytes.Equal(got, want) {
				t.Errorf("%s on %s, streamed: got %x, want %x", alg, impl, got, want)
			}
		})
	})
}

// FuzzBatch reads a batch out of plan, four bytes a job: algorithm and
// implementation, key, length. So it tries length lists, the order of lanes and
// mixtures.
func FuzzBatch(f *testing.F) {
	f.Add([]byte{1, 0, 0, 64, 1, 1, 0, 64, 1, 2, 0, 64, 1, 3, 0, 64, 1, 4, 0, 64, 1, 5, 0, 64, 1, 6, 0, 64, 1, 7, 0, 64})
	f.Add([]byte{3, 0, 1, 0, 2, 1, 0, 5, 1, 2, 15, 255, 0, 3, 0, 0, 3, 4, 4, 4})
	f.Add(bytes.Repeat([]byte{5, 1, 0, 55, 5, 2, 0, 56}, 20))
	impls := engine.Impls()
	content := pattern(1<<13, 3)
	f.Fuzz(func(t *testing.T, plan []byte) {
		var jobs []engine.Job
		var want [][]byte
		for ; len(plan) >= 4 && len(jobs) < 600; plan = plan[4:] {
			alg, impl := algorithmOf(plan[0]), impls[int(plan[0]/4)%len(impls)]
			if !impl.Supports(alg) {
				impl = engine.Default(alg)
			}
			secret := content[:1+int(plan[1])]
			msg := content[int(plan[1]):][:int(plan[2]%20)<<8|int(plan[3])]
			jobs = append(jobs, engine.Job{Key: mustKey(t, impl, alg, secret), Msg: msg})
			want = append(want, oracle(alg, secret, msg))
		}
		b := engine.NewEagerBatch()
		if got, w := b.Sum(nil, jobs), bytes.Join(want, nil); !bytes.Equal(got, w) {
			t.Errorf("batch of %d: got %x, want %x", len(jobs), got, w)
		}
		ok := make([]bool, len(jobs))
		b.Verify(ok, jobs, want)
		for i := range ok {
			if !ok[i] {
				t.Errorf("job %d of %d: right tag refused", i, len(jobs))
			}
		}
	})
}
