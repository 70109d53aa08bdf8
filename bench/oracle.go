package bench

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/kmsmac/kmsmac/target"
)

// How replies are verified; the values of results.Load.VerifiedBy.
const (
	VerifiedByEngine      = "engine"      // the tag is computed here
	VerifiedByConsistency = "consistency" // the tag is that of the target's first answer
)

// consistencyPool is the number of messages whose tags are learnt for each of n
// keys without a known secret.
func consistencyPool(n int) int { return min(max(64/max(n, 1), 2), 16) }

// ErrSecretMismatch says that a secret given for an existing key is not its
// material, or that the target computes wrong tags: nobody can tell which.
var ErrSecretMismatch = errors.New("the key's tags are not those of the secret given for it: it is the secret of another key, or the target computes wrong tags")

// openExisting finds out the specs of the plan's keys. It changes nothing.
func (r *keyring) openExisting(ctx context.Context) error {
	for i, name := range r.plan.Workload.Keys {
		k := &benchKey{name: name}
		var err error
		if k.spec, err = r.specOf(ctx, i, name); err != nil {
			return err
		}
		var ok bool
		if k.alg, ok = target.AlgorithmOf(k.spec); !ok {
			return fmt.Errorf("bench: key %s has spec %s: not an HMAC key", name, k.spec)
		}
		if secret, ok := r.options.Secrets[name]; ok {
			if k.local, err = r.options.NewKey(k.alg, secret); err != nil {
				return fmt.Errorf("bench: secret of key %s: %w", name, err)
			}
		}
		r.keys = append(r.keys, k)
		if err := r.learn(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

// specOf asks the target; where that is not allowed, the plan must say.
func (r *keyring) specOf(ctx context.Context, i int, name string) (string, error) {
	specs := r.plan.Workload.KeySpecs
	var planned string
	if len(specs) > 0 {
		planned = specs[i%len(specs)]
	}
	if r.admin == nil && planned == "" {
		return "", fmt.Errorf("bench: %s cannot describe key %s: say its key spec", r.target.Info().Name, name)
	}
	if r.admin == nil {
		return planned, nil
	}
	var md target.KeyMetadata
	err := r.ask(ctx, 1, func(ctx context.Context) (err error) {
		md, err = r.admin.DescribeKey(ctx, name)
		return err
	})
	switch kind := target.KindOf(err); {
	case (kind == target.AccessDenied || kind == target.Unsupported) && planned != "":
		return planned, nil
	case err != nil:
		return "", fmt.Errorf("bench: describing key %s: %w", name, err)
	case planned != "" && md.KeySpec != planned:
		return "", fmt.Errorf("bench: key %s has spec %s, not %s", name, md.KeySpec, planned)
	}
	return md.KeySpec, nil
}

// learn makes sure that the key answers, and learns what is needed to verify
// its replies.
func (r *keyring) learn(ctx context.Context, k *benchKey) error {
	if k.local == nil {
		return r.learnPool(ctx, k)
	}
	ours, w, msg := len(r.plan.Workload.Keys) == 0, r.plan.Workload, r.message(0, defaultMessageSize)
	if w.Generate > 0 {
		tag, err := r.tag(ctx, k, msg)
		if err != nil {
			return fmt.Errorf("bench: first GenerateMac of key %s: %w", k.name, err)
		}
		if ours || k.local.Verify(msg, tag) {
			return nil // wrong tags of a key that we imported are found under load
		}
	}
	if w.Verify > 0 {
		accepted, err := r.verify(ctx, k, msg, k.local.Sum(nil, msg))
		if err != nil {
			return fmt.Errorf("bench: first VerifyMac of key %s: %w", k.name, err)
		}
		if ours || accepted {
			return nil
		}
	}
	return fmt.Errorf("bench: key %s: %w", k.name, ErrSecretMismatch)
}

// learnPool asks for the tags of a few messages and holds the target to them.
func (r *keyring) learnPool(ctx context.Context, k *benchKey) error {
	choose, err := newChooser(r.plan.Seed, r.plan.Workload)
	if err != nil {
		return err
	}
	for j := range consistencyPool(r.plan.Workload.keys()) {
		n := uint64(len(r.keys))<<32 + uint64(j)
		msg := r.message(n, choose.size(draw(r.plan.Seed, saltSize, n)))
		tag, err := r.tag(ctx, k, msg)
		if err != nil {
			return fmt.Errorf("bench: first GenerateMac of key %s: %w", k.name, err)
		}
		if len(tag) != k.alg.Size() {
			r.wrong = append(r.wrong, fmt.Sprintf("GenerateMac %s: a tag of %d bytes, not %d", k.spec, len(tag), k.alg.Size()))
		}
		k.pool = append(k.pool, known{msg, tag})
	}
	return r.probe(ctx, k)
}

// probe holds the target to consistency once: same message same tag, its tag
// accepted, a changed tag refused.
func (r *keyring) probe(ctx context.Context, k *benchKey) error {
	first := k.pool[0]
	again, err := r.tag(ctx, k, first.msg)
	if err != nil {
		return fmt.Errorf("bench: GenerateMac of key %s: %w", k.name, err)
	}
	if !bytes.Equal(again, first.tag) {
		r.wrong = append(r.wrong, fmt.Sprintf("GenerateMac %s: two tags for one message", k.spec))
	}
	if len(first.tag) == 0 {
		return nil // already reported; there is no tag to verify
	}
	if r.plan.Workload.Verify == 0 {
		return nil // the caller may lack the permission
	}
	changed := bytes.Clone(first.tag)
	changed[0] ^= 1
	for _, c := range []struct {
		tag  []byte
		want bool
		text string
	}{{first.tag, true, "its own tag refused"}, {changed, false, "a changed tag accepted"}} {
		got, err := r.verify(ctx, k, first.msg, c.tag)
		if err != nil {
			return fmt.Errorf("bench: VerifyMac of key %s: %w", k.name, err)
		}
		if got != c.want {
			r.wrong = append(r.wrong, fmt.Sprintf("VerifyMac %s: %s", k.spec, c.text))
		}
	}
	return nil
}

func (r *keyring) tag(ctx context.Context, k *benchKey, msg []byte) (tag []byte, err error) {
	err = r.ask(ctx, 1, func(ctx context.Context) error {
		reply, err := r.target.GenerateMac(ctx, target.GenerateMacRequest{KeyID: k.name, Algorithm: k.alg, Message: msg})
		tag = reply.Tag
		return err
	})
	return tag, err
}

// verify asks whether the target accepts tag.
func (r *keyring) verify(ctx context.Context, k *benchKey, msg, tag []byte) (accepted bool, err error) {
	err = r.ask(ctx, 1, func(ctx context.Context) error {
		reply, err := r.target.VerifyMac(ctx, target.VerifyMacRequest{KeyID: k.name, Algorithm: k.alg, Message: msg, Tag: tag})
		accepted = reply.Valid
		return err
	})
	if target.KindOf(err) == target.InvalidMac {
		return false, nil
	}
	return accepted, err
}

func (r *keyring) message(n uint64, size int) []byte {
	buf := baseMessage(r.plan.Seed)[:size]
	stamp(buf, r.plan.Seed, n)
	return buf
}

// baseMessage is the bytes that all messages of a plan share but for their
// stamp.
func baseMessage(seed uint64) []byte {
	buf := make([]byte, MaxMessageSize)
	for i := 0; i < len(buf); i += 8 {
		binary.LittleEndian.PutUint64(buf[i:], draw(seed, saltMessage, uint64(i)))
	}
	return buf
}

// stamp makes the message of position n its own: no target can answer it from
// a cache. Messages shorter than eight bytes repeat.
func stamp(msg []byte, seed, n uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], draw(seed, saltStamp, n))
	copy(msg, b[:])
}
