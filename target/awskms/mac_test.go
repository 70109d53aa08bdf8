package awskms

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

func TestGenerateAndVerify(t *testing.T) {
	c := openOn(t, fakeMAC("k"))
	got, err := generate(t.Context(), c)
	if err != nil {
		t.Fatalf("GenerateMac: %v", err)
	}
	m := hmac.New(sha256.New, []byte("k"))
	m.Write([]byte("hello"))
	if !hmac.Equal(got.Tag, m.Sum(nil)) {
		t.Errorf("tag = %x, want %x", got.Tag, m.Sum(nil))
	}
	if want := "arn:aws:kms:us-east-1:000000000000:key/" + testKey; got.KeyID != want || got.Algorithm != engine.HMACSHA256 {
		t.Errorf("reply = %q, %v, want %q, HMAC_SHA_256", got.KeyID, got.Algorithm, want)
	}
	if got.Trace.Attempts != 1 || got.Trace.Throttles != 0 || got.Trace.Wire <= 0 {
		t.Errorf("trace = %+v, want one attempt and a wire time", got.Trace)
	}
	verify := target.VerifyMacRequest{KeyID: testKey, Algorithm: engine.HMACSHA256, Message: []byte("hello"), Tag: got.Tag}
	ok, err := c.VerifyMac(t.Context(), verify)
	if err != nil || !ok.Valid || ok.Trace.Attempts != 1 {
		t.Errorf("VerifyMac = %+v, %v, want valid", ok, err)
	}
	verify.Tag[0] ^= 1
	if _, err = c.VerifyMac(t.Context(), verify); target.KindOf(err) != target.InvalidMac {
		t.Errorf("VerifyMac of a changed tag: %v, want kind invalid_mac", err)
	}
}

