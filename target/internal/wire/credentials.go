package wire

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/kmsmac/kmsmac/target"
)

// Credentials sign requests. All of it is secret but the access key id.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string // "" for a long-term key
}

// CredentialsFunc returns credentials and when they expire; the zero time means
// never. It may be slow; it is not called concurrently by one Source.
type CredentialsFunc func(ctx context.Context) (Credentials, time.Time, error)

const (
	refreshAhead = time.Minute      // before expiry
	refreshAgain = 10 * time.Second // after a refresh ahead that brought nothing new
)

// Source keeps credentials and renews them before they expire. It may be used
// concurrently: while one caller renews credentials that are still good, the
// others go on with them; once expired, all wait for the renewal.
type Source struct {
	load    CredentialsFunc
	turn    chan struct{} // holds one token: the right to call load
	current atomic.Pointer[lease]
}

// lease is a set of credentials with its times.
type lease struct {
	creds   *Credentials
	expiry  time.Time // zero: never
	refresh time.Time
}

func (l *lease) usable(now time.Time) bool { return l.expiry.IsZero() || now.Before(l.expiry) }
func (l *lease) fresh(now time.Time) bool  { return l.expiry.IsZero() || now.Before(l.refresh) }

// NewSource returns a source that calls load when it needs credentials, the first
// time when the first request is signed.
func NewSource(load CredentialsFunc) *Source {
	s := &Source{load: load, turn: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	return s
}

// Static returns a function that always gives c.
func Static(c Credentials) CredentialsFunc {
	return func(context.Context) (Credentials, time.Time, error) { return c, time.Time{}, nil }
}

// Fresh returns the credentials if they need no renewal at now, else nil. Unlike Get
// it never waits.
func (s *Source) Fresh(now time.Time) *Credentials {
	if l := s.current.Load(); l != nil && l.fresh(now) {
		return l.creds
	}
	return nil
}

// Get returns credentials good at now. The pointer changes only when the
// credentials do. An error means that nothing was sent: it is the context's, or of
// Kind Credentials.
func (s *Source) Get(ctx context.Context, now time.Time) (*Credentials, error) {
	l := s.current.Load()
	if l != nil && l.fresh(now) {
		return l.creds, nil
	}
	if l != nil && l.usable(now) {
		select {
		case <-s.turn:
		default:
			return l.creds, nil // somebody else is at it
		}
	} else {
		select {
		case <-s.turn:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	defer func() { s.turn <- struct{}{} }()
	return s.renew(ctx, now)
}

// renew calls load, unless that was done while the turn was waited for.
func (s *Source) renew(ctx context.Context, now time.Time) (*Credentials, error) {
	old := s.current.Load()
	if old != nil && old.fresh(now) {
		return old.creds, nil
	}
	creds, expiry, err := s.load(ctx)
	if err == nil {
		err = creds.check(expiry, now)
	}
	l := &lease{creds: &creds, expiry: expiry, refresh: expiry.Add(-refreshAhead)}
	if err != nil {
		if old == nil || !old.usable(now) {
			return nil, err
		}
		*l = *old
	}
	if old != nil && *old.creds == *l.creds {
		l.creds = old.creds
	}
	if !l.refresh.After(now) {
		l.refresh = now.Add(refreshAgain)
		if l.refresh.After(l.expiry) {
			l.refresh = l.expiry
		}
	}
	s.current.Store(l)
	return l.creds, nil
}

// check refuses what cannot sign, and what would break out of a header.
func (c *Credentials) check(expiry, now time.Time) error {
	switch {
	case c.AccessKeyID == "" || c.SecretAccessKey == "":
		return errors.New("the source gave no access key id or no secret access key")
	case !visible(c.AccessKeyID) || !visible(c.SessionToken):
		return errors.New("the access key id or the session token has a character that no header can carry")
	case !expiry.IsZero() && !now.Before(expiry):
		return fmt.Errorf("the source gave credentials that expired at %s", expiry.UTC().Format(time.RFC3339))
	}
	return nil
}

// visible reports whether s is printable ASCII without spaces.
func visible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// CredentialsError gives a failure of Get its kind.
func CredentialsError(op Operation, err error) *target.Error {
	e := &target.Error{Kind: target.Credentials, Operation: op.String(), Err: fmt.Errorf("no usable AWS credentials: %w", err)}
	switch {
	case errors.Is(err, context.Canceled):
		e.Kind, e.Err = target.Cancelled, context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		e.Kind, e.Err = target.Timeout, context.DeadlineExceeded
	}
	return e
}
