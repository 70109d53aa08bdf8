package wire

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kmsmac/kmsmac/target"
)

// supply is a source's other side: it gives what the test says and counts.
type supply struct {
	mu    sync.Mutex
	calls int
	creds Credentials
	valid time.Duration // from the moment of the call; 0: never expires
	err   error
	slow  time.Duration
}

func (s *supply) load(ctx context.Context) (Credentials, time.Time, error) {
	s.mu.Lock()
	s.calls++
	creds, valid, err, slow := s.creds, s.valid, s.err, s.slow
	s.mu.Unlock()
	if slow > 0 {
		select {
		case <-time.After(slow):
		case <-ctx.Done():
			return Credentials{}, time.Time{}, ctx.Err()
		}
	}
	var expiry time.Time
	if valid != 0 {
		expiry = time.Now().Add(valid)
	}
	return creds, expiry, err
}

func get(t *testing.T, s *Source) *Credentials {
	t.Helper()
	c, err := s.Get(t.Context(), time.Now())
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	return c
}

func TestSourceStatic(t *testing.T) {
	s := NewSource(Static(*session))
	if s.Fresh(noon) != nil {
		t.Fatal("fresh before the first Get")
	}
	first := get(t, s)
	if *first != *session || get(t, s) != first || s.Fresh(noon.AddDate(50, 0, 0)) != first {
		t.Errorf("%+v, or the pointer changed", first)
	}
}

func TestSourceRenews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := &supply{creds: *longTerm, valid: time.Hour}
		s := NewSource(from.load)
		first := get(t, s)
		steps := []struct {
			name   string
			wait   time.Duration
			change func()
			calls  int
			same   bool
		}{
			{"at once", 0, nil, 1, true},
			{"a minute and a bit before expiry", 59*time.Minute - time.Second, nil, 1, true},
			{"a minute before expiry, source down", time.Second, func() { from.err = errors.New("down") }, 2, true},
			{"soon after", 9 * time.Second, nil, 2, true},
			{"ten seconds after", time.Second, nil, 3, true},
			{"source back with the same credentials", 10 * time.Second, func() { from.err = nil }, 4, true},
			{"an hour on, others", 59 * time.Minute, func() { from.creds = *session }, 5, false},
		}
		for _, step := range steps {
			time.Sleep(step.wait)
			if step.change != nil {
				step.change()
			}
			if c := get(t, s); (c == first) != step.same || from.calls != step.calls {
				t.Fatalf("%s: calls %d, want %d; same credentials %v, want %v", step.name, from.calls, step.calls, c == first, step.same)
			}
		}
	})
}

// Nothing expired is ever given out, and the failure is told.
func TestSourceExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := &supply{creds: *longTerm, valid: 90 * time.Second}
		s := NewSource(from.load)
		get(t, s)
		from.err = errors.New("down")
		time.Sleep(90*time.Second - 1)
		get(t, s)
		time.Sleep(time.Nanosecond)
		if _, err := s.Get(t.Context(), time.Now()); !errors.Is(err, from.err) {
			t.Errorf("at expiry: %v, want %v", err, from.err)
		}
	})
}

// Short-lived credentials are renewed, but not for every request.
func TestSourceShortLived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := &supply{creds: *longTerm, valid: 30 * time.Second}
		s := NewSource(from.load)
		for range 600 {
			get(t, s)
			time.Sleep(100 * time.Millisecond)
		}
		if from.calls < 2 || from.calls > 7 {
			t.Errorf("%d calls in a minute", from.calls)
		}
	})
}

// While credentials are good, a slow source delays one caller; once they are
// expired, all wait, and one calls.
func TestSourceConcurrently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := &supply{creds: *longTerm, valid: time.Hour}
		s := NewSource(from.load)
		get(t, s)
		from.slow = 5 * time.Second
		for _, step := range []struct {
			name    string
			wait    time.Duration
			delayed int
		}{{"ahead of expiry", 59*time.Minute + time.Second, 1}, {"after expiry", 2 * time.Hour, 8}} {
			time.Sleep(step.wait)
			before := from.calls
			var (
				wg      sync.WaitGroup
				mu      sync.Mutex
				delayed int
			)
			for range 8 {
				wg.Go(func() {
					start := time.Now()
					_, err := s.Get(t.Context(), start)
					mu.Lock()
					defer mu.Unlock()
					if err != nil {
						t.Errorf("%s: %v", step.name, err)
					}
					if time.Since(start) > 0 {
						delayed++
					}
				})
			}
			wg.Wait()
			if delayed != step.delayed || from.calls != before+1 {
				t.Errorf("%s: %d delayed, %d calls, want %d and 1", step.name, delayed, from.calls-before, step.delayed)
			}
		}
	})
}

func TestSourceCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := &supply{creds: *longTerm, slow: time.Hour}
		s := NewSource(from.load)
		go func() { _, _ = s.Get(t.Context(), time.Now()) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := s.Get(ctx, time.Now()) // waits for its turn
		if e := CredentialsError(GenerateMac, err); e.Kind != target.Timeout {
			t.Errorf("%v, want kind timeout", e)
		}
	})
}

func TestSourceRefuses(t *testing.T) {
	const secret = "VERYSECRET"
	tests := []struct {
		name  string
		creds Credentials
		valid time.Duration
	}{
		{"nothing", Credentials{}, 0},
		{"no secret", Credentials{AccessKeyID: "a"}, 0},
		{"no id", Credentials{SecretAccessKey: secret}, 0},
		{"line break in the id", Credentials{AccessKeyID: "a\r\nX: y", SecretAccessKey: secret}, 0},
		{"line break in the token", Credentials{AccessKeyID: "a", SecretAccessKey: secret, SessionToken: secret + "\n"}, 0},
		{"blank in the token", Credentials{AccessKeyID: "a", SecretAccessKey: secret, SessionToken: secret + " x"}, 0},
		{"expired", Credentials{AccessKeyID: "a", SecretAccessKey: secret}, -time.Second},
	}
	for _, tt := range tests {
		from := &supply{creds: tt.creds, valid: tt.valid}
		_, err := NewSource(from.load).Get(t.Context(), time.Now())
		e := CredentialsError(GenerateMac, err)
		if err == nil || e.Kind != target.Credentials || strings.Contains(e.Error(), secret) {
			t.Errorf("%s: %v", tt.name, e)
		}
	}
}
