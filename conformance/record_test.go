package conformance_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kmsmac/kmsmac/conformance"
	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// recordOf runs the options on the target and returns the record, as text and
// read again, with the results.
func recordOf(t testing.TB, tgt target.Target, o conformance.Options) (string, *conformance.Record, results.Conformance) {
	t.Helper()
	var b bytes.Buffer
	rec, err := conformance.NewRecorder(&b, conformance.RecordHeader{
		Tool: "test", Target: "emulator", Region: tgt.Info().Region, Region2: o.Region2, RunID: o.RunID, Seed: o.Seed, Differential: o.Differential,
		QuotaRegion: o.QuotaRegion, SymmetricPerSecond: o.SymmetricPerSecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	o.Recorder = rec
	c := run(t, tgt, o)
	if _, err := rec.Close(false); err != nil {
		t.Fatal(err)
	}
	return b.String(), readRecord(t, b.String()), c
}

func readRecord(t testing.TB, text string) *conformance.Record {
	t.Helper()
	rec, err := conformance.ReadRecord(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// TestReplay: a record judged by the table gives what the run gave.
func TestReplay(t *testing.T) {
	for name, groups := range map[string][]string{
		"": nil, "wrong-tag": {"GM", "VM", "RFC"}, "disable-ignored": {"KS"}, "type-with-namespace": {"WI", "DK"}, "bare-key-id-in-response": {"GM"},
	} {
		t.Run("deviation "+name, func(t *testing.T) {
			t.Parallel()
			var rec *conformance.Record
			var live results.Conformance
			if o := whole(); name == "" {
				rec, live = cleanRun(t)
			} else {
				o.Cases = groups
				_, rec, live = recordOf(t, serve(t, kmsemu.Options{ReplicaDelay: replicaDelay, Deviations: []string{name}}), o)
			}
			again := run(t, rec.Target("replay"), rec.Options(conformance.Options{Cases: groups}))
			if len(again.Cases) != len(live.Cases) {
				t.Fatalf("%d cases, want %d", len(again.Cases), len(live.Cases))
			}
			for i, r := range again.Cases {
				l := live.Cases[i]
				if r.Verdict != l.Verdict || !slices.Equal(r.Differs, l.Differs) {
					t.Errorf("%s: replayed %s %q (%s), live %s %q (%s)\n%s\n%v", r.ID, r.Verdict, r.Differs, r.Reason, l.Verdict, l.Differs, l.Reason, r.Observed, r.Differences)
				}
			}
		})
	}
}

// TestBaseline: the emulator is like its own record, and a wrong one is not.
func TestBaseline(t *testing.T) {
	t.Parallel()
	rec, _ := cleanRun(t)
	o := whole()
	o.Seed, o.RunID, o.Baseline = 77, "other", rec
	c := run(t, serve(t, kmsemu.Options{ReplicaDelay: replicaDelay, AccountID: "123456789012"}), o)
	for _, r := range c.Cases {
		if r.Verdict != results.CasePass {
			t.Errorf("%s: %s (%s) %v", r.ID, r.Verdict, r.Reason, r.Differences)
		}
	}
}

// TestBaselineSees: what differs from the record fails, whatever the table says.
func TestBaselineSees(t *testing.T) {
	t.Parallel()
	groups := []string{"GM", "KS", "WI", "RFC", "DE"}
	clean := whole()
	clean.Cases = groups
	_, rec, _ := recordOf(t, serve(t, kmsemu.Options{ReplicaDelay: replicaDelay}), clean)
	rows := []struct{ deviation, row string }{
		{"wrong-tag", "RFC-1-SHA256"},
		{"disable-ignored", "KS-01"},
		{"state-409", "GM-25"},
		{"errortype-header", "WI-08"},
		{"no-request-id", "WI-03"},
		{"void-braces", "WI-05"},
		{"type-with-namespace", "WI-06"},
		{"bare-key-id-in-response", "GM-05"},
		{"iso-timestamps", "DE-03"},
	}
	for _, r := range rows {
		t.Run(r.deviation, func(t *testing.T) {
			t.Parallel()
			o := whole()
			o.Seed, o.Baseline, o.Cases, o.Differential = 3, rec, []string{r.row}, 0
			c := run(t, serve(t, kmsemu.Options{Deviations: []string{r.deviation}}), o)
			if got := c.Cases[0]; got.Verdict != results.CaseFail || got.Evidence != "recorded" || len(got.Differences) == 0 {
				t.Errorf("%s: %s %q (%s), want a failure by the record", got.ID, got.Verdict, got.Differs, got.Reason)
			}
		})
	}
}

// byHand is a record as somebody writes it down: a row, an answer.
const byHand = `{"header":{"schema":1}}

{"exchange":{"row":"GM-25","operation":"GenerateMac","response":{"status":400,"body":"{\"__type\":\"DisabledException\",\"message\":\"arn:aws:kms:eu-west-1:111122223333:key/0123abcd-0123-0123-0123-0123456789ab is disabled.\"}"}}}
{"exchange":{"row":"GM-05","operation":"GenerateMac","response":{"status":200,"body":"{\"KeyId\":\"0123abcd-0123-0123-0123-0123456789ab\",\"Mac\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"MacAlgorithm\":\"HMAC_SHA_256\"}"}}}`

// TestBaselineByHand: a record made by hand decides its rows, and no others.
func TestBaselineByHand(t *testing.T) {
	o := whole()
	o.Baseline, o.Cases, o.Differential = readRecord(t, byHand), []string{"GM"}, 0
	c := run(t, serve(t, kmsemu.Options{}), o)
	for _, r := range c.Cases {
		want := results.CaseNotApplicable
		switch r.ID {
		case "GM-25":
			want = results.CasePass
		case "GM-05": // the record has a bare id, where the table has an ARN
			want = results.CaseFail
		}
		if r.Verdict != want {
			t.Errorf("%s: %s %v (%s), want %s", r.ID, r.Verdict, r.Differences, r.Reason, want)
		}
	}
}

// TestRefusedRecords: a record that is not what was written is refused, with
// the line.
func TestRefusedRecords(t *testing.T) {
	o := whole()
	o.Cases, o.Differential = []string{"GM-05"}, 0
	text, _, _ := recordOf(t, serve(t, kmsemu.Options{}), o)
	lines := strings.SplitAfter(text, "\n")
	lines = lines[:len(lines)-1]
	last := len(lines)
	without := func(i int) string { return strings.Join(slices.Delete(slices.Clone(lines), i, i+1), "") }
	rows := []struct {
		name, text, line, why string
	}{
		{"empty", "", "line 1", "missing"},
		{"no record", "hello\n", "line 1", "no header"},
		{"cut in the header", text[:20], "line 1", "cut"},
		{"cut in a line", strings.TrimSuffix(text, "\n")[:len(text)-10], fmt.Sprint("line ", last), "cut"},
		{"cut in the middle", text[:len(lines[0])+40], "line 2", "cut"},
		{"cut before the last newline", text[:len(text)-1], fmt.Sprint("line ", last), "cut"},
		{"cut between lines", without(last - 1), fmt.Sprint("line ", last), "cut after line " + fmt.Sprint(last-1)},
		{"a line taken out", without(2), "line 3", "edited"},
		{"an answer edited", strings.Replace(text, "HMAC_SHA_256", "HMAC_SHA_512", 1), "line ", "edited"},
		{"spacing edited", strings.Replace(text, `{"exchange"`, `{ "exchange"`, 1), "line 2", "edited"},
		{"a line added", text + `{"end":{"exchanges":0,"golden":true}}` + "\n", fmt.Sprint("line ", last+1), "edited"},
		{"unsealed", strings.Replace(text, `"sealed":true`, `"sealed":false`, 1), "line 1", "edited"},
		{"newer", `{"header":{"schema":2,"colour":"red"}}` + "\n", "line 1", "newer"},
		{"no schema", `{"header":{}}` + "\n", "line 1", "no schema"},
		{"by hand, cut", byHand[:len(byHand)-30], "line 4", "cut"},
		{"by hand, mistyped", byHand + "\n" + `{"exchange":{"row":"GM-01","operation":"GenerateMac","respons":{}}}`, "line 5", "respons"},
		{"by hand, no answer", byHand + "\n" + `{"exchange":{"row":"GM-01","operation":"GenerateMac"}}`, "line 5", "no response"},
		{"by hand, no status", byHand + "\n" + `{"exchange":{"row":"GM-01","operation":"GenerateMac","response":{"body":""}}}`, "line 5", "status"},
		{"by hand, no row", byHand + "\n" + `{"exchange":{"operation":"GenerateMac","response":{"status":200}}}`, "line 5", "row"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			_, err := conformance.ReadRecord(strings.NewReader(r.text))
			if !errors.Is(err, conformance.ErrRecord) || !strings.Contains(fmt.Sprint(err), r.line) || !strings.Contains(fmt.Sprint(err), r.why) {
				t.Errorf("error %v, want one that names %s and %q", err, r.line, r.why)
			}
		})
	}
}

// TestInterruptedRecord: what an interrupted run left unfinished accuses
// nobody later.
func TestInterruptedRecord(t *testing.T) {
	t.Parallel()
	tgt := serve(t, kmsemu.Options{ReplicaDelay: replicaDelay})
	var b bytes.Buffer
	o := whole()
	rec, err := conformance.NewRecorder(&b, conformance.RecordHeader{Region: "us-east-1", Region2: o.Region2, RunID: o.RunID})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o.Recorder, o.Cases, o.Differential = rec, []string{"EC", "IM", "MR", "KS"}, 0
	o.Observer = func(e conformance.Event) {
		if e.Done == 40 {
			cancel()
		}
	}
	live, err := conformance.Run(ctx, tgt, o)
	if !errors.Is(err, context.Canceled) || live.Counts[results.CaseSkipped] == 0 {
		t.Fatalf("%v, %v: not interrupted", live.Counts, err)
	}
	if end, err := rec.Close(true); err != nil || !end.Interrupted {
		t.Fatalf("%+v, %v", end, err)
	}
	record := readRecord(t, b.String())
	c := run(t, record.Target("replay"), record.Options(conformance.Options{Cases: o.Cases}))
	for i, r := range c.Cases {
		want := live.Cases[i].Verdict
		if want == results.CaseSkipped {
			want = results.CaseNotApplicable
		}
		if r.Verdict != want {
			t.Errorf("%s: replayed %s (%s %v), live %s", r.ID, r.Verdict, r.Reason, r.Differences, live.Cases[i].Verdict)
		}
	}
}

// TestRecordKeepsToItsSchema holds every line against the JSON Schema.
func TestRecordKeepsToItsSchema(t *testing.T) {
	t.Parallel()
	schema := recordSchema(t)
	o := whole()
	o.Cases, o.Differential = []string{"CK", "GM", "IM", "AU", "WI"}, 0
	text, _, _ := recordOf(t, serve(t, kmsemu.Options{}), o)
	for i, line := range strings.Split(strings.TrimSpace(text)+"\n"+strings.ReplaceAll(byHand, "\n\n", "\n"), "\n") {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		if err == nil {
			err = schema.Validate(doc)
		}
		if err != nil {
			t.Fatalf("line %d: %v\n%s", i+1, err, line)
		}
	}
	for _, bad := range []string{`{}`, `{"header":{}}`, `{"exchange":{"operation":"GenerateMac","row":"GM-01"}}`, `{"end":{}}`, `{"now":{},"case":{}}`} {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(bad))
		if err != nil {
			t.Fatal(err)
		}
		if schema.Validate(doc) == nil {
			t.Errorf("the schema takes %s", bad)
		}
	}
}

func recordSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	raw, err := conformance.Schemas.ReadFile("schema/record.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("record.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("record.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// leaky is a target whose exchanges are full of secrets: in the request's
// headers and body, and quoted back wherever a service might quote them.
type leaky struct {
	target.Target
	secrets map[string]string
}

func (l *leaky) Call(ctx context.Context, operation string, params map[string]any) (target.Exchange, error) {
	ex, err := l.Target.(target.Caller).Call(ctx, operation, params)
	return l.leak(ex), err
}

func (l *leaky) Send(ctx context.Context, req target.RawRequest) (target.Exchange, error) {
	ex, err := l.Target.(target.RawSender).Send(ctx, req)
	return l.leak(ex), err
}

func (l *leaky) InRegion(region string) (target.Target, error) {
	away, err := l.Target.(target.Regional).InRegion(region)
	return &leaky{away, l.secrets}, err
}

func (l *leaky) leak(ex target.Exchange) target.Exchange {
	s := l.secrets
	ex.RequestHeader = ex.RequestHeader.Clone()
	if ex.RequestHeader == nil {
		ex.RequestHeader = http.Header{}
	}
	auth := "AWS4-HMAC-SHA256 Credential=" + s["access key"] + "/20261123/us-east-1/kms/aws4_request, SignedHeaders=host, Signature=" + s["signature"]
	ex.RequestHeader["Authorization"] = []string{auth}
	ex.RequestHeader["x-amz-security-token"] = []string{s["session token"]}
	ex.RequestBody = []byte(fmt.Sprintf(`{"ImportToken":%q,"EncryptedKeyMaterial":%q,"GrantTokens":[%q],"Nested":{"GrantToken":%q},"A":"x"}`,
		b64(s["import token"]), b64(s["material"]), s["grant token"], s["grant token"]))
	ex.URL += "?X-Amz-Security-Token=" + s["session token"] + "&X-Amz-Credential=" + s["access key"]
	quoted := "the canonical string was " + auth + " " + s["session token"] + " arn:aws:kms:us-east-1:" + s["account"] + ":key/1 arn:aws:sts::" + s["account"] + ":assumed-role/" + s["principal"] + "/x"
	for _, name := range []string{"import token", "material", "grant token", "session token", "signature", "account"} {
		quoted += " " + b64(s[name]) + " " + hex.EncodeToString([]byte(s[name])) + " " + strings.ToUpper(hex.EncodeToString([]byte(s[name]))) + " " + s[name] +
			" " + b64("a"+s[name]+"z") + " " + b64("ab"+s[name]+"z") + " " + base64.URLEncoding.EncodeToString([]byte("?>"+s[name]))
	}
	ex.ResponseHeader = ex.ResponseHeader.Clone()
	if ex.ResponseHeader == nil {
		ex.ResponseHeader = http.Header{}
	}
	ex.ResponseHeader.Set("X-Quoted", quoted)
	ex.ResponseHeader.Set("Set-Cookie", s["session token"])
	if ex.Status != 200 {
		ex.ResponseBody = []byte(fmt.Sprintf(`{"__type":"InvalidSignatureException","message":%q}`, quoted))
	}
	return ex
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// TestRecordHoldsNoSecret looks for planted secrets in every spelling.
func TestRecordHoldsNoSecret(t *testing.T) {
	t.Parallel()
	secrets := map[string]string{
		"access key": "AKIAPLANTEDACCESSKEY", "signature": "5e1f0000planted0000signature00000000", "session token": "PlantedSessionToken//////////8BEXAMPLE",
		"import token": "planted import token", "material": "planted wrapped material", "grant token": "PlantedGrantTokenOfSomeLength",
		"account": "314159265358", "principal": "planted.person@example.com", "host": "planted-host.example.com",
	}
	o := whole()
	o.Cases, o.Differential, o.Host = []string{"GM-01", "GM-20", "IM-01", "GR-03", "AU"}, 0, secrets["host"]
	text, _, _ := recordOf(t, &leaky{serve(t, kmsemu.Options{AccountID: secrets["account"]}), secrets}, o)
	if n := strings.Count(text, "\n"); n < 20 {
		t.Fatalf("%d lines: nothing was recorded", n)
	}
	for name, secret := range secrets {
		for form, spelled := range spellingsOf(secret) {
			if at := strings.Index(text, spelled); at >= 0 {
				t.Errorf("the record holds the %s, %s: %s", name, form, text[max(0, at-120):min(len(text), at+60)])
			}
		}
	}
	for _, name := range []string{"Authorization\"", "ecurity-", "Set-Cookie"} {
		if at := strings.Index(text, name); at >= 0 {
			t.Errorf("the record holds %q: %s", name, text[max(0, at-100):at+40])
		}
	}
}

// spellingsOf are what the test itself looks for: raw, hexadecimal, and what
// of Base64 does not depend on the neighbours.
func spellingsOf(secret string) map[string]string {
	digits := hex.EncodeToString([]byte(secret))
	out := map[string]string{"raw": secret, "hex": digits, "HEX": strings.ToUpper(digits)}
	for shift := range 3 {
		whole := b64(strings.Repeat("\x00", shift) + secret)
		out[fmt.Sprint("base64 at ", shift)] = strings.TrimRight(whole, "=")[[]int{0, 2, 3}[shift] : (shift+len(secret))/3*4]
	}
	return out
}

// TestGolden: only answers of AWS's own hosts over verified TLS make a record
// golden, and it says why not.
func TestGolden(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name     string
		url      string
		verified bool
		before   []string
		why      string
	}{
		{"aws", "https://kms.eu-west-1.amazonaws.com/", true, nil, ""},
		{"not verified", "https://kms.eu-west-1.amazonaws.com/", false, nil, "TLS"},
		{"an emulator", "http://127.0.0.1:4566/", false, nil, "host"},
		{"a look-alike", "https://kms.eu-west-1.amazonaws.com.example.net/", true, nil, "host"},
		{"redirected", "https://kms.eu-west-1.amazonaws.com/", true, []string{"AWS_ENDPOINT_URL is set"}, "AWS_ENDPOINT_URL"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			var b bytes.Buffer
			rec, err := conformance.NewRecorder(&b, conformance.RecordHeader{Target: "aws", NotGolden: r.before})
			if err != nil {
				t.Fatal(err)
			}
			o := whole()
			o.Recorder, o.Cases, o.Differential = rec, []string{"GM-05"}, 0
			run(t, &relocated{serve(t, kmsemu.Options{}), r.url, r.verified}, o)
			end, err := rec.Close(false)
			if err != nil {
				t.Fatal(err)
			}
			if got := readRecord(t, b.String()).Golden(); got != end.Golden || got != (r.why == "") {
				t.Errorf("golden %v, in the file %v, want %v", end.Golden, got, r.why == "")
			}
			if !strings.Contains(strings.Join(end.NotGolden, " "), r.why) {
				t.Errorf("reasons %q, want %q", end.NotGolden, r.why)
			}
		})
	}
}

// relocated is a target whose exchanges claim to come from elsewhere.
type relocated struct {
	target.Target
	url      string
	verified bool
}

func (r *relocated) Call(ctx context.Context, operation string, params map[string]any) (target.Exchange, error) {
	ex, err := r.Target.(target.Caller).Call(ctx, operation, params)
	ex.URL, ex.Verified = r.url, r.verified
	return ex, err
}
