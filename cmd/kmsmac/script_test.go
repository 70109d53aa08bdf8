package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

func TestMain(m *testing.M) {
	testscript.Main(gateSelfOr{m}, map[string]func(){"kmsmac": main, "barehttp": bareMain})
}

// TestScripts runs testdata/script, one file per command.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exit":   cmdExit,
			"emu":    cmdEmu,
			"html":   cmdHTML,
			"silent": cmdSilent,
			"schema": cmdSchema,
			"jq":     cmdJQ,
			"damage": cmdDamage,
			"edit":   cmdEdit,
		},
		Setup: func(e *testscript.Env) error {
			// Nothing of the machine's own AWS settings reaches a script.
			e.Setenv("AWS_CONFIG_FILE", e.WorkDir+"/none")
			e.Setenv("AWS_SHARED_CREDENTIALS_FILE", e.WorkDir+"/none")
			e.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			return nil
		},
	})
}

// cmdExit runs a command and checks its exit code: exit CODE[,CODE…] kmsmac ARG…
func cmdExit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit code command [arg ...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if !slices.Contains(strings.Split(args[0], ","), got) {
		ts.Fatalf("exit status %s, want %s", got, args[0])
	}
}

// cmdEmu starts an emulator in the test's process and puts its URL into a
// variable: emu VARIABLE [DEVIATION…]
func cmdEmu(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: emu variable [deviation ...]")
	}
	e, err := kmsemu.New(kmsemu.Options{Deviations: args[1:]})
	ts.Check(err)
	s, err := e.Listen("127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = s.Close(); _ = e.Close() })
	ts.Setenv(args[0], s.URL)
}

// cmdSilent starts an emulator that answers one operation with a status of 200
// and a body of the script's: silent VARIABLE OPERATION BODY
func cmdSilent(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: silent variable operation body")
	}
	e, err := kmsemu.New(kmsemu.Options{})
	ts.Check(err)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+args[1]) {
			e.ServeHTTP(w, r)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_, _ = io.WriteString(w, args[2])
	}))
	ts.Defer(func() { srv.Close(); _ = e.Close() })
	ts.Setenv(args[0], srv.URL)
}

// cmdHTML starts a server that is no KMS:
// html VARIABLE page|error|null|object|unknown|hangup
func cmdHTML(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: html variable page|error|null|object|unknown|hangup")
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch args[1] {
		case "page":
			_, _ = w.Write([]byte("<html>hello</html>"))
		case "error":
			http.Error(w, "<html>oops</html>", http.StatusInternalServerError)
		case "null":
			_, _ = w.Write([]byte("null"))
		case "object":
			_, _ = w.Write([]byte("{}"))
		case "unknown":
			http.Error(w, `{"__type":"UnknownOperationException"}`, http.StatusBadRequest)
		default:
			panic(http.ErrAbortHandler)
		}
	}))
	ts.Defer(srv.Close)
	ts.Setenv(args[0], srv.URL)
}

// cmdSchema holds a file, or stdout, against a JSON Schema of ours:
// schema result.schema.json FILE
func cmdSchema(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: schema name file")
	}
	c := jsonschema.NewCompiler()
	for _, name := range []string{"result.schema.json", "summary.schema.json"} {
		raw, err := results.Schemas.ReadFile("schema/" + name)
		ts.Check(err)
		parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		ts.Check(err)
		ts.Check(c.AddResource(name, parsed))
	}
	s, err := c.Compile(args[0])
	ts.Check(err)
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(ts.ReadFile(args[1])))
	ts.Check(err)
	ts.Check(s.Validate(doc))
}

// cmdJQ compares one member of stdout's JSON: jq PATH WANT, where PATH is
// a.b.0.c and WANT is JSON, or >N for a number above N.
func cmdJQ(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: jq path want")
	}
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	for part := range strings.SplitSeq(args[0], ".") {
		v = member(ts, v, part)
	}
	raw, err := json.Marshal(v)
	ts.Check(err)
	ok := string(raw) == args[1]
	if bound, found := strings.CutPrefix(args[1], ">"); found {
		var limit float64
		ts.Check(json.Unmarshal([]byte(bound), &limit))
		n, isNumber := v.(float64)
		ok = isNumber && n > limit
	}
	if ok == neg {
		ts.Fatalf("%s is %s, want %s (negated: %v)", args[0], raw, args[1], neg)
	}
}

// cmdEdit writes a file with the first OLD replaced by NEW, which must be there:
// edit FILE TO OLD NEW
func cmdEdit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: edit file to old new")
	}
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[2]) {
		ts.Fatalf("%s does not hold %q", args[0], args[2])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(strings.Replace(text, args[2], args[3], 1)), 0o600))
}

// cmdDamage takes bytes off a file's end, or changes one in its last histogram:
// damage FILE end N, damage FILE histogram
func cmdDamage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: damage file end n | damage file histogram")
	}
	name := ts.MkAbs(args[0])
	raw, err := os.ReadFile(name)
	ts.Check(err)
	switch args[1] {
	case "histogram":
		raw[bytes.LastIndex(raw, []byte("HISTF"))+40] ^= 1
	default:
		n, err := strconv.Atoi(args[2])
		ts.Check(err)
		raw = raw[:len(raw)-n]
	}
	ts.Check(os.WriteFile(name, raw, 0o600))
}

func member(ts *testscript.TestScript, v any, part string) any {
	switch v := v.(type) {
	case map[string]any:
		got, ok := v[part]
		if !ok {
			ts.Fatalf("no member %q", part)
		}
		return got
	case []any:
		for i, item := range v {
			if part == jsonIndex(i) {
				return item
			}
		}
	}
	ts.Fatalf("nothing at %q", part)
	return nil
}

func jsonIndex(i int) string {
	raw, _ := json.Marshal(i) // an int always marshals
	return string(raw)
}

// TestHelpNamesWhatExists keeps unfinished commands out of the help.
func TestHelpNamesWhatExists(t *testing.T) {
	var out, errs bytes.Buffer
	code := mainEnv(t.Context(), streams{in: strings.NewReader(""), out: &out, err: &errs}, os.Getenv, []string{"--help"})
	if code != 0 || errs.Len() > 0 {
		t.Fatalf("exit %d, stderr %q", code, errs.String())
	}
	for _, name := range []string{"run", "vectors", "conform", "bench kms", "sweep", "serve", "cleanup", "version"} {
		if !strings.Contains(out.String(), "\n  "+name) {
			t.Errorf("help does not name %q:\n%s", name, out.String())
		}
	}
}
