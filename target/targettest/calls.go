package targettest

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

var callChecks = []check{
	{"calls/context", checkContext},
	{"calls/slices", checkSlices},
	{"calls/concurrency", checkConcurrency},
}

// checkContext calls with contexts that are over: both kinds of end, at once,
// and the target works on.
func checkContext(p *probe) {
	const alg = engine.HMACSHA256
	key := p.newKey(alg)
	msg := pattern(16)
	tag := p.tag(key.KeyID, alg, msg)

	cancelled, cancel := context.WithCancel(p.ctx)
	cancel()
	late, cancel := context.WithDeadline(p.ctx, time.Now().Add(-time.Second))
	defer cancel()
	for _, over := range []struct {
		what string
		ctx  context.Context
		kind target.Kind
	}{
		{"a cancelled context", cancelled, target.Cancelled},
		{"a deadline in the past", late, target.Timeout},
	} {
		calls := map[string]func() error{
			"GenerateMac": func() error {
				_, err := p.target.GenerateMac(over.ctx, target.GenerateMacRequest{KeyID: key.KeyID, Algorithm: alg, Message: msg})
				return err
			},
			"VerifyMac": func() error {
				_, err := p.target.VerifyMac(over.ctx, target.VerifyMacRequest{KeyID: key.KeyID, Algorithm: alg, Message: msg, Tag: tag})
				return err
			},
			"DescribeKey": func() error {
				_, err := p.admin.DescribeKey(over.ctx, key.KeyID)
				return err
			},
		}
		for name, call := range calls {
			what := name + " with " + over.what
			p.wantKind(what, p.promptly(what, call), over.kind)
		}
	}
	p.checkValid(key, alg, msg, tag)
}

// checkSlices holds both sides to their ends of the bargain: the target keeps
// and changes nothing of the request, and shares nothing of the reply.
func checkSlices(p *probe) {
	const alg = engine.HMACSHA256
	secret := secretFor(alg)
	original := bytes.Clone(secret)
	key := p.imported(alg, secret)
	clear(secret) // the target must not have kept it

	msg := pattern(64)
	kept := bytes.Clone(msg)
	first := p.tag(key.KeyID, alg, msg)
	want := standard(alg, original, kept)
	if !bytes.Equal(first, want) {
		p.errorf("tag %x after the imported slice was wiped, want %x", first, want)
	}
	if !bytes.Equal(msg, kept) {
		p.errorf("GenerateMac changed the message")
	}

	// The caller reuses its buffer: same slice, another message.
	for i := range msg {
		msg[i] ^= 0xff
	}
	want = standard(alg, original, msg)
	if got := p.tag(key.KeyID, alg, msg); !bytes.Equal(got, want) {
		p.errorf("tag %x of another message in the same slice, want %x", got, want)
	}
	if got := standard(alg, original, kept); !bytes.Equal(first, got) {
		p.errorf("the tag of an earlier reply is now %x, was %x", first, got)
	}

	// The caller owns the reply.
	clear(first)
	want = standard(alg, original, kept)
	if got := p.tag(key.KeyID, alg, kept); !bytes.Equal(got, want) {
		p.errorf("tag %x after the caller wiped an earlier reply, want %x", got, want)
	}

	tag := bytes.Clone(want)
	p.checkValid(key, alg, kept, tag)
	if !bytes.Equal(tag, want) || !bytes.Equal(kept, pattern(64)) {
		p.errorf("VerifyMac changed its request")
	}
	tag[0] ^= 1
	_, err := p.verify(key.KeyID, alg, kept, tag)
	p.wantKind("VerifyMac of another tag in the same slice", err, target.InvalidMac)
}

const (
	callers        = 8
	callsPerCaller = 25
)

// checkConcurrency mixes keys, algorithms and operations; every answer is held
// against the standard library.
func checkConcurrency(p *probe) {
	type known struct {
		target.KeyMetadata
		alg    engine.Algorithm
		secret []byte
	}
	var keys []known
	eachAlgorithm(func(alg engine.Algorithm) {
		secret := secretFor(alg)
		keys = append(keys, known{p.imported(alg, secret), alg, secret})
	})
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			p.guarded(func() {
				for i := range callsPerCaller {
					k := keys[(caller+i)%len(keys)]
					msg := pattern(8 + (caller*131+i*17)%300)
					binary.BigEndian.PutUint64(msg, uint64(caller*callsPerCaller+i))
					want := standard(k.alg, k.secret, msg)
					p.oneOfMany(fmt.Sprintf("caller %d, call %d", caller, i), k.KeyMetadata, k.alg, msg, want)
				}
			})
		})
	}
	wg.Wait()
}

func (p *probe) oneOfMany(what string, key target.KeyMetadata, alg engine.Algorithm, msg, want []byte) {
	got, err := p.generate(key.KeyID, alg, msg)
	if err != nil || !bytes.Equal(got.Tag, want) || got.KeyID != key.ARN {
		p.errorf("%s: tag %x of key %s, %v, want %x of %s", what, got.Tag, got.KeyID, err, want, key.ARN)
	}
	valid, err := p.verify(key.KeyID, alg, msg, want)
	if err != nil || !valid.Valid {
		p.errorf("%s: VerifyMac: %+v, %v", what, valid, err)
	}
	wrong := bytes.Clone(want)
	wrong[len(wrong)-1] ^= 1
	if _, err := p.verify(key.KeyID, alg, msg, wrong); target.KindOf(err) != target.InvalidMac {
		p.errorf("%s: VerifyMac of a wrong tag: %v", what, err)
	}
}
