package conformance_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/conformance"
	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target/awskms"
)

// TestNotAKMS: what answers, but is no KMS, accuses nobody and ends soon.
func TestNotAKMS(t *testing.T) {
	write := func(status int, media, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", media)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	rows := []struct {
		name    string
		handler http.HandlerFunc
	}{
		{"HTML", write(200, "text/html", "<html><body>It works!</body></html>")},
		{"HTML 404", write(404, "text/html", "<html><body>Not found</body></html>")},
		{"bare 500", write(500, "text/plain", "Internal Server Error")},
		{"JSON of something else", write(200, "application/json", `["not", "a", "KMS"]`)},
		{"error of something else", write(404, "application/json", `{"error":"no such route"}`)},
		{"closed connection", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		{"hang", func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // only then the server sees the client leave
			<-r.Context().Done()
		}},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(r.handler)
			defer server.Close()
			client, err := awskms.New(context.Background(), awskms.Options{Endpoint: server.URL, Region: "us-east-1"})
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			o := whole()
			o.Timeout = 300 * time.Millisecond
			begin := time.Now()
			c := run(t, client, o)
			if took := time.Since(begin); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
			if n := c.Counts[results.CaseInconclusive]; n != len(c.Cases) {
				t.Errorf("counts %v, want all %d inconclusive", c.Counts, len(c.Cases))
			}
			if got := conformance.Verdict(c); got != results.Inconclusive {
				t.Errorf("verdict %s, want inconclusive", got)
			}
		})
	}
}

// TestNothingAllowed: a target that lets these credentials do nothing, not even
// make a key, is not accused of it.
func TestNothingAllowed(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"AccessDeniedException","Message":"User: nobody is not authorized"}`)
	}))
	defer server.Close()
	client, err := awskms.New(context.Background(), awskms.Options{Endpoint: server.URL, Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	c := run(t, client, whole())
	if c.Counts[results.CaseFail] != 0 || c.Counts[results.CaseWarn] != 0 || conformance.Verdict(c) != results.Inconclusive {
		t.Errorf("counts %v, verdict %s", c.Counts, conformance.Verdict(c))
	}
}
