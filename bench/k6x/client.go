package k6x

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/grafana/sobek"
	"go.k6.io/k6/js/common"

	"github.com/kmsmac/kmsmac/target"
)

// Client is a KMS as a script sees it. Its methods throw what goes wrong, so
// that a failed call ends the iteration unless the script catches it.
type Client struct {
	in     *instance
	spec   spec
	target target.Target // made at the first call
	budget *budget
	region string
}

// connect checks what it is given and sends nothing: it may be called in the
// init context.
func (in *instance) connect(options sobek.Value) *Client {
	var c Connection
	if err := in.decode(options, &c); err != nil {
		in.throw(err)
	}
	s, err := c.check(in.env)
	if err != nil {
		in.throw(err)
	}
	return &Client{in: in, spec: s, region: s.region}
}

// singleTimeout bounds one call of a script.
const singleTimeout = 30 * time.Second

// ready makes the client's connection at its first call.
func (c *Client) ready(call string) error {
	s, err := c.in.state(call)
	if err != nil || c.target != nil {
		return err
	}
	_, n, err := shard(s)
	if err != nil {
		return err
	}
	m := c.in.module
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.target, err = c.spec.open(c.in.vu.Context(), c.in.env, 1); err != nil {
		return err
	}
	key := c.spec.Target + " " + c.region
	if b, ok := m.budget[key]; ok {
		c.budget = b
		return nil
	}
	c.budget = newBudget(c.spec, n)
	m.budget[key] = c.budget
	if c.budget != nil {
		s.Logger.Infof("aws %s: this instance makes at most %d requests (its share of %s)", c.region, c.budget.limit, c.budget.text)
	}
	return nil
}

// GenerateMac returns the tag of message under key. message is a string, sent as
// UTF-8, or an ArrayBuffer; algorithm is HMAC_SHA_256 unless given. An answer
// whose tag has not the algorithm's length is thrown.
func (c *Client) GenerateMac(key string, message any, algorithm string) sobek.ArrayBuffer {
	var tag []byte
	spec := specOf(algorithm)
	c.call("GenerateMac", spec, func(ctx context.Context) error {
		msg, err := common.ToBytes(message)
		if err != nil {
			return err
		}
		alg, _ := target.AlgorithmOf(spec)
		reply, err := c.target.GenerateMac(ctx, target.GenerateMacRequest{KeyID: key, Algorithm: alg, Message: msg})
		if err == nil && len(reply.Tag) != alg.Size() {
			return wrongAnswer(fmt.Sprintf("a tag of %d bytes, not %d", len(reply.Tag), alg.Size()))
		}
		tag = reply.Tag
		return err
	})
	return c.in.vu.Runtime().NewArrayBuffer(tag)
}

// VerifyMac reports whether tag is that of message under key: false if the
// target says that it is not. Everything else that goes wrong is thrown.
func (c *Client) VerifyMac(key string, message, tag any, algorithm string) bool {
	valid := false
	spec := specOf(algorithm)
	c.call("VerifyMac", spec, func(ctx context.Context) error {
		msg, err1 := common.ToBytes(message)
		mac, err2 := common.ToBytes(tag)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		alg, _ := target.AlgorithmOf(spec)
		reply, err := c.target.VerifyMac(ctx, target.VerifyMacRequest{KeyID: key, Algorithm: alg, Message: msg, Tag: mac})
		valid = reply.Valid
		if target.KindOf(err) == target.InvalidMac {
			return nil
		}
		return err
	})
	return valid
}

// wrongAnswer is an answer that no KMS may give.
type wrongAnswer string

func (w wrongAnswer) Error() string { return "k6x: wrong answer: " + string(w) }

// specOf is the key spec that an algorithm needs: HMAC_SHA_256 goes with
// HMAC_256.
func specOf(algorithm string) string {
	return strings.Replace(first(algorithm, "HMAC_SHA_256"), "HMAC_SHA_", "HMAC_", 1)
}

// call makes one call, times it, hands the figures to k6 and throws its error.
func (c *Client) call(op, spec string, do func(context.Context) error) {
	var err error
	if _, ok := target.AlgorithmOf(spec); !ok {
		err = errors.New("k6x: unknown algorithm: HMAC_SHA_224, HMAC_SHA_256, HMAC_SHA_384 or HMAC_SHA_512")
	}
	if err == nil {
		err = c.ready(op)
	}
	if err == nil {
		err = c.budget.take()
	}
	if err != nil {
		c.in.throw(err)
	}
	ctx, cancel := context.WithTimeout(c.in.vu.Context(), singleTimeout)
	defer cancel()
	start := time.Now()
	err = do(ctx)
	c.record(op, spec, time.Since(start), err)
	if err != nil {
		c.in.throw(err)
	}
}

// record pushes the samples of one call. The output reads them by their tags.
func (c *Client) record(op, spec string, took time.Duration, err error) {
	ctx, s, m := c.in.vu.Context(), c.in.vu.State(), &c.in.metrics
	tags := s.Tags.GetCurrentValues().Tags.With("operation", op).With("key_spec", spec).With("client", c.spec.Client)
	switch {
	case err == nil:
		push(ctx, s, m.succeeded, tags, 1)
	case isWrong(err):
		tags = tags.With("error", "wrong_answer")
		push(ctx, s, m.wrong, tags, 1)
	default:
		tags = tags.With("error", errorName(err))
		push(ctx, s, m.failed, tags, 1)
		if target.KindOf(err) == target.Throttled {
			push(ctx, s, m.throttled, tags, 1)
		}
	}
	push(ctx, s, m.requests, tags, 1)
	push(ctx, s, m.duration, tags, float64(took)/1e6)
}

func isWrong(err error) bool {
	_, ok := errors.AsType[wrongAnswer](err)
	return ok
}

// errorName is the service's code, else the kind of failure.
func errorName(err error) string {
	if e, ok := errors.AsType[*target.Error](err); ok && e.Code != "" {
		return e.Code
	}
	return first(string(target.KindOf(err)), "other")
}
