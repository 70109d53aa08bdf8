package bench

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
	"math/rand/v2"

	"github.com/kmsmac/kmsmac/engine"
)

// engineHashes are the standard library's, for what the engine is held against.
var engineHashes = map[engine.Algorithm]func() hash.Hash{
	engine.HMACSHA224: sha256.New224, engine.HMACSHA256: sha256.New,
	engine.HMACSHA384: sha512.New384, engine.HMACSHA512: sha512.New,
}

// engineWork is what the cases of a session share: secrets, messages and the
// right tags. Message i of any size is under secret i modulo engineKeys.
type engineWork struct {
	seed     uint64
	most     int // messages of each size
	secrets  [][]byte
	messages map[SizeRange][][]byte
	tags     map[workKey][][]byte
	keys     map[keyOf][]*engine.Key
}

type workKey struct {
	alg  engine.Algorithm
	size SizeRange
}

type keyOf struct {
	impl string
	alg  engine.Algorithm
}

func newEngineWork(seed uint64, specs []engineSpec) *engineWork {
	w := &engineWork{seed: seed, messages: map[SizeRange][][]byte{}, tags: map[workKey][][]byte{}, keys: map[keyOf][]*engine.Key{}}
	for _, s := range specs {
		w.most = max(w.most, s.jobs)
	}
	random := rand.NewChaCha8(seedBytes(seed, 1))
	for range engineKeys {
		secret := make([]byte, 32)
		_, _ = random.Read(secret) // never fails, by its documentation
		w.secrets = append(w.secrets, secret)
	}
	return w
}

func seedBytes(seed, stream uint64) (b [32]byte) {
	for i := range 8 {
		b[i], b[8+i] = byte(seed>>(8*i)), byte(stream>>(8*i))
	}
	return b
}

// messageStride keeps messages as an allocator would: on their own 32 bytes.
const messageStride = 32

// messagesOf are the messages of a size, in one piece of memory.
func (w *engineWork) messagesOf(size SizeRange) [][]byte {
	if list, ok := w.messages[size]; ok {
		return list
	}
	random := rand.New(rand.NewChaCha8(seedBytes(w.seed, uint64(size.Min)<<32|uint64(size.Max)+2)))
	lengths, total := make([]int, w.most), 0
	for i := range lengths {
		lengths[i] = size.Min + random.IntN(size.Max-size.Min+1)
		total += lengths[i] + messageStride
	}
	arena, list := make([]byte, total), make([][]byte, w.most)
	for i := range arena {
		arena[i] = byte(random.Uint32())
	}
	for i, n := range lengths {
		list[i] = arena[:n:n]
		arena = arena[(n+messageStride-1)/messageStride*messageStride:]
	}
	w.messages[size] = list
	return list
}

// tagsOf are the right tags, by crypto/hmac.
func (w *engineWork) tagsOf(alg engine.Algorithm, size SizeRange) [][]byte {
	at := workKey{alg, size}
	if list, ok := w.tags[at]; ok {
		return list
	}
	var states []*reusedHMAC
	for _, secret := range w.secrets {
		states = append(states, newReusedHMAC(alg, secret))
	}
	var list [][]byte
	for i, msg := range w.messagesOf(size) {
		list = append(list, states[i%engineKeys].sum(nil, msg))
	}
	w.tags[at] = list
	return list
}

// keysOf are the keys of one implementation.
func (w *engineWork) keysOf(impl string, alg engine.Algorithm) ([]*engine.Key, error) {
	at := keyOf{impl, alg}
	if list, ok := w.keys[at]; ok {
		return list, nil
	}
	by, err := engine.Lookup(impl)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	var list []*engine.Key
	for _, secret := range w.secrets {
		k, err := by.NewKey(alg, secret)
		if err != nil {
			return nil, fmt.Errorf("bench: %w", err)
		}
		list = append(list, k)
	}
	w.keys[at] = list
	return list, nil
}

// reusedHMAC is one crypto/hmac state, reset for each message.
type reusedHMAC struct{ h hash.Hash }

func newReusedHMAC(alg engine.Algorithm, secret []byte) *reusedHMAC {
	return &reusedHMAC{hmac.New(engineHashes[alg], secret)}
}

func (r *reusedHMAC) sum(dst, msg []byte) []byte {
	r.h.Reset()
	r.h.Write(msg)
	return r.h.Sum(dst)
}

// wrongTags counts in got, tags one after another, those that are not want's.
func wrongTags(got []byte, want [][]byte) (wrong int) {
	for _, tag := range want {
		if len(got) < len(tag) || !bytes.Equal(got[:len(tag)], tag) {
			wrong++
		}
		got = got[min(len(got), len(tag)):]
	}
	if len(got) > 0 {
		wrong++
	}
	return wrong
}
