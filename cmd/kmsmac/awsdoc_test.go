package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/conformance"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awsfacts"
	"github.com/kmsmac/kmsmac/target/awskms"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

var updateDocs = flag.Bool("update", false, "rewrite what documents hold of the program's own plans")

const awsDocFile = "../../docs/aws.md"

func awsDoc(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(awsDocFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestAWSDocPolicies: each policy of docs/aws.md allows what its command asks
// for, and nothing that it does not.
func TestAWSDocPolicies(t *testing.T) {
	for _, row := range []struct {
		heading string
		asks    func(*testing.T) []string
	}{
		{"bench kms and sweep", func(t *testing.T) []string {
			return asked(t, []string{"bench", "kms", "--rate", "20"}, []string{"bench", "kms", "--mix", "verify=1", "--key-names", "alias"})
		}},
		{"bench kms --key", func(t *testing.T) []string { return asked(t, []string{"bench", "kms", "--key", existingKey}) }},
		{"conform and run", planned},
		{"cleanup", func(t *testing.T) []string { return asked(t, []string{"cleanup", "--all", "--yes"}) }},
	} {
		t.Run(row.heading, func(t *testing.T) {
			allowed, asks := policyOf(t, row.heading), actionsOf(row.asks(t))
			for _, action := range asks {
				if !slices.Contains(allowed, action) {
					t.Errorf("the policy does not allow %s", action)
				}
			}
			for _, action := range allowed {
				if !slices.Contains(asks, action) {
					t.Errorf("the policy allows %s, which is never asked for", action)
				}
			}
		})
	}
}

// policyOf returns the actions that the policy under a heading allows, sorted.
func policyOf(t *testing.T, heading string) []string {
	t.Helper()
	_, section, ok := strings.Cut(awsDoc(t), "\n### "+heading+"\n")
	_, section, fenced := strings.Cut(section, "```json\n")
	raw, _, ended := strings.Cut(section, "```")
	var policy struct{ Statement []struct{ Action any } }
	if !ok || !fenced || !ended || json.Unmarshal([]byte(raw), &policy) != nil {
		t.Fatalf("no policy under %q", heading)
	}
	all := map[string]bool{}
	for _, s := range policy.Statement {
		switch action := s.Action.(type) {
		case string:
			all[action] = true
		case []any:
			for _, one := range action {
				all[fmt.Sprint(one)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// actionsOf are the IAM actions that operations need.
func actionsOf(operations []string) []string {
	all := map[string]bool{}
	for _, op := range operations {
		switch op {
		case "ReEncrypt":
			all["kms:ReEncryptFrom"], all["kms:ReEncryptTo"] = true, true
		case "CreateKey":
			all["kms:CreateKey"], all["kms:TagResource"] = true, true // every key carries tags
		case "ReplicateKey":
			all["kms:ReplicateKey"], all["iam:CreateServiceLinkedRole"] = true, true // its key is a multi-Region one
		default:
			all["kms:"+op] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// planned are the operations of the suite that exist, and those of the load.
func planned(t *testing.T) []string {
	e, err := conformance.Plan(conformance.Options{Profile: "full,golden", Region2: "us-west-2", Differential: 1})
	if err != nil {
		t.Fatal(err)
	}
	var run runCmd
	run.Rate, run.Duration = 10, time.Second
	plan, err := run.load().plan(1, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	load, err := loadEstimate(plan, true)
	if err != nil {
		t.Fatal(err)
	}
	exists := awskms.Operations()
	return slices.DeleteFunc(append(e.SortedOperations(), slices.Collect(maps.Keys(load.requests))...),
		func(op string) bool { return !slices.Contains(exists, op) })
}

// existingKey stands for the id of the key that asked makes.
const existingKey = "EXISTING"

// asked are the operations that commands send to a target that holds one key.
// The first call, ListKeys, tells whether there is a KMS and may be denied: it
// counts only if it is sent again.
func asked(t *testing.T, commands ...[]string) []string {
	t.Helper()
	emu, err := kmsemu.New(kmsemu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = emu.Close() })
	var mu sync.Mutex
	seen := map[string]int{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		mu.Lock()
		seen[op]++
		mu.Unlock()
		emu.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	c, err := awskms.New(t.Context(), awskms.Options{Endpoint: srv.URL, Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	key, err := c.CreateKey(t.Context(), target.CreateKeyRequest{KeySpec: "HMAC_256", Tags: []target.ResourceTag{{Key: tagRun, Value: "before"}}})
	if err != nil {
		t.Fatal(err)
	}
	clear(seen)
	for _, words := range commands {
		for i, w := range words {
			if w == existingKey {
				words[i] = key.KeyID
			}
		}
		words = append(words, "--target", srv.URL)
		if words[0] == "bench" {
			words = append(words, "--no-calibrate", "--duration", "300ms", "--out", filepath.Join(t.TempDir(), "out"))
			seen["ListKeys"]--
		}
		var out, errs bytes.Buffer
		if code := mainEnv(t.Context(), streams{in: strings.NewReader(""), out: &out, err: &errs}, func(string) string { return "" }, words); code != exitOK {
			t.Fatalf("%v: exit %d, %s", words, code, errs.String())
		}
	}
	maps.DeleteFunc(seen, func(_ string, n int) bool { return n <= 0 })
	return slices.Collect(maps.Keys(seen))
}

var plansBlock = regexp.MustCompile(`(?s)(<!-- made by: [^\n]*-->\n)(.*?)(<!-- end -->)`)

// TestAWSDocPlans: requests, keys, durations and costs of docs/aws.md are those
// that the commands plan.
func TestAWSDocPlans(t *testing.T) {
	var want strings.Builder
	want.WriteString("| command | cases | requests | keys | imports | takes about | costs at most |\n|---|---|---|---|---|---|---|\n")
	for _, row := range []struct {
		command string
		args    []string
	}{
		{"conform", nil},
		{"conform --differential 0", []string{"--differential", "0"}},
		{"conform --profile core", []string{"--profile", "core"}},
		{"conform --profile golden", []string{"--profile", "golden"}},
		{"run", nil},
	} {
		want.WriteString(docRow(t, row.command, row.args))
	}
	doc := awsDoc(t)
	m := plansBlock.FindStringSubmatch(doc)
	if m == nil {
		t.Fatal("docs/aws.md has no place for the plans")
	}
	if m[2] == want.String() {
		return
	}
	if !*updateDocs {
		t.Fatalf("docs/aws.md has\n%s\nbut the plans are\n%s\n(go test ./cmd/kmsmac -run TestAWSDocPlans -update)", m[2], want.String())
	}
	if err := os.WriteFile(awsDocFile, []byte(strings.Replace(doc, m[2]+m[3], want.String()+m[3], 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// docRow is a line of the table: what the command would print before its first
// call against aws:eu-west-1.
func docRow(t *testing.T, command string, args []string) string {
	t.Helper()
	var c cli
	p, err := newParser(&c, streams{out: new(bytes.Buffer), err: new(bytes.Buffer)})
	if err != nil {
		t.Fatal(err)
	}
	words := append(strings.Fields(command)[:1:1], "--target", "aws:eu-west-1")
	if _, err := p.Parse(append(words, args...)); err != nil {
		t.Fatal(err)
	}
	opts := conformance.Options{Profile: runProfiles, Region2: "us-west-2"}
	var extra estimate
	if words[0] == "conform" {
		spec, err := c.Conform.spec(func(string) string { return "" })
		if err != nil {
			t.Fatal(err)
		}
		if opts, _, err = c.Conform.options(spec, nil); err != nil {
			t.Fatal(err)
		}
	} else {
		plan, err := c.Run.load().plan(1, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if extra, err = loadEstimate(plan, true); err != nil {
			t.Fatal(err)
		}
	}
	suite, err := conformance.Plan(opts)
	if err != nil {
		t.Fatal(err)
	}
	e, err := conformEstimate(opts)
	if err != nil {
		t.Fatal(err)
	}
	e = e.plus(extra)
	return fmt.Sprintf("| `%s` | %d | %s | %d | %d | %s | %s |\n", command, suite.Cases, thousands(e.total()), e.keys,
		e.requests["ImportKeyMaterial"], roughly(e.lasts), awsfacts.MicroUSD(e.cost()))
}

// thousands writes 4832 as 4,832.
func thousands(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