func TestRequestMembers(t *testing.T) {
	tests := []struct {
		name string
		send func(*Client) error
		want string
	}{
		{"generate", func(c *Client) error { _, err := generate(context.Background(), c); return err },
			`{"KeyId":"` + testKey + `","MacAlgorithm":"HMAC_SHA_256","Message":"aGVsbG8="}`},
		{"generate nothing", func(c *Client) error {
			_, err := c.GenerateMac(context.Background(), target.GenerateMacRequest{Algorithm: engine.HMACSHA512})
			return err
		}, `{"KeyId":"","MacAlgorithm":"HMAC_SHA_512","Message":""}`},
		{"generate all", func(c *Client) error {
			_, err := c.GenerateMac(context.Background(), target.GenerateMacRequest{
				KeyID: "alias/a", Algorithm: engine.HMACSHA224, Message: []byte{0}, GrantTokens: []string{"t"}, DryRun: true,
			})
			return err
		}, `{"DryRun":true,"GrantTokens":["t"],"KeyId":"alias/a","MacAlgorithm":"HMAC_SHA_224","Message":"AA=="}`},
		{"verify nothing", func(c *Client) error {
			_, err := c.VerifyMac(context.Background(), target.VerifyMacRequest{Algorithm: engine.HMACSHA384})
			if target.KindOf(err) == target.InvalidMac {
				return nil
			}
			return err
		}, `{"KeyId":"","Mac":"","MacAlgorithm":"HMAC_SHA_384","Message":""}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var last received
			c := openOn(t, recorder(&last, fakeMAC("k")))
			if err := tt.send(c); err != nil {
				t.Fatal(err)
			}
			if string(last.body) != tt.want {
				t.Errorf("body = %s, want %s", last.body, tt.want)
			}
			if !signedBy(t, last, testSecret) {
				t.Error("the signature does not hold")
			}
		})
	}
}

func TestUnknownAlgorithmIsNotSent(t *testing.T) {
	c := openOn(t, http.NotFoundHandler())
	for _, alg := range []engine.Algorithm{0, 5, 255} {
		_, err := c.GenerateMac(t.Context(), target.GenerateMacRequest{KeyID: testKey, Algorithm: alg})
		_, err2 := c.VerifyMac(t.Context(), target.VerifyMacRequest{KeyID: testKey, Algorithm: alg})
		if target.KindOf(err) != target.NotSent || target.KindOf(err2) != target.NotSent {
			t.Errorf("algorithm %d: %v, %v, want kind not_sent", alg, err, err2)
		}
	}
	if n := c.Counters().Attempts; n != 0 {
		t.Errorf("%d attempts, want none", n)
	}
}

// A fast server, a separate packet for the answer's body, and a busy machine
// made the SDK drop connections and answers before bodies were in memory.
func TestOneConnectionCarriesAll(t *testing.T) {
	const requests = 300
	split := func(next http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(flusher{w}, r)
		}
	}
	for name, h := range map[string]http.Handler{"one packet": fakeMAC("k"), "two packets": split(fakeMAC("k"))} {
		t.Run(name, func(t *testing.T) {
			c := openOn(t, h)
			for i := range requests {
				if _, err := generate(t.Context(), c); err != nil {
					t.Fatalf("request %d: %v", i, err)
				}
			}
			got := c.Counters()
			if got.Attempts != requests || got.ConnectionsOpened != 1 || got.Throttles != 0 {
				t.Errorf("counters = %+v, want %d attempts on 1 connection", got, requests)
			}
			if got.BytesSent < requests*300 || got.BytesReceived < requests*100 || got.Protocol != "HTTP/1.1" {
				t.Errorf("counters = %+v, want plausible byte counts and HTTP/1.1", got)
			}
		})
	}
}

// flusher sends the header before the body.
type flusher struct{ http.ResponseWriter }

func (f flusher) WriteHeader(status int) {
	f.ResponseWriter.WriteHeader(status)
	_ = http.NewResponseController(f.ResponseWriter).Flush()
}

func TestPoolServesAllInFlight(t *testing.T) {
	const inFlight, rounds = 24, 6
	c := open(t, Options{Endpoint: serve(t, fakeMAC("k")), MaxConnections: inFlight})
	errs := make(chan error, inFlight*rounds)
	for range rounds {
		var wg sync.WaitGroup
		for range inFlight {
			wg.Go(func() {
				_, err := generate(context.Background(), c)
				errs <- err
			})
		}
		wg.Wait()
	}
	close(errs)
	for err := range errs {
		if err != nil {
			t.Errorf("GenerateMac: %v", err)
		}
	}
	// A dial that loses its race against a connection coming free still counts.
	if n := c.Counters().ConnectionsOpened; n < 1 || n > 2*inFlight {
		t.Errorf("%d connections for %d in flight", n, inFlight)
	}
}

func TestDateDelta(t *testing.T) {
	c := openOn(t, answer{200, map[string]string{"Date": "Thu, 01 Jan 1970 00:00:00 GMT"}, `{"Mac":"AA=="}`})
	before := c.Counters().DateDelta
	if _, err := generate(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if got := c.Counters().DateDelta; before != 0 || got > -50*365*24*3600e9 {
		t.Errorf("DateDelta = %v then %v, want 0 then half a century back", before, got)
	}
}

// The signing time must not follow the target's clock.
func TestClockSkewIsNotCorrected(t *testing.T) {
	var last received
	h := recorder(&last, answer{200, map[string]string{"Date": "Thu, 01 Jan 2015 00:00:00 GMT"}, `{"Mac":"AA=="}`})
	c := openOn(t, h)
	for range 2 {
		if _, err := generate(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if date := last.header.Get("X-Amz-Date"); strings.HasPrefix(date, "2015") {
		t.Errorf("signed for %s: the clock of the target", date)
	}
}

func TestRetriesAreCounted(t *testing.T) {
	throttle := answer{400, nil, `{"__type":"ThrottlingException","message":"slow"}`}
	tests := []struct {
		name          string
		attempts      int
		throttled     int // answers before a good one
		wantAttempts  int
		wantThrottles int
		wantKind      target.Kind
	}{
		{"default is one", 0, 1, 1, 1, target.Throttled},
		{"third is good", 3, 2, 3, 2, ""},
		{"all used up", 3, 9, 3, 3, target.Throttled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := 0
			c := open(t, Options{Attempts: tt.attempts, Endpoint: serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if n++; n <= tt.throttled {
					throttle.ServeHTTP(w, r)
					return
				}
				fakeMAC("k")(w, r)
			}))})
			noBackoff(c)
			got, err := generate(t.Context(), c)
			trace := got.Trace
			var e *target.Error
			if errors.As(err, &e) {
				trace = e.Trace
			}
			if target.KindOf(err) != tt.wantKind || trace.Attempts != tt.wantAttempts || trace.Throttles != tt.wantThrottles {
				t.Errorf("err %v, trace %+v, want kind %q, %d attempts, %d throttles",
					err, trace, tt.wantKind, tt.wantAttempts, tt.wantThrottles)
			}
			if n := c.Counters(); n.Attempts != int64(tt.wantAttempts) || n.Throttles != int64(tt.wantThrottles) {
				t.Errorf("counters = %+v", n)
			}
		})
	}
}

// noBackoff keeps the retryer and drops its waiting.
func noBackoff(c *Client) {
	o := c.kms.Options()
	o.Retryer = eager{o.Retryer}
	c.kms = kms.New(o)
}

type eager struct{ aws.Retryer }

func (eager) RetryDelay(int, error) (time.Duration, error) { return 0, nil }
