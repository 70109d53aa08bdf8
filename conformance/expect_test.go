package conformance

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/target"
)

func TestLikeText(t *testing.T) {
	rows := []struct {
		name, want, got string
		like            bool
	}{
		{"equal", "Key 'x' does not exist", "Key 'x' does not exist", true},
		{"quotes and full stop", "Invalid keyId 'x'", `Invalid keyId x.`, true},
		{"double quotes", `prefix "alias/"`, "prefix alias/", true},
		{"spacing", "a b", "a  b ", true},
		{"list of any order", "enum value set: [...]", "enum value set: [HMAC_512, HMAC_224]", true},
		{"dots inside words stay", "arn.x", "arnx", false},
		{"wild at the start", "... is pending import.", "arn:x is pending import.", true},
		{"other word", "is disabled.", "is enabled.", false},
		{"longer", "a", "a b", false},
		{"empty", "a", "", false},
		{"no regular expression", "[a+", "[a+", true},
		{"case counts", "Invalid", "invalid", false},
	}
	for _, r := range rows {
		if got := likeText(r.want, r.got); got != r.like {
			t.Errorf("%s: likeText(%q, %q) = %v, want %v", r.name, r.want, r.got, got, r.like)
		}
	}
}

// TestDifferencesHideSecrets: the value of a secret member is in no report.
func TestDifferencesHideSecrets(t *testing.T) {
	a := &Answer{JSON: map[string]any{"GrantToken": "planted", "GrantId": "shown", "A": map[string]any{"Plaintext": "planted"}}}
	e := Expectation{Members: Members{"GrantToken": OtherThan("planted"), "GrantId": OtherThan("shown"), "A.Plaintext": Absent()}}
	_, diffs := e.judge(a, true)
	var got []string
	for _, d := range diffs {
		got = append(got, d.Got)
	}
	if want := []string{"…", `"shown"`, "…"}; !slices.Equal(got, want) {
		t.Errorf("got %q of %v, want %q", got, diffs, want)
	}
}

func TestValues(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	rows := []struct {
		name  string
		v     Value
		json  string // "" is absent
		holds bool
	}{
		{"text", Is("a"), `"a"`, true},
		{"other text", Is("a"), `"b"`, false},
		{"null is not a value", Is("a"), `null`, false},
		{"false is a value", Is(false), `false`, true},
		{"false is not absent", Is(false), ``, false},
		{"number", Is(7), `7`, true},
		{"number with exponent", Is(1500), `1.5E3`, true},
		{"number as text", Is(7), `"7"`, false},
		{"list in order", Is([]string{"a", "b"}), `["a","b"]`, true},
		{"list out of order", Is([]string{"a", "b"}), `["b","a"]`, false},
		{"empty list", Is([]string{}), `[]`, true},
		{"set", InAnyOrder("a", "b"), `["b","a"]`, true},
		{"set with one twice", InAnyOrder("a", "b"), `["a","a"]`, false},
		{"match is whole", Matching("a+"), `"aab"`, false},
		{"match", Matching("a+"), `"aa"`, true},
		{"bytes", BytesLong(2), `"AAA="`, true},
		{"unpadded", BytesLong(2), `"AAA"`, false},
		{"URL alphabet", BytesLong(3), `"-_-_"`, false},
		{"loose bits", BytesLong(1), `"AB=="`, false},
		{"one byte more", BytesLong(2), `"AAAA"`, false},
		{"the bytes", TheBytes([]byte{0, 0}), `"AAA="`, true},
		{"a bit off", TheBytes([]byte{0, 0}), `"AQA="`, false},
		{"differs", OtherBytes([]byte{0, 0}), `"AQA="`, true},
		{"does not differ", OtherBytes([]byte{0, 0}), `"AAA="`, false},
		{"differs but is nothing", OtherBytes([]byte{0, 0}), ``, false},
		{"a number", ANumber(), `1.6E9`, true},
		{"no number", ANumber(), `"2026"`, false},
		{"near", Near(at, time.Minute), `1.700000059E9`, true},
		{"not near", Near(at, time.Minute), `1.700000061E9`, false},
		{"present", Present(), `""`, true},
		{"null is not present", Present(), `null`, false},
		{"absent", Absent(), ``, true},
		{"null is not absent", Absent(), `null`, false},
		{"empty list is not absent", Absent(), `[]`, false},
		{"not null", NotNull(), `[]`, true},
		{"absent is not null", NotNull(), ``, true},
		{"null", NotNull(), `null`, false},
		{"one of", OneOf("a", "b"), `"b"`, true},
		{"none of", OneOf("a", "b"), `"c"`, false},
		{"count", Between(1, 2), `["a","b"]`, true},
		{"count over", Between(1, 2), `["a","b","c"]`, false},
		{"number between", Between(1, 2), `2`, true},
	}
	for _, r := range rows {
		a, readable := readAnswer(target.Exchange{Status: 200, ResponseBody: []byte(`{"M":` + r.json + `}`)})
		if r.json == "" {
			a, readable = readAnswer(target.Exchange{Status: 200, ResponseBody: []byte(`{}`)})
		}
		if !readable {
			t.Fatalf("%s: %s is not readable", r.name, r.json)
		}
		got, there := a.Get("M")
		if r.v.holds(got, there) != r.holds {
			t.Errorf("%s: %v holds for %q: %v, want %v", r.name, r.v, r.json, !r.holds, r.holds)
		}
	}
}

