package kmsemu

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzHTTP sends anything at all to an emulator without credentials, with all
// that can be behind a name prepared. No panic, no 500, and what is answered
// is JSON or empty.
func FuzzHTTP(f *testing.F) {
	c := clientFor(recorder{}, Options{})
	id := c.replica(in{"Tags": tags("a", "b")})
	c.alias("alias/fuzz", id)
	symmetric := c.key(in{})
	authorization := c.request("ListKeys", "{}").Header.Get("Authorization")
	for _, op := range operations {
		body := `{"KeyId":"` + id + `","Message":"bQ==","MacAlgorithm":"HMAC_SHA_256","Mac":"bQ==","AliasName":"alias/a","TargetKeyId":"` + id + `"}`
		f.Add("POST", "/", op.name, contentType, authorization, body)
		f.Add("POST", "/", op.name, contentType, authorization, `{"KeyId":"`+symmetric+`","Plaintext":"cA==","Policy":"{}","Tags":[{"TagKey":"k","TagValue":"v"}]}`)
	}
	f.Add("GET", "/x?y=z", "", "", "", "")
	f.Add("POST", "/", "ListKeys", contentType, "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=, Signature=", "{}")
	f.Fuzz(func(t *testing.T, method, path, op, media, auth, body string) {
		if strings.ContainsAny(method, " \x00\r\n\t") || method == "" || !strings.HasPrefix(path, "/") || strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			t.Skip("net/http does not let this through")
		}
		r := httptest.NewRequest("POST", "http://127.0.0.1/", strings.NewReader(body))
		r.Method = method
		if u, err := r.URL.Parse(path); err == nil {
			r.URL = u
		}
		r.Header.Set("X-Amz-Target", targetPrefix+op)
		r.Header.Set("Content-Type", media)
		r.Header.Set("Authorization", auth)
		w := httptest.NewRecorder()
		c.handler.ServeHTTP(w, r)
		a := newAnswer(t, op, w.Result())
		if a.status >= 500 || len(a.body) > 0 && a.json == nil {
			t.Fatalf("%s %s %s %q: got %d %q", method, path, op, body, a.status, a.body)
		}
	})
}
