package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

var (
	longTerm = &Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
	session  = &Credentials{AccessKeyID: "ASIDEXAMPLE", SecretAccessKey: "secret", SessionToken: "IQoJb3JpZ2luX2VjE+/=" + strings.Repeat("x", 900)}
	noon     = time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)
)

func mustEndpoint(t testing.TB, url string) Endpoint {
	t.Helper()
	e, err := ParseEndpoint(url)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// signedBySDK is what the SDK's signer makes of the same request.
func signedBySDK(t *testing.T, url, region string, op Operation, c *Credentials, body []byte, at time.Time) (authorization, host string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", ContentType)
	r.Header.Set("User-Agent", UserAgent)
	r.Header.Set("X-Amz-Target", op.Target())
	sum := sha256.Sum256(body)
	creds := aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
	if err := v4.NewSigner().SignHTTP(t.Context(), creds, r, hex.EncodeToString(sum[:]), "kms", region, at); err != nil {
		t.Fatal(err)
	}
	return r.Header.Get("Authorization"), r.Host
}

func sign(s *Signer, p *Pad, op Operation, c *Credentials, at time.Time) string {
	return string(s.Sign(nil, p, op, c, AppendDate(nil, at)))
}

func TestSignLikeSDK(t *testing.T) {
	endpoints := []string{
		"http://127.0.0.1:4566", "http://localhost:80", "http://localhost:443", "https://localhost:443", "http://localhost",
		"https://kms.eu-west-1.amazonaws.com", "https://kms.eu-west-1.amazonaws.com:8443", "http://[::1]:4599", "http://[::1]",
		"https://host/a/path", "https://host/a/path/", "http://host/with%20space/and+plus/%7Etilde", "http://UPPER.example:1234",
	}
	sizes := []int{0, 1, 2, 3, 31, 32, 33, 63, 64, 65, 4095, 4096}
	for _, url := range endpoints {
		e := mustEndpoint(t, url)
		for _, region := range []string{"us-east-1", "ap-southeast-4"} {
			s := NewSigner(e, region)
			for _, c := range []*Credentials{longTerm, session} {
				for _, op := range []Operation{GenerateMac, VerifyMac} {
					for _, size := range sizes {
						var p Pad
						p.EncodeGenerateMac(&target.GenerateMacRequest{KeyID: "k", Algorithm: engine.HMACSHA256, Message: make([]byte, size)})
						want, host := signedBySDK(t, e.URL(), region, op, c, p.Body, noon)
						if got := sign(s, &p, op, c, noon); got != want {
							t.Fatalf("%s %s %s token %v size %d:\n got %s\nwant %s", url, region, op, c.SessionToken != "", size, got, want)
						}
						if host != e.Host && host != "" {
							t.Fatalf("%s: host %q, the SDK has %q", url, e.Host, host)
						}
					}
				}
			}
		}
	}
}

// The key changes at midnight UTC, whatever the zone of the clock, and with the
// credentials, and back.
func TestSignAcrossDaysAndCredentials(t *testing.T) {
	const url = "http://127.0.0.1:4566/"
	midnight := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	east := time.FixedZone("east", 14*3600)
	times := []time.Time{
		midnight.Add(-time.Second), midnight.Add(-time.Nanosecond), midnight, midnight.Add(time.Nanosecond), midnight.Add(time.Second),
		midnight.Add(-time.Second).In(east), midnight.In(east), midnight.Add(24 * time.Hour), midnight.Add(-time.Hour), noon, noon.AddDate(0, 0, 1),
	}
	s := NewSigner(mustEndpoint(t, url), "us-east-1")
	p := Pad{Body: []byte("{}")}
	for round := range 2 {
		for _, at := range times {
			for _, c := range []*Credentials{longTerm, session, longTerm} {
				want, _ := signedBySDK(t, url, "us-east-1", VerifyMac, c, p.Body, at)
				if got := sign(s, &p, VerifyMac, c, at); got != want {
					t.Fatalf("round %d, %v, %s:\n got %s\nwant %s", round, at, c.AccessKeyID, got, want)
				}
			}
		}
	}
}

func TestSignConcurrently(t *testing.T) {
	const url = "http://127.0.0.1:4566/"
	s := NewSigner(mustEndpoint(t, url), "us-east-1")
	body := []byte("{}")
	days := []time.Time{noon, noon.AddDate(0, 0, 1)}
	var want []string
	for _, at := range days {
		a, _ := signedBySDK(t, url, "us-east-1", GenerateMac, longTerm, body, at)
		want = append(want, a)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			p := Pad{Body: body}
			for i := range 200 {
				if got := sign(s, &p, GenerateMac, longTerm, days[i%2]); got != want[i%2] {
					t.Errorf("got %s, want %s", got, want[i%2])
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestDateCache(t *testing.T) {
	var c DateCache
	for _, at := range []time.Time{noon, noon.Add(time.Second - 1), noon.Add(time.Second), noon, time.Unix(0, 0), time.Unix(-1, 0)} {
		if got, want := c.Text(at), at.UTC().Format("20060102T150405Z"); got != want {
			t.Errorf("%v: %q, want %q", at, got, want)
		}
	}
}

func TestEncodeAndSignDoNotAllocate(t *testing.T) {
	s := NewSigner(mustEndpoint(t, "http://127.0.0.1:4566"), "us-east-1")
	var (
		p     Pad
		dates DateCache
		out   []byte
	)
	req := target.VerifyMacRequest{
		KeyID: "1234abcd-12ab-34cd-56ef-1234567890ab", Algorithm: engine.HMACSHA512,
		Message: make([]byte, 4096), Tag: make([]byte, 64), GrantTokens: []string{"a"}, DryRun: true,
	}
	run := func() {
		p.EncodeVerifyMac(&req)
		out = append(out[:0], dates.Text(noon)...)
		out = s.Sign(out, &p, VerifyMac, session, out[:DateLen])
	}
	run()
	if n := testing.AllocsPerRun(200, run); n != 0 {
		t.Errorf("%v allocations for each request, want 0", n)
	}
}

func BenchmarkSign(b *testing.B) {
	s := NewSigner(mustEndpoint(b, "http://127.0.0.1:4566"), "us-east-1")
	for _, size := range []int{32, 4096} {
		b.Run(fmt.Sprintf("size=%d", size), func(b *testing.B) {
			var (
				p   Pad
				out []byte
			)
			req := target.GenerateMacRequest{KeyID: "1234abcd-12ab-34cd-56ef-1234567890ab", Algorithm: engine.HMACSHA256, Message: make([]byte, size)}
			date := AppendDate(nil, noon)
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				p.EncodeGenerateMac(&req)
				out = s.Sign(out[:0], &p, GenerateMac, longTerm, date)
			}
		})
	}
}