func TestReadAnswer(t *testing.T) {
	header := http.Header{"X-Amzn-Errortype": {"NotFoundException:http://x"}}
	rows := []struct {
		name     string
		ex       target.Exchange
		readable bool
		code     string
		place    string
		message  bool
	}{
		{"success", target.Exchange{Status: 200, ResponseBody: []byte(`{}`)}, true, "", "", false},
		{"empty success", target.Exchange{Status: 200}, true, "", "", false},
		{"bare type", target.Exchange{Status: 400, ResponseBody: []byte(`{"__type":"NotFoundException","message":""}`)}, true, "NotFoundException", placeType, true},
		{"namespace", target.Exchange{Status: 400, ResponseBody: []byte(`{"__type":"com.amazonaws.kms#NotFoundException"}`)}, true, "NotFoundException", placeNamespace, false},
		{"member code", target.Exchange{Status: 400, ResponseBody: []byte(`{"code":"NotFoundException","Message":"x"}`)}, true, "NotFoundException", placeCode, true},
		{"header", target.Exchange{Status: 404, ResponseHeader: header, ResponseBody: []byte(`{}`)}, true, "NotFoundException", placeHeader, false},
		{"header wins", target.Exchange{Status: 400, ResponseHeader: header, ResponseBody: []byte(`{"__type":"OtherException"}`)}, true, "NotFoundException", placeType, false},
		{"HTML", target.Exchange{Status: 200, ResponseBody: []byte(`<html>`)}, false, "", "", false},
		{"a list", target.Exchange{Status: 200, ResponseBody: []byte(`[]`)}, false, "", "", false},
		{"two bodies", target.Exchange{Status: 200, ResponseBody: []byte(`{}{}`)}, false, "", "", false},
		{"error without code", target.Exchange{Status: 500, ResponseBody: []byte(`{"message":"x"}`)}, false, "", "", true},
		{"nothing", target.Exchange{}, false, "", "", false},
	}
	for _, r := range rows {
		a, readable := readAnswer(r.ex)
		if readable != r.readable || a.Code != r.code || a.CodePlace != r.place || a.HasMessage != r.message {
			t.Errorf("%s: readable %v code %q place %q message %v, want %v %q %q %v",
				r.name, readable, a.Code, a.CodePlace, a.HasMessage, r.readable, r.code, r.place, r.message)
		}
	}
}

