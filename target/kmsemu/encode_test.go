package kmsemu

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

// TestEncode compares with encoding/json, which knows no epoch.
func TestEncode(t *testing.T) {
	body := reply{"b": true, "i": -7, "s": "plain", "q": "a\"b\\c\nd<é>\x7f\xff", "blob": []byte{0xfb, 0xff, 0}, "none": nil,
		"list": []reply{{"x": "y"}, {}}, "names": []string{"a", "\t"}, "empty": []string{}, "deep": reply{"m": map[string]string{"k": "v"}}}
	var got, want any
	if err := json.Unmarshal(encode(body), &got); err != nil {
		t.Fatalf("encode: %v: %s", err, encode(body))
	}
	std, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(std, &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("encode: got %s, want %s", encode(body), std)
	}
	if encode(nil) != nil || string(encode(reply{})) != "{}" {
		t.Errorf("encode of nothing: got %q and %q", encode(nil), encode(reply{}))
	}
}

func TestEpoch(t *testing.T) {
	for ms, want := range map[int64]string{1608639949636: "1.608639949636E9", 1482019200000: "1.4820192E9", 1669973196214: "1.669973196214E9",
		1000000000000: "1.0E9", 0: "0.0E0", 1000: "1.0E0"} {
		if got := string(appendEpoch(nil, time.UnixMilli(ms))); got != want {
			t.Errorf("epoch of %d ms: got %s, want %s", ms, got, want)
		}
	}
}
