package kmsemu

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// nullWriter is a ResponseWriter that keeps nothing but its header.
type nullWriter struct{ h http.Header }

func (w *nullWriter) Header() http.Header         { return w.h }
func (w *nullWriter) Write(b []byte) (int, error) { return len(b), nil }
func (w *nullWriter) WriteHeader(int)             {}

// BenchmarkGenerateMac is the cost of a request without HTTP: all checks, with
// and without signatures, few keys and many.
func BenchmarkGenerateMac(b *testing.B) {
	for _, signed := range []bool{false, true} {
		for _, keys := range []int{10, 100_000} {
			for _, size := range []int{64, 4096} {
				b.Run(fmt.Sprintf("signed=%v/keys=%d/size=%d", signed, keys, size), func(b *testing.B) {
					benchmarkGenerateMac(b, signed, keys, size)
				})
			}
		}
	}
}

func benchmarkGenerateMac(b *testing.B, signed bool, keys, size int) {
	opt := Options{}
	if signed {
		opt.Credentials = []Credential{{AccessKeyID: "test", SecretAccessKey: "test"}}
	}
	c := clientFor(recorder{}, opt)
	var id string
	for range keys {
		id = c.hmacKey()
	}
	body := fmt.Sprintf(`{"KeyId":%q,"Message":%q,"MacAlgorithm":"HMAC_SHA_256"}`, id, b64(make([]byte, size)))
	r := c.request("GenerateMac", body)
	w := &nullWriter{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.h)
		r.Body = io.NopCloser(bytes.NewReader([]byte(body)))
		c.handler.ServeHTTP(w, r)
	}
}
