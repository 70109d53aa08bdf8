package k6x

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kmsmac/kmsmac/results"
)

const callsScript = `
import { check } from 'k6';
import { connect } from 'k6/x/kmsmac';

const kms = connect({ target: __ENV.TARGET });

export const options = {
  vus: 2, iterations: 20,
  thresholds: { checks: ['rate==1'], kmsmac_duration: ['p(99)<30000'], kmsmac_failed: ['count==1'] },
};

export default function () {
  const tag = kms.generateMac('alias/k6', 'hello');
  check(tag, { '32 bytes': (t) => t.byteLength === 32 });
  check(kms.verifyMac('alias/k6', 'hello', tag), { 'its own tag is right': (v) => v });
  check(kms.verifyMac('alias/k6', 'hullo', tag), { 'another message is wrong': (v) => !v });
  check(kms.generateMac('alias/k6', new Uint8Array([104, 101, 108, 108, 111]).buffer), {
    'bytes are as good as text': (t) => new Uint8Array(t).toString() === new Uint8Array(tag).toString(),
  });
  if (__VU === 1 && __ITER === 0) {
    try {
      kms.generateMac('alias/none', 'hello');
    } catch (e) {
      check(e, { 'a missing key is thrown': (e) => String(e).includes('NotFoundException') });
    }
  }
}
`

// TestCalls drives people's own scenario: checks, thresholds, and the output
// that keeps its figures.
func TestCalls(t *testing.T) {
	dir := script(t, callsScript)
	code, out := runK6(t, dir, "run", "--quiet", "-e", "TARGET="+emulatorWithKey(t), "--out", "kmsmac=calls", "test.js")
	if code != 0 {
		t.Fatalf("exit %d:\n%s", code, out)
	}
	f, err := results.Read(filepath.Join(dir, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Load) != 2 || f.Verdict != results.Pass || f.Interrupted || f.Shard != nil {
		t.Fatalf("%d loads, %s, interrupted %v", len(f.Load), f.Verdict, f.Interrupted)
	}
	g, v := f.Load[0], f.Load[1]
	if g.Operation != "GenerateMac" || g.KeySpec != "HMAC_256" || g.Requests != 41 || g.Succeeded != 40 || g.Errors["NotFoundException"] != 1 {
		t.Errorf("%+v", g)
	}
	if v.Operation != "VerifyMac" || v.Requests != 40 || v.Succeeded != 40 || v.Response == nil || v.Response.P50 <= 0 || v.Client != "sdk" {
		t.Errorf("%+v", v)
	}
	// The log alone, as a killed run leaves it, tells the same.
	if err := os.Remove(filepath.Join(dir, "calls", results.FileName)); err != nil {
		t.Fatal(err)
	}
	cut, err := results.Read(filepath.Join(dir, "calls"))
	if err != nil || len(cut.Load) != 2 || cut.Load[0].Requests != 41 || cut.Load[0].Histograms["response"] != g.Histograms["response"] {
		t.Errorf("%+v, %v", cut, err)
	}
}

// TestRefusals: what a script gets wrong is named.
func TestRefusals(t *testing.T) {
	url := emulatorWithKey(t)
	const head = "import kmsmac from 'k6/x/kmsmac';\nconst url = __ENV.TARGET;\n"
	const plan = "const plan = { target: url, rate: 10, duration: '100ms', warmup: '0s', lead: '0s', mix: { generate: 1 } };\n"
	for _, tc := range []struct {
		name, script string
		args         []string
		want         string
	}{
		{"a member that does not exist", "export default () => kmsmac.openLoop({ target: url, raet: 10 });", nil, `unknown field \"raet\"`},
		{"a duration without a unit", "export default () => kmsmac.openLoop({ target: url, duration: 5 });", nil, "not a duration"},
		{"two shapes", "export default () => kmsmac.openLoop({ target: url, endRate: 5, steps: [{ rate: 1, duration: '1s' }] });", nil, "give one of endRate"},
		{"no target", "export default () => kmsmac.openLoop({ rate: 10 });", nil, "no target"},
		{"nothing at all", "export default () => kmsmac.openLoop();", nil, "an object is expected"},
		{"openLoop in the init context", plan + "kmsmac.openLoop(plan);\nexport default () => {};", nil, "not in the init context"},
		{"twice in one instance", plan + "export default () => { kmsmac.openLoop(plan); kmsmac.openLoop(plan); };", nil, "openLoop has run in this instance"},
		{"segments that are not equal", plan + "export default () => kmsmac.openLoop(plan);", []string{"--execution-segment", "0:2/3"}, "is not one of equal shares"},
		{"a Region that does not exist", "kmsmac.connect({ target: 'aws:mars-north-1' });\nexport default () => {};", nil, "unknown Region"},
		{"credentials in the URL", "kmsmac.connect({ target: 'http://me:secret@127.0.0.1:1' });\nexport default () => {};", nil, "target is neither"},
		{"an unknown client", "kmsmac.connect({ target: url, client: 'fast' });\nexport default () => {};", nil, `unknown client \"fast\"`},
		{"an unknown algorithm", "const k = kmsmac.connect({ target: url });\nexport default () => k.generateMac('alias/k6', 'm', 'MD5');", nil, "unknown algorithm"},
		{"a share of the limits", "export default () => kmsmac.openLoop({ target: 'aws:eu-west-1', endpoint: 'http://127.0.0.1:1', rate: 10, duration: '10s', maxRequests: 100 });",
			nil, "are above this shard's share of maxRequests, 100"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := script(t, head+tc.script)
			code, out := runK6(t, dir, append([]string{"run", "--quiet", "-e", "TARGET=" + url}, append(tc.args, "test.js")...)...)
			loop := strings.Contains(tc.script, "openLoop(")
			if !strings.Contains(out, tc.want) || loop && code == 0 {
				t.Errorf("exit %d; k6 does not say %q:\n%s", code, tc.want, out)
			}
			if strings.Contains(out, "me:secret") {
				t.Errorf("a password is printed:\n%s", out)
			}
		})
	}
}

