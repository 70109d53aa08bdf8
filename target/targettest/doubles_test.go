package targettest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/inproc"
)

// double is a target with one thing broken: the hooks stand in for what is not
// nil, the rest is right.
type double struct {
	*inproc.Target
	generate func(context.Context, target.GenerateMacRequest) (target.GenerateMacReply, error)
	verify   func(context.Context, target.VerifyMacRequest) (target.VerifyMacReply, error)
	importer func(context.Context, string, []byte) error
	describe func(context.Context, string) (target.KeyMetadata, error)
	list     func(context.Context, string, int) (target.KeyPage, error)
	disable  func(context.Context, string) error
	schedule func(context.Context, string, int) (time.Time, error)
	tags     func(context.Context, string) ([]target.ResourceTag, error)
	info     func() target.Info
	close    func() error
}

func (d *double) GenerateMac(ctx context.Context, r target.GenerateMacRequest) (target.GenerateMacReply, error) {
	if d.generate != nil {
		return d.generate(ctx, r)
	}
	return d.Target.GenerateMac(ctx, r)
}

func (d *double) VerifyMac(ctx context.Context, r target.VerifyMacRequest) (target.VerifyMacReply, error) {
	if d.verify != nil {
		return d.verify(ctx, r)
	}
	return d.Target.VerifyMac(ctx, r)
}

func (d *double) ImportKey(ctx context.Context, id string, secret []byte) error {
	if d.importer != nil {
		return d.importer(ctx, id, secret)
	}
	return d.Target.ImportKey(ctx, id, secret)
}

func (d *double) DescribeKey(ctx context.Context, id string) (target.KeyMetadata, error) {
	if d.describe != nil {
		return d.describe(ctx, id)
	}
	return d.Target.DescribeKey(ctx, id)
}

func (d *double) ListKeys(ctx context.Context, marker string, limit int) (target.KeyPage, error) {
	if d.list != nil {
		return d.list(ctx, marker, limit)
	}
	return d.Target.ListKeys(ctx, marker, limit)
}

func (d *double) DisableKey(ctx context.Context, id string) error {
	if d.disable != nil {
		return d.disable(ctx, id)
	}
	return d.Target.DisableKey(ctx, id)
}

func (d *double) ScheduleKeyDeletion(ctx context.Context, id string, days int) (time.Time, error) {
	if d.schedule != nil {
		return d.schedule(ctx, id, days)
	}
	return d.Target.ScheduleKeyDeletion(ctx, id, days)
}

func (d *double) ListResourceTags(ctx context.Context, id string) ([]target.ResourceTag, error) {
	if d.tags != nil {
		return d.tags(ctx, id)
	}
	return d.Target.ListResourceTags(ctx, id)
}

func (d *double) Info() target.Info {
	if d.info != nil {
		return d.info()
	}
	return d.Target.Info()
}

func (d *double) Close() error {
	if d.close != nil {
		return d.close()
	}
	return d.Target.Close()
}

// bits changes the tag of each reply.
func bits(change func([]byte)) func(*double) {
	return func(d *double) {
		d.generate = func(ctx context.Context, r target.GenerateMacRequest) (target.GenerateMacReply, error) {
			got, err := d.Target.GenerateMac(ctx, r)
			if err == nil {
				change(got.Tag)
			}
			return got, err
		}
	}
}

// kind changes the kind of an error.
func kind(from, to target.Kind) func(*double) {
	change := func(err error) error {
		var e *target.Error
		if errors.As(err, &e) && e.Kind == from {
			other := *e
			other.Kind = to
			return &other
		}
		return err
	}
	return func(d *double) {
		d.generate = func(ctx context.Context, r target.GenerateMacRequest) (target.GenerateMacReply, error) {
			got, err := d.Target.GenerateMac(ctx, r)
			return got, change(err)
		}
		d.verify = func(ctx context.Context, r target.VerifyMacRequest) (target.VerifyMacReply, error) {
			got, err := d.Target.VerifyMac(ctx, r)
			return got, change(err)
		}
	}
}

// broken is a way to be wrong; fails names a check whose subject that is.
type broken struct {
	name, fails string
	apply       func(*double)
}

