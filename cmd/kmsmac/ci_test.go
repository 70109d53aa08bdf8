package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/kmsmac/kmsmac/results"
)

// The parts of GitHub's and GitLab's files that ours use. They are decoded
// strictly: a key that is not here is a mistake, or belongs here.
type (
	ciWorkflow struct {
		Name        string
		On          any
		Permissions map[string]string
		Concurrency struct {
			Group  string
			Cancel bool `yaml:"cancel-in-progress"`
		}
		Jobs map[string]ciJob
	}
	ciJob struct {
		If        string
		RunsOn    string `yaml:"runs-on"`
		Timeout   int    `yaml:"timeout-minutes"`
		Container string
		Defaults  struct{ Run struct{ Shell string } }
		Steps     []ciStep
	}
	ciStep struct {
		ID, Name, If, Uses, Run, Shell string
		Env, With                      map[string]string
	}
	ciAction struct {
		Name, Description string
		Branding          struct{ Icon, Color string }
		Inputs            map[string]struct {
			Description, Default string
			Required             bool
		}
		Outputs map[string]struct{ Description, Value string }
		Runs    struct {
			Using string
			Steps []ciStep
		}
	}
	gitlabJob struct {
		Image     string
		Script    []string
		Artifacts struct {
			When    string
			Paths   []string
			Reports struct{ Junit string }
		}
	}
)

func decodeStrictly(t *testing.T, name string, raw []byte, into any) {
	t.Helper()
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func readAction(t *testing.T) ciAction {
	t.Helper()
	raw, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var a ciAction
	decodeStrictly(t, "action.yml", raw, &a)
	return a
}

// ciDoc is what docs/ci.md holds.
type ciDoc struct {
	text      string
	workflows map[string]ciWorkflow // by name
	gitlab    map[string]gitlabJob
	shell     []string // ```sh blocks
}

var fenced = regexp.MustCompile("(?ms)^```(yaml|sh)\n(.*?)^```$")

func readCIDoc(t *testing.T) ciDoc {
	t.Helper()
	raw, err := os.ReadFile("../../docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	d := ciDoc{text: string(raw), workflows: map[string]ciWorkflow{}}
	for _, m := range fenced.FindAllStringSubmatch(d.text, -1) {
		switch {
		case m[1] == "sh":
			d.shell = append(d.shell, m[2])
		case strings.HasPrefix(m[2], "name:"):
			var w ciWorkflow
			decodeStrictly(t, "docs/ci.md", []byte(m[2]), &w)
			d.workflows[w.Name] = w
		default:
			decodeStrictly(t, "docs/ci.md", []byte(m[2]), &d.gitlab)
		}
	}
	if len(d.workflows) != 4 || len(d.gitlab) != 1 || len(d.shell) != 1 {
		t.Fatalf("docs/ci.md has %d workflows, %d GitLab jobs and %d shell blocks, want 4, 1 and 1", len(d.workflows), len(d.gitlab), len(d.shell))
	}
	return d
}

var (
	pinned     = regexp.MustCompile(`^[a-z-]+/[a-z-]+@[0-9a-f]{40}$`)
	expression = regexp.MustCompile(`\$\{\{(.*?)\}\}`)
)

// TestAction holds action.yml to itself: actions of others are pinned to a
// commit, every input is used and known, and no expression stands in a script,
// where what an input holds would become shell.
func TestAction(t *testing.T) {
	a := readAction(t)
	if a.Runs.Using != "composite" || len(a.Runs.Steps) < 4 {
		t.Fatalf("runs: %+v", a.Runs)
	}
	used := map[string]bool{}
	for _, s := range a.Runs.Steps {
		checkUses(t, "action.yml", s)
		if s.Run != "" && (s.Shell != "bash" || expression.MatchString(s.Run)) {
			t.Errorf("step %q: shell %q, expressions %q", s.Name, s.Shell, expression.FindAllString(s.Run, -1))
		}
		whole, err := yaml.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`inputs\.([a-z-]+)`).FindAllStringSubmatch(string(whole), -1) {
			used[m[1]] = true
			if _, ok := a.Inputs[m[1]]; !ok {
				t.Errorf("step %q uses input %q, which there is not", s.Name, m[1])
			}
		}
	}
	doc := readCIDoc(t).text
	for name, in := range a.Inputs {
		if !used[name] || in.Description == "" || !strings.Contains(doc, "| `"+name+"` |") {
			t.Errorf("input %q: used %v, described %v, in docs/ci.md %v", name, used[name], in.Description != "", strings.Contains(doc, "| `"+name+"` |"))
		}
	}
	for name := range a.Outputs {
		if !strings.Contains(doc, "`"+name+"`") {
			t.Errorf("output %q is not in docs/ci.md", name)
		}
	}
}

func checkUses(t *testing.T, where string, s ciStep) {
	t.Helper()
	own := s.Uses == "./" || s.Uses == "kmsmac/kmsmac@main"
	if s.Uses != "" && !own && !pinned.MatchString(s.Uses) {
		t.Errorf("%s: %q is not pinned to a commit", where, s.Uses)
	}
	if (s.Uses == "") == (s.Run == "") {
		t.Errorf("%s: step %q must either use or run", where, s.Name)
	}
	if own {
		a := readAction(t)
		for name := range s.With {
			if _, ok := a.Inputs[name]; !ok {
				t.Errorf("%s: the action has no input %q", where, name)
			}
		}
		if s.With["command"] == "" {
			t.Errorf("%s: the action needs a command", where)
		}
	}
}

// TestWorkflows holds the project's own workflow and those of docs/ci.md to the
// same rules.
func TestWorkflows(t *testing.T) {
	raw, err := os.ReadFile("../../.github/workflows/ci.yml")
	if err != nil {
		t.Fatal(err)
	}
	var own ciWorkflow
	decodeStrictly(t, "ci.yml", raw, &own)
	all := readCIDoc(t).workflows
	all["ci.yml"] = own
	for name, w := range all {
		if len(w.Jobs) == 0 || w.Permissions == nil || w.On == nil {
			t.Errorf("%s: jobs %d, permissions %v, on %v", name, len(w.Jobs), w.Permissions, w.On)
		}
		for _, job := range w.Jobs {
			for _, s := range job.Steps {
				checkUses(t, name, s)
				if expression.MatchString(s.Run) {
					t.Errorf("%s: step %q has an expression in its script", name, s.Name)
				}
			}
		}
	}
	runs, gates := false, false
	for _, job := range own.Jobs {
		for _, s := range job.Steps {
			runs = runs || s.Run == ".ci/run"
			gates = gates || s.Uses == "./" && s.With["command"] == "gate"
		}
	}
	if !runs || !gates {
		t.Errorf("ci.yml runs .ci/run: %v; gates: %v", runs, gates)
	}
}

// TestBaselines: the project's own history can be read, and is small.
func TestBaselines(t *testing.T) {
	entries, warnings, err := results.ReadHistory("../../results/baselines")
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	commands := map[string]int{}
	for _, e := range entries {
		commands[e.Command]++
		if e.Version == "" || len(e.Figures) == 0 {
			t.Errorf("run %s of version %q has %d figures", e.RunID, e.Version, len(e.Figures))
		}
	}
	if commands["bench engine"] < 3 || commands["bench kms"] < 3 {
		t.Errorf("runs by command: %v", commands)
	}
}