// TestOpenLoopWhole is one instance without segments: no shard, one directory.
func TestOpenLoopWhole(t *testing.T) {
	dir := script(t, `
import kmsmac from 'k6/x/kmsmac';
const plan = { target: __ENV.TARGET, steps: [{ rate: 50, duration: '500ms' }, { rate: 100, duration: '500ms' }], warmup: '0s', lead: '500ms', out: 'out' };
export const options = { scenarios: { load: kmsmac.scenario(plan, 1) } };
export default () => console.log(JSON.stringify(kmsmac.openLoop(plan)));
`)
	code, out := runK6(t, dir, "run", "--quiet", "-e", "TARGET="+emulatorWithKey(t), "--out", "kmsmac=calls", "--summary-export", "summary.json", "test.js")
	if code != 0 || !strings.Contains(out, `\"requests\":75`) || !strings.Contains(out, `\"scheduled\":75`) {
		t.Fatalf("exit %d:\n%s", code, out)
	}
	f, err := results.Read(filepath.Join(dir, "out"))
	if err != nil || f.Shard != nil || f.Verdict != results.Pass {
		t.Fatalf("%+v, %v", f, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "calls")); !os.IsNotExist(err) {
		t.Errorf("the output left a directory for calls that nobody made: %v", err)
	}
	var summary struct {
		Metrics map[string]map[string]any `json:"metrics"`
	}
	raw, err := os.ReadFile(filepath.Join(dir, "summary.json"))
	if err == nil {
		err = json.Unmarshal(raw, &summary)
	}
	if err != nil || summary.Metrics["kmsmac_requests"]["count"] != 75.0 || summary.Metrics["kmsmac_response_p99"] == nil {
		t.Errorf("summary %v, %v", summary.Metrics["kmsmac_requests"], err)
	}
	if code, out := runK6(t, dir, "run", "--quiet", "-e", "TARGET=http://127.0.0.1:1", "test.js"); !strings.Contains(out, "holds a result already") {
		t.Errorf("a second run into one directory: exit %d\n%s", code, out)
	}
}