// Each fact of an expectation is named when it alone differs.
func TestJudgeNamesTheFact(t *testing.T) {
	e := fails("NotFoundException", "Key 'x' does not exist").known()
	good := `{"__type":"NotFoundException","message":"Key 'x' does not exist"}`
	success := Expectation{
		Status: 200, Sets: map[string][]string{"": {"A", "B"}}, Members: Members{"A": Is(1)}, Headers: Members{"X-Test": Is("1")},
	}
	withHeader := http.Header{"X-Test": {"1"}}
	rows := []struct {
		name   string
		e      Expectation
		ex     target.Exchange
		differ []string
	}{
		{"clean error", e, target.Exchange{Status: 400, ResponseBody: []byte(good)}, nil},
		{"status", e, target.Exchange{Status: 404, ResponseBody: []byte(good)}, []string{"status"}},
		{"code", e, target.Exchange{Status: 400, ResponseBody: []byte(`{"__type":"KeyNotFound","message":"Key x does not exist"}`)}, []string{"code"}},
		{"place", e, target.Exchange{Status: 400, ResponseBody: []byte(`{"__type":"a#NotFoundException","message":"Key x does not exist"}`)}, []string{"code_place"}},
		{"message", e, target.Exchange{Status: 400, ResponseBody: []byte(`{"__type":"NotFoundException"}`)}, []string{"message", "text"}},
		{"text", e, target.Exchange{Status: 400, ResponseBody: []byte(`{"__type":"NotFoundException","message":"gone"}`)}, []string{"text"}},
		{"silent", failsSilently("A"), target.Exchange{Status: 400, ResponseBody: []byte(`{"__type":"A","message":""}`)}, []string{"message"}},
		{"success instead", e, target.Exchange{Status: 200, ResponseBody: []byte(`{}`)}, []string{"status", "code", "code_place", "message", "text"}},
		{"clean success", success, target.Exchange{Status: 200, ResponseHeader: withHeader, ResponseBody: []byte(`{"B":2,"A":1}`)}, nil},
		{"member", success, target.Exchange{Status: 200, ResponseHeader: withHeader, ResponseBody: []byte(`{"B":2,"A":2}`)}, []string{"member A"}},
		{"member set", success, target.Exchange{Status: 200, ResponseHeader: withHeader, ResponseBody: []byte(`{"B":2,"A":1,"C":null}`)}, []string{"members"}},
		{"header", success, target.Exchange{Status: 200, ResponseBody: []byte(`{"B":2,"A":1}`)}, []string{"header X-Test"}},
		{"void", okVoid(), target.Exchange{Status: 200}, nil},
		{"void in braces", okVoid(), target.Exchange{Status: 200, ResponseBody: []byte(`{}`)}, nil},
		{"void of null", okVoid(), target.Exchange{Status: 200, ResponseBody: []byte("null")}, nil},
		{"void with a member", okVoid(), target.Exchange{Status: 200, ResponseBody: []byte(`{"A":null}`)}, []string{"members"}},
		{"body", okEmpty(), target.Exchange{Status: 200, ResponseBody: []byte(`{}`)}, []string{"body"}},
	}
	for _, r := range rows {
		a, _ := readAnswer(r.ex)
		_, diffs := r.e.judge(a, false)
		var names []string
		for _, d := range diffs {
			names = append(names, d.Fact)
		}
		if !slices.Equal(names, r.differ) {
			t.Errorf("%s: differs in %q, want %q", r.name, names, r.differ)
		}
	}
}

func TestMaskHidesAccounts(t *testing.T) {
	a := &Answer{Status: 200, JSON: map[string]any{
		"KeyMetadata": map[string]any{"AWSAccountId": "111122223333", "Arn": "arn:aws:kms:us-east-1:111122223333:key/x", "CreationDate": json.Number("111122223333")},
	}, Body: []byte("{}")}
	want := `200 {"KeyMetadata":{"AWSAccountId":"************","Arn":"arn:aws:kms:us-east-1:************:key/x","CreationDate":111122223333}}`
	if got := a.Summary(); got != want {
		t.Errorf("Summary() = %s, want %s", got, want)
	}
}
