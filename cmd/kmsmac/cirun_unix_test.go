//go:build unix

package main

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// ciRunner runs workflows on this machine: their scripts, and the action's with
// its inputs. Actions of others are stood in for by what we need of them.
type ciRunner struct {
	t        *testing.T
	action   ciAction
	source   string            // of this project
	root     string            // holds origin.git, ws, tmp
	vars     map[string]string // of every script
	quick    *strings.Replacer // shorter measurements, free ports
	path     []string
	groups   []int // process groups of scripts, which may leave servers behind
	lastText string
}

// TestCIExamples runs every shell line of docs/ci.md, and the action, against
// servers on loopback.
func TestCIExamples(t *testing.T) {
	if testing.Short() {
		t.Skip("not in short mode: builds kmsmac four times")
	}
	for _, tool := range []string{"bash", "curl", "git", "go"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	r := newCIRunner(t)
	doc := readCIDoc(t)

	out := r.workflow(doc.workflows["gate"].Jobs["gate"])
	if out["verdict"] != "inconclusive" || out["exit-code"] != "3" || !strings.Contains(r.lastText, "::warning") {
		t.Errorf("gate of two rounds: %v, %q", out, r.lastText)
	}
	r.wants("kmsmac-result/result.json", `"plan.settings.target"`)
	r.wants("kmsmac-result/result.json", `"interleaved": true`)
	r.wants("kmsmac-result/report.html", `id="verdict">inconclusive`)
	r.wants("kmsmac-result/junit.xml", `<testsuite name="comparison"`)
	r.wants("../summary.md", `kmsmac: inconclusive`)

	if out := r.workflow(doc.workflows["gate-engine"].Jobs["gate"]); out["verdict"] != "inconclusive" {
		t.Errorf("gate of engines: %v, %s", out, r.lastText)
	}
	r.wants("kmsmac-result/base/result.json", `Engine/op=batch/impl=[a-z0-9-]+/alg=HMAC_SHA_256/size=1024/jobs=16`)

	r.known(doc.shell[0])
	if out := r.workflow(doc.workflows["conform"].Jobs["conform"]); out["verdict"] != "pass" {
		t.Errorf("conform: %v, %s", out, r.lastText)
	}
	r.wants("kmsmac-result/result.json", `"known": "expected"`)
	r.gitlab(doc.gitlab["conform"])
	r.wants("kmsmac.xml", `<testsuite name="conformance"`)
	r.wants("kmsmac.html", `id="verdict">pass`)

	if out := r.workflow(doc.workflows["nightly"].Jobs["nightly"]); out["verdict"] != "pass" {
		t.Errorf("nightly: %v, %s", out, r.lastText)
	}
	r.wants("history/bench-kms.jsonl", `"metric":"cpu-ns/op"`) // of a run that its generator limited, no latency is kept
	r.wants("history/index.html", `id="trends"`)
	if log := r.git(r.dir("ws/history"), "log", "origin/kmsmac-history", "--format=%s"); !strings.Contains(log, "Add 2") {
		t.Errorf("pushed: %s", log)
	}
}

// TestActionSaysNo: a wrong answer is red, and so is what could not run at all,
// even where inconclusive is a warning.
func TestActionSaysNo(t *testing.T) {
	self, err := exec.LookPath("kmsmac")
	if err != nil {
		t.Fatal(err)
	}
	r := &ciRunner{t: t, action: readAction(t), root: t.TempDir(), vars: map[string]string{}, quick: strings.NewReplacer(), path: filepath.SplitList(os.Getenv("PATH"))}
	for _, dir := range []string{"ws", "tmp"} {
		if err := os.Mkdir(r.dir(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct{ name, command, args, inconclusive, verdict, code string }{
		{"nothing listens", "conform", "--target http://127.0.0.1:1 --timeout 1s", "warn", "error", "3"},
		{"usage", "bench kms", "--no-such-flag", "warn", "error", "2"},
		{"no expansion", "bench kms", "--target $(touch${IFS}x)", "warn", "error", "2"},
		{"could not tell", "gate", "--base-target engine --rounds 1 -- bench kms --duration 50ms", "fail", "inconclusive", "3"},
	} {
		t.Run(row.name, func(t *testing.T) {
			out, code := r.use(map[string]string{"command": row.command, "args": row.args, "kmsmac": self, "out": "r-" + strings.ReplaceAll(row.name, " ", "-"), "inconclusive": row.inconclusive})
			if out["verdict"] != row.verdict || out["exit-code"] != row.code || fmt.Sprint(code) != row.code {
				t.Errorf("got %v and exit %d, want %s, %s: %s", out, code, row.verdict, row.code, r.lastText)
			}
		})
	}
	if _, err := os.Stat(r.dir("ws/x")); err == nil {
		t.Error("an argument ran as shell")
	}
}

func newCIRunner(t *testing.T) *ciRunner {
	source, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	ports := freePorts(t, 3)
	r := &ciRunner{t: t, action: readAction(t), source: source, root: t.TempDir(), vars: map[string]string{"GOPROXY": "off", "GIT_CONFIG_GLOBAL": os.DevNull, "GOWORK": "off"},
		quick: strings.NewReplacer("4601", ports[0], "4602", ports[1], "4566", ports[2], "--rounds 30", "--rounds 2", "--rounds 5", "--rounds 1", "--duration 10s", "--duration 500ms",
			"--duration 1s", "--duration 100ms", "--step 2s --repeats 3", "--step 500ms --repeats 2", "100-6400", "100-200", "--client raw", "--client raw --warmup 0s"),
		path: filepath.SplitList(os.Getenv("PATH"))}
	t.Cleanup(r.stop)
	r.repository()
	return r
}

// freePorts finds ports that are free and stay so: no system gives those below
// 32768 to a socket that names none, and every process of tests begins to look
// elsewhere.
func freePorts(t *testing.T, n int) (out []string) {
	t.Helper()
	for i := range 1000 {
		port := fmt.Sprint(20000 + (os.Getpid()*10+i)%10000)
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		l.Close()
		if out = append(out, port); len(out) == n {
			return out
		}
	}
	t.Fatalf("%d ports are free, want %d", len(out), n)
	return nil
}

func (r *ciRunner) dir(name string) string { return filepath.Join(r.root, name) }

// emulatorMain is the user's program: it speaks KMS, and wrongly in one way.
const emulatorMain = `package main

import (
	"os"
	"os/exec"
	"syscall"
)

func main() {
	path, err := exec.LookPath("kmsmac")
	if err == nil {
		err = syscall.Exec(path, append([]string{"kmsmac", "serve", "--deviation", "algorithm-not-checked"}, os.Args[1:]...), os.Environ())
	}
	panic(err)
}
`

// repository makes the user's repository, with kmsmac as a tool of its module,
// and its branch for the history.
func (r *ciRunner) repository() {
	mod, err := os.ReadFile(filepath.Join(r.source, "go.mod"))
	r.check(err)
	sum, err := os.ReadFile(filepath.Join(r.source, "go.sum"))
	r.check(err)
	text := strings.Replace(string(mod), "module github.com/kmsmac/kmsmac\n", "module example.com/service\n\ntool github.com/kmsmac/kmsmac/cmd/kmsmac\n\nrequire github.com/kmsmac/kmsmac v0.0.0\n\nreplace github.com/kmsmac/kmsmac => "+r.source+"\n", 1)
	home := r.dir("home")
	for name, content := range map[string]string{"go.mod": text, "go.sum": string(sum), "cmd/kms/main.go": emulatorMain} {
		r.check(os.MkdirAll(filepath.Dir(filepath.Join(home, name)), 0o755))
		r.check(os.WriteFile(filepath.Join(home, name), []byte(content), 0o644))
	}
	r.check(os.Mkdir(r.dir("tmp"), 0o755))
	r.git(r.root, "init", "-q", "--bare", "-b", "main", "origin.git")
	r.git(home, "init", "-q", "-b", "main")
	r.git(home, "remote", "add", "origin", r.dir("origin.git"))
	r.commit(home, "Begin", "main")
	r.git(home, "switch", "-q", "--orphan", "kmsmac-history")
	r.commit(home, "Begin", "kmsmac-history")
	r.git(home, "switch", "-q", "main")
}

func (r *ciRunner) commit(dir, message, branch string) {
	r.git(dir, "add", ".")
	r.git(dir, "-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-q", "--allow-empty", "-m", message)
	r.git(dir, "push", "-q", "-u", "origin", branch)
}

func (r *ciRunner) git(dir string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull)
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v: %s", args, err, out)
	}
	return string(out)
}

func (r *ciRunner) check(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// workflow runs one job on a fresh machine and returns the outputs of its last
// use of the action.
func (r *ciRunner) workflow(job ciJob) (out map[string]string) {
	r.t.Helper()
	r.fresh()
	for _, s := range job.Steps {
		switch {
		case strings.HasPrefix(s.Uses, "actions/checkout@"):
			args := []string{"clone", "-q", r.dir("origin.git"), r.dir("ws/" + s.With["path"])}
			if s.With["ref"] != "" {
				args = append(args, "-b", s.With["ref"])
			}
			r.git(r.root, args...)
		case strings.HasPrefix(s.Uses, "kmsmac/kmsmac@"):
			var code int
			if out, code = r.use(s.With); code != 0 {
				r.t.Errorf("the action ends with %d: %s", code, r.lastText)
			}
		case s.Run != "":
			if code := r.bash(s.Run, nil); code != 0 {
				r.t.Fatalf("step %q: exit %d: %s", s.Name, code, r.lastText)
			}
		}
	}
	return out
}

// fresh forgets the job before: its files, servers and worktrees.
func (r *ciRunner) fresh() {
	r.stop()
	for _, name := range []string{"ws", "base", "summary.md"} {
		r.check(os.RemoveAll(r.dir(name)))
	}
}

// stop ends the servers that scripts have left behind.
func (r *ciRunner) stop() {
	for _, group := range r.groups {
		_ = syscall.Kill(-group, syscall.SIGKILL)
	}
	r.groups = nil
}

// use runs the action's scripts with its inputs.
func (r *ciRunner) use(with map[string]string) (out map[string]string, code int) {
	r.t.Helper()
	values := map[string]string{"github.action_path": r.source}
	for name, in := range r.action.Inputs {
		values["inputs."+name] = in.Default
	}
	for name, v := range with {
		values["inputs."+name] = v
	}
	for _, s := range r.action.Runs.Steps {
		if s.Run == "" || s.If == "inputs.kmsmac == ''" && values["inputs.kmsmac"] != "" {
			continue
		}
		env := map[string]string{}
		for name, v := range s.Env {
			env[name] = expression.ReplaceAllStringFunc(v, func(e string) string {
				value, ok := values[strings.TrimSpace(e[3:len(e)-2])]
				if !ok {
					r.t.Errorf("action.yml: %s is not known", e)
				}
				return value
			})
		}
		if code = r.bash(s.Run, env); code != 0 {
			break
		}
		if s.ID != "" {
			for _, name := range slices.Sorted(maps.Keys(r.action.Outputs)) {
				values["steps."+s.ID+".outputs."+name] = ""
			}
			for name, v := range r.keyValues("output") {
				values["steps."+s.ID+".outputs."+name] = v
			}
		}
	}
	out = map[string]string{}
	for name, o := range r.action.Outputs {
		out[name] = values[strings.TrimSpace(o.Value[3:len(o.Value)-2])]
	}
	return out, code
}

func (r *ciRunner) keyValues(file string) map[string]string {
	raw, err := os.ReadFile(r.dir(file))
	r.check(err)
	out := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		out[name] = value
	}
	return out
}

// bash runs a script as a runner does: stop at the first error. Its output goes
// to a file, which servers left behind may keep open.
func (r *ciRunner) bash(script string, env map[string]string) (code int) {
	r.t.Helper()
	log, err := os.Create(r.dir("log"))
	r.check(err)
	defer log.Close()
	for _, name := range []string{"output", "path"} {
		r.check(os.WriteFile(r.dir(name), nil, 0o644))
	}
	cmd := exec.CommandContext(r.t.Context(), "bash", "-e", "-o", "pipefail", "-c", r.quick.Replace(script))
	cmd.Dir, cmd.Stdout, cmd.Stderr = r.dir("ws"), log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Env = append(os.Environ(), "PATH="+strings.Join(r.path, string(filepath.ListSeparator)), "RUNNER_TEMP="+r.dir("tmp"), "GITHUB_OUTPUT="+r.dir("output"),
		"GITHUB_PATH="+r.dir("path"), "GITHUB_STEP_SUMMARY="+r.dir("summary.md"), "KMSMAC_IMPL=")
	for _, vars := range []map[string]string{r.vars, env} {
		for name, v := range vars {
			cmd.Env = append(cmd.Env, name+"="+r.quick.Replace(v))
		}
	}
	r.check(cmd.Start())
	r.groups = append(r.groups, cmd.Process.Pid)
	_ = cmd.Wait() // the exit code says it
	raw, err := os.ReadFile(r.dir("log"))
	r.check(err)
	r.lastText = string(raw)
	added, err := os.ReadFile(r.dir("path"))
	r.check(err)
	for dir := range strings.Lines(string(added)) {
		r.path = append([]string{strings.TrimSpace(dir)}, r.path...)
	}
	return cmd.ProcessState.ExitCode()
}

// wants looks into a file of the job.
func (r *ciRunner) wants(name, pattern string) {
	r.t.Helper()
	raw, err := os.ReadFile(r.dir("ws/" + name))
	if err != nil {
		r.t.Error(err)
		return
	}
	if !regexp.MustCompile(pattern).Match(raw) {
		r.t.Errorf("%s does not match %s: %.300s", name, pattern, bytes.TrimSpace(raw))
	}
}

// known makes the list of known deviations, as the page says, and commits it.
func (r *ciRunner) known(script string) {
	r.fresh()
	r.git(r.root, "clone", "-q", r.dir("origin.git"), r.dir("ws"))
	start := "go build -o ../kms ./cmd/kms\n../kms --listen 127.0.0.1:4566 >../kms.log 2>&1 &\ncurl -s -o ../x.html --retry 30 --retry-connrefused --retry-delay 1 http://127.0.0.1:4566/\n"
	if code := r.bash(start+script, nil); code != 0 {
		r.t.Fatalf("exit %d: %s", code, r.lastText)
	}
	r.wants("kmsmac-known.yaml", `GM-18`)
	r.check(os.RemoveAll(r.dir("ws/kmsmac-results")))
	r.commit(r.dir("ws"), "Know the deviations", "main")
}

// gitlab runs a GitLab job; what its install line names is checked, not fetched.
func (r *ciRunner) gitlab(job gitlabJob) {
	r.t.Helper()
	r.fresh()
	r.git(r.root, "clone", "-q", r.dir("origin.git"), r.dir("ws"))
	install := "go install github.com/kmsmac/kmsmac/cmd/kmsmac@latest"
	if len(job.Script) < 2 || job.Script[0] != install {
		r.t.Fatalf("the job does not begin with %s: %v", install, job.Script)
	}
	if code := r.bash(strings.Join(job.Script[1:], "\n"), nil); code != 0 {
		r.t.Errorf("GitLab: exit %d: %s", code, r.lastText)
	}
}
