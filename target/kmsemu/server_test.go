package kmsemu

import (
	"net/http"
	"strings"
	"testing"
)

func TestStart(t *testing.T) {
	s := Start(t)
	if !strings.HasPrefix(s.URL, "http://127.0.0.1:") {
		t.Fatalf("URL: got %q, want a loopback address", s.URL)
	}
	c := newClient(t, Options{})
	r := c.request("ListKeys", "{}")
	out, err := http.NewRequest("POST", s.URL, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	out.Header = r.Header
	resp, err := http.DefaultClient.Do(out)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	newAnswer(t, "ListKeys", resp).ok().members("", "Keys", "Truncated").wants("Truncated", false)
}
