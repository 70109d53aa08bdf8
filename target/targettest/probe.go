package targettest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"sync"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

// probe is one check at work on one target.
type probe struct {
	ctx    context.Context
	limits limits
	target target.Target
	admin  target.KeyAdmin

	mu       sync.Mutex
	failures []string
	skipped  string

	made []string // keys to remove
}

func (p *probe) errorf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failures = append(p.failures, fmt.Sprintf(format, args...))
}

// fatalf ends the check. Only its own goroutine may call it.
func (p *probe) fatalf(format string, args ...any) {
	p.errorf(format, args...)
	panic(errStop)
}

// skipf ends the check because the target cannot take it.
func (p *probe) skipf(format string, args ...any) {
	p.mu.Lock()
	p.skipped = fmt.Sprintf(format, args...)
	p.mu.Unlock()
	panic(errStop)
}

func (p *probe) found() (failures []string, skipped string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.failures...), p.skipped
}

// must ends the check on an error of a step that only prepares.
func (p *probe) must(step string, err error) {
	if err != nil {
		p.fatalf("%s: %v", step, err)
	}
}

// secretFor is material of exactly the length of the key spec.
func secretFor(alg engine.Algorithm) []byte {
	secret := make([]byte, alg.Size())
	_, _ = rand.Read(secret) // never fails
	return secret
}

// newKey makes a key with the target's own material.
func (p *probe) newKey(alg engine.Algorithm) target.KeyMetadata {
	return p.create(target.CreateKeyRequest{KeySpec: target.KeySpec(alg)})
}

func (p *probe) create(req target.CreateKeyRequest) target.KeyMetadata {
	m, err := p.admin.CreateKey(p.ctx, req)
	p.must("CreateKey", err)
	p.made = append(p.made, m.KeyID)
	return m
}

// imported makes a key of known material. It ends the check, as one that the
// target cannot take, if there is no import.
func (p *probe) imported(alg engine.Algorithm, secret []byte) target.KeyMetadata {
	m, err := p.admin.CreateKey(p.ctx, target.CreateKeyRequest{KeySpec: target.KeySpec(alg), Origin: target.OriginExternal})
	if err == nil {
		p.made = append(p.made, m.KeyID)
		err = p.admin.ImportKey(p.ctx, m.KeyID, secret)
	}
	if target.KindOf(err) == target.Unsupported {
		p.skipf("the target cannot import: %v", err)
	}
	p.must("import of a key", err)
	return m
}

// removeKeys schedules the deletion of what the check made. It has a time limit
// of its own: a check that ran out of time leaves no keys either.
func (p *probe) removeKeys() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), p.limits.prompt)
	defer cancel()
	for _, id := range p.made {
		// A check may have scheduled it already; nothing else is worth a failure
		// that would hide the check's own.
		_, _ = p.admin.ScheduleKeyDeletion(ctx, id, 7)
	}
}

// alias is a name that no other check has.
func (p *probe) alias() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return "alias/targettest-" + hex.EncodeToString(b[:])
}

// generate asks for a tag and holds the reply against the promises of the seam.
func (p *probe) generate(keyID string, alg engine.Algorithm, msg []byte) (target.GenerateMacReply, error) {
	got, err := p.target.GenerateMac(p.ctx, target.GenerateMacRequest{KeyID: keyID, Algorithm: alg, Message: msg})
	if err != nil {
		return got, err
	}
	if len(got.Tag) != alg.Size() || got.Algorithm != alg {
		p.errorf("GenerateMac with %v: tag of %d bytes for %v, want %d", alg, len(got.Tag), got.Algorithm, alg.Size())
	}
	p.checkTrace("GenerateMac", got.Trace)
	return got, nil
}

// tag is generate for steps that cannot go on without.
func (p *probe) tag(keyID string, alg engine.Algorithm, msg []byte) []byte {
	got, err := p.generate(keyID, alg, msg)
	p.must("GenerateMac", err)
	return got.Tag
}

func (p *probe) verify(keyID string, alg engine.Algorithm, msg, tag []byte) (target.VerifyMacReply, error) {
	got, err := p.target.VerifyMac(p.ctx, target.VerifyMacRequest{KeyID: keyID, Algorithm: alg, Message: msg, Tag: tag})
	if err == nil {
		p.checkTrace("VerifyMac", got.Trace)
	}
	return got, err
}

func (p *probe) checkTrace(operation string, trace target.Trace) {
	if trace.Attempts < 1 || trace.Throttles < 0 || trace.Throttles > trace.Attempts || trace.Wire < 0 {
		p.errorf("%s: trace %+v of a request that was answered", operation, trace)
	}
}

// wantKind holds an error against the kinds that are right.
func (p *probe) wantKind(what string, err error, kinds ...target.Kind) {
	if err == nil {
		p.errorf("%s: no error, want kind %v", what, kinds)
		return
	}
	var e *target.Error
	if !errors.As(err, &e) {
		p.errorf("%s: %v (%T), want a *target.Error", what, err, err)
		return
	}
	if e.Operation == "" || e.Error() == "" || bytes.ContainsAny([]byte(e.Error()), "\n\r") {
		p.errorf("%s: operation %q, text %q, want both, on one line", what, e.Operation, e.Error())
	}
	for _, k := range kinds {
		if e.Kind == k {
			return
		}
	}
	p.errorf("%s: kind %q (%v), want %v", what, e.Kind, err, kinds)
}

// promptly runs a call that must return at once.
func (p *probe) promptly(what string, call func() error) error {
	done := make(chan error, 1)
	go func() { done <- call() }()
	timer := time.NewTimer(p.limits.prompt)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		p.fatalf("%s: no return within %v of the end of its context", what, p.limits.prompt)
	}
	return nil
}

// standard is the tag that the standard library makes.
func standard(alg engine.Algorithm, secret, msg []byte) []byte {
	h := hmac.New(hashOf(alg), secret)
	h.Write(msg)
	return h.Sum(nil)
}

func hashOf(alg engine.Algorithm) func() hash.Hash {
	switch alg {
	case engine.HMACSHA224:
		return sha256.New224
	case engine.HMACSHA256:
		return sha256.New
	case engine.HMACSHA384:
		return sha512.New384
	}
	return sha512.New
}

// pattern is a message of n bytes that differ along it.
func pattern(n int) []byte {
	msg := make([]byte, n)
	for i := range msg {
		msg[i] = byte(i*7 + i>>8)
	}
	return msg
}

func eachAlgorithm(f func(alg engine.Algorithm)) {
	for _, alg := range engine.Algorithms() {
		f(alg)
	}
}