var doubles = []broken{
	{"one bit of each tag is wrong", "tags/standard library", bits(func(tag []byte) { tag[len(tag)-1] ^= 1 })},
	{"one bit of each tag is wrong", "tags/RFC 4231", bits(func(tag []byte) { tag[0] ^= 0x80 })},
	{"one bit of each tag is wrong", "tags/consistency", bits(func(tag []byte) { tag[3] ^= 4 })},
	{"the second half of each tag is zero", "tags/RFC 4231", bits(func(tag []byte) { clear(tag[len(tag)/2:]) })},
	{"tags are truncated", "tags/consistency", func(d *double) {
		d.generate = func(ctx context.Context, r target.GenerateMacRequest) (target.GenerateMacReply, error) {
			got, err := d.Target.GenerateMac(ctx, r)
			if err == nil {
				got.Tag = got.Tag[:16]
			}
			return got, err
		}
	}},
	{"a wrong tag is Valid false, not an error", "tags/wrong tags", func(d *double) {
		d.verify = func(ctx context.Context, r target.VerifyMacRequest) (target.VerifyMacReply, error) {
			got, err := d.Target.VerifyMac(ctx, r)
			if target.KindOf(err) == target.InvalidMac {
				return target.VerifyMacReply{Algorithm: r.Algorithm, Trace: target.Trace{Attempts: 1}}, nil
			}
			return got, err
		}
	}},
	{"every tag is valid", "tags/wrong tags", func(d *double) {
		d.verify = func(ctx context.Context, r target.VerifyMacRequest) (target.VerifyMacReply, error) {
			got, err := d.Target.VerifyMac(ctx, r)
			if target.KindOf(err) == target.InvalidMac {
				m, _ := d.Target.DescribeKey(ctx, r.KeyID)
				return target.VerifyMacReply{KeyID: m.ARN, Algorithm: r.Algorithm, Valid: true, Trace: target.Trace{Attempts: 1}}, nil
			}
			return got, err
		}
	}},
	{"a prefix of a tag is valid", "tags/wrong tags", func(d *double) {
		d.verify = func(ctx context.Context, r target.VerifyMacRequest) (target.VerifyMacReply, error) {
			got, err := d.Target.VerifyMac(ctx, r)
			if target.KindOf(err) != target.InvalidMac {
				return got, err
			}
			whole, gerr := d.Target.GenerateMac(ctx, target.GenerateMacRequest{KeyID: r.KeyID, Algorithm: r.Algorithm, Message: r.Message})
			if gerr == nil && bytes.HasPrefix(whole.Tag, r.Tag) {
				return target.VerifyMacReply{KeyID: whole.KeyID, Algorithm: r.Algorithm, Valid: true, Trace: whole.Trace}, nil
			}
			return got, err
		}
	}},
	{"the end of the message is ignored", "tags/standard library", ignoreEnd},
	{"the end of the message is ignored", "tags/consistency", ignoreEnd},
	{"the reply has the bare key id", "tags/identifiers", func(d *double) {
		d.generate = func(ctx context.Context, r target.GenerateMacRequest) (target.GenerateMacReply, error) {
			got, err := d.Target.GenerateMac(ctx, r)
			got.KeyID = r.KeyID
			return got, err
		}
	}},
	{"the reply of VerifyMac has no key", "tags/identifiers", func(d *double) {
		d.verify = func(ctx context.Context, r target.VerifyMacRequest) (target.VerifyMacReply, error) {
			got, err := d.Target.VerifyMac(ctx, r)
			got.KeyID = ""
			return got, err
		}
	}},
	{"all keys are one", "tags/consistency", func(d *double) {
		first := ""
		d.generate = func(ctx context.Context, r target.GenerateMacRequest) (target.GenerateMacReply, error) {
			m, err := d.Target.DescribeKey(ctx, r.KeyID)
			if err == nil && first == "" {
				first = m.KeyID
			}
			if one, ferr := d.Target.DescribeKey(ctx, first); err == nil && ferr == nil && one.KeySpec == m.KeySpec {
				r.KeyID = first
			}
			return d.Target.GenerateMac(ctx, r)
		}
	}},
	{"the caller's message is kept and its tag remembered", "calls/slices", func(d *double) {
		var mu sync.Mutex
		var msg []byte
		var reply target.GenerateMacReply
		d.generate = func(ctx context.Context, r target.GenerateMacRequest) (target.GenerateMacReply, error) {
			mu.Lock()
			defer mu.Unlock()
			if msg != nil && bytes.Equal(msg, r.Message) && reply.Algorithm == r.Algorithm {
				same := reply
				same.Tag = bytes.Clone(reply.Tag)
				return same, nil
			}
			got, err := d.Target.GenerateMac(ctx, r)
			if err == nil {
				msg, reply = r.Message, got
				reply.Tag = bytes.Clone(got.Tag)
			}
			return got, err
		}
	}},
	{"the imported secret is kept, not copied", "calls/slices", func(d *double) {
		secrets := map[string][]byte{}
		d.importer = func(ctx context.Context, id string, secret []byte) error {
			secrets[id] = secret
			return d.Target.ImportKey(ctx, id, secret)
		}
		d.generate = func(ctx context.Context, r target.GenerateMacRequest) (target.GenerateMacReply, error) {
			got, err := d.Target.GenerateMac(ctx, r)
			if secret, ok := secrets[r.KeyID]; ok && err == nil {
				got.Tag = standard(r.Algorithm, secret, r.Message)
			}
			return got, err
		}
	}},
	{"all replies share one slice", "calls/slices", func(d *double) {
		var mu sync.Mutex
		shared := make([]byte, 64)
		d.generate = func(ctx context.Context, r target.GenerateMacRequest) (target.GenerateMacReply, error) {
			mu.Lock()
			defer mu.Unlock()
			got, err := d.Target.GenerateMac(ctx, r)
			if err == nil {
				got.Tag = shared[:copy(shared, got.Tag)]
			}
			return got, err
		}
	}},
	{"the caller's message is wiped", "calls/slices", func(d *double) {
		d.generate = func(ctx context.Context, r target.GenerateMacRequest) (target.GenerateMacReply, error) {
			got, err := d.Target.GenerateMac(ctx, r)
			clear(r.Message)
			return got, err
		}
	}},
	{"the kind is always other", "kinds/states", kind(target.Disabled, target.Other)},
	{"a missing key is a disabled one", "kinds/keys", kind(target.NotFound, target.Disabled)},
	{"a wrong algorithm is bad input", "kinds/algorithm", kind(target.InvalidUsage, target.Validation)},
	{"bad input is unsupported", "kinds/input", kind(target.Validation, target.Unsupported)},
	{"a dry run is refused as bad input", "kinds/dry run", kind(target.DryRun, target.Validation)},
	{"errors are plain", "kinds/states", func(d *double) {
		d.generate = func(ctx context.Context, r target.GenerateMacRequest) (target.GenerateMacReply, error) {
			got, err := d.Target.GenerateMac(ctx, r)
			if err != nil {
				err = errors.New(err.Error())
			}
			return got, err
		}
	}},
	{"a disabled key works", "kinds/states", func(d *double) {
		d.disable = func(context.Context, string) error { return nil }
	}},
	{"a dry run makes a tag", "kinds/dry run", func(d *double) {
		d.generate = func(ctx context.Context, r target.GenerateMacRequest) (target.GenerateMacReply, error) {
			r.DryRun = false
			return d.Target.GenerateMac(ctx, r)
		}
	}},
	{"an empty message is taken for a space", "kinds/input", func(d *double) {
		d.generate = func(ctx context.Context, r target.GenerateMacRequest) (target.GenerateMacReply, error) {
			if len(r.Message) == 0 {
				r.Message = []byte{' '}
			}
			return d.Target.GenerateMac(ctx, r)
		}
	}},
	{"a context that is over is ignored", "calls/context", func(d *double) {
		d.generate = func(ctx context.Context, r target.GenerateMacRequest) (target.GenerateMacReply, error) {
			return d.Target.GenerateMac(context.WithoutCancel(ctx), r)
		}
	}},
	{"a deadline is a cancellation", "calls/context", kind(target.Timeout, target.Cancelled)},
	{"a call hangs past its deadline", "calls/context", func(d *double) {
		d.verify = func(ctx context.Context, r target.VerifyMacRequest) (target.VerifyMacReply, error) {
			if ctx.Err() != nil {
				time.Sleep(time.Hour)
			}
			return d.Target.VerifyMac(ctx, r)
		}
	}},
	{"a call hangs for ever", "tags/consistency", func(d *double) {
		d.generate = func(context.Context, target.GenerateMacRequest) (target.GenerateMacReply, error) {
			time.Sleep(24 * time.Hour)
			return target.GenerateMacReply{}, errors.New("at last")
		}
	}},
	{"callers get each other's answers", "calls/concurrency", func(d *double) {
		var mu sync.Mutex
		var msg []byte
		d.generate = func(ctx context.Context, r target.GenerateMacRequest) (target.GenerateMacReply, error) {
			mu.Lock()
			msg = bytes.Clone(r.Message)
			mu.Unlock()
			runtime.Gosched()
			mu.Lock()
			r.Message = msg
			mu.Unlock()
			return d.Target.GenerateMac(ctx, r)
		}
	}},
	{"attempts are not counted", "tags/consistency", func(d *double) {
		d.generate = func(ctx context.Context, r target.GenerateMacRequest) (target.GenerateMacReply, error) {
			got, err := d.Target.GenerateMac(ctx, r)
			got.Trace = target.Trace{}
			return got, err
		}
	}},
	{"the algorithm is not in the reply", "tags/standard library", func(d *double) {
		d.generate = func(ctx context.Context, r target.GenerateMacRequest) (target.GenerateMacReply, error) {
			got, err := d.Target.GenerateMac(ctx, r)
			got.Algorithm = 0
			return got, err
		}
	}},
	{"info changes", "info", func(d *double) {
		n := 0
		d.info = func() target.Info {
			n++
			return target.Info{Name: fmt.Sprint(n), Client: "x"}
		}
	}},
	{"the state is always Enabled", "admin/metadata", func(d *double) {
		d.describe = func(ctx context.Context, id string) (target.KeyMetadata, error) {
			m, err := d.Target.DescribeKey(ctx, id)
			m.State, m.Enabled = target.StateEnabled, true
			return m, err
		}
	}},
	{"a list leaves out its last key", "admin/listing", func(d *double) {
		d.list = func(ctx context.Context, marker string, limit int) (target.KeyPage, error) {
			page, err := d.Target.ListKeys(ctx, marker, limit)
			if n := len(page.Keys); n > 0 {
				page.Keys = page.Keys[:n-1]
			}
			return page, err
		}
	}},
	{"a list goes in circles", "admin/listing", func(d *double) {
		d.list = func(ctx context.Context, _ string, limit int) (target.KeyPage, error) {
			return d.Target.ListKeys(ctx, "", limit)
		}
	}},
	{"aliases outlive their deletion", "admin/aliases", func(d *double) {
		last := map[string]target.KeyMetadata{}
		d.describe = func(ctx context.Context, id string) (target.KeyMetadata, error) {
			m, err := d.Target.DescribeKey(ctx, id)
			if err == nil {
				last[id] = m
			}
			if old, ok := last[id]; ok {
				return old, nil
			}
			return m, err
		}
	}},
	{"tag values are lost", "admin/resource tags", func(d *double) {
		d.tags = func(ctx context.Context, id string) ([]target.ResourceTag, error) {
			tags, err := d.Target.ListResourceTags(ctx, id)
			for i := range tags {
				tags[i].Value = ""
			}
			return tags, err
		}
	}},
	{"the date of deletion is now", "admin/deletion", func(d *double) {
		d.schedule = func(ctx context.Context, id string, days int) (time.Time, error) {
			_, err := d.Target.ScheduleKeyDeletion(ctx, id, days)
			return time.Now(), err
		}
	}},
	{"import takes anything after the first", "admin/import", func(d *double) {
		done := map[string]bool{}
		d.importer = func(ctx context.Context, id string, secret []byte) error {
			if done[id] {
				return nil
			}
			done[id] = true
			return d.Target.ImportKey(ctx, id, secret)
		}
	}},
	{"Close fails", "info", func(d *double) {
		d.close = func() error { return errors.New("still open") }
	}},
	{"a method panics", "admin/listing", func(d *double) {
		d.list = func(context.Context, string, int) (target.KeyPage, error) { panic("no") }
	}},
}

func ignoreEnd(d *double) {
	d.generate = func(ctx context.Context, r target.GenerateMacRequest) (target.GenerateMacReply, error) {
		if len(r.Message) > 64 {
			r.Message = r.Message[:64]
		}
		return d.Target.GenerateMac(ctx, r)
	}
}
