// Package deploy holds manifests that start the load on many hosts; it has no
// code but their tests.
package deploy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/batch"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestJob decodes the Job strictly with the types of the Kubernetes API and
// holds what the shard contract needs.
func TestJob(t *testing.T) {
	var j batchv1.Job
	if err := yaml.UnmarshalStrict(read(t, "job.yaml"), &j); err != nil {
		t.Fatal(err)
	}
	if j.APIVersion != "batch/v1" || j.Kind != "Job" {
		t.Fatalf("%s %s", j.APIVersion, j.Kind)
	}
	s, pod := j.Spec, j.Spec.Template.Spec
	if s.CompletionMode == nil || *s.CompletionMode != batchv1.IndexedCompletion || *s.Completions != *s.Parallelism {
		t.Errorf("mode %v, %d completions, %d at once: shards must be indexed and run together", *s.CompletionMode, *s.Completions, *s.Parallelism)
	}
	if s.BackoffLimitPerIndex == nil || *s.BackoffLimitPerIndex != 0 || s.BackoffLimit != nil || *s.MaxFailedIndexes != *s.Completions || pod.RestartPolicy != corev1.RestartPolicyNever {
		t.Error("a shard must never be retried, and one that fails must not end the others")
	}
	c := pod.Containers[0]
	i := slices.IndexFunc(c.Env, func(v corev1.EnvVar) bool { return v.Name == "JOB_COMPLETIONS" })
	if i < 0 || c.Env[i].Value != fmt.Sprint(*s.Completions) {
		t.Errorf("JOB_COMPLETIONS is not %d", *s.Completions)
	}
	nonRoot(t, pod.SecurityContext, c.SecurityContext)
	if sc := c.SecurityContext; sc.ReadOnlyRootFilesystem == nil || !*sc.ReadOnlyRootFilesystem {
		t.Error("the root file system is writable")
	}
	if !slices.ContainsFunc(c.Args, func(a string) bool { return strings.HasPrefix(a, "--out=") && strings.HasSuffix(a, "/{shard}") }) {
		t.Errorf("the shards of %v write into one directory", c.Args)
	}
}

func nonRoot(t *testing.T, pod *corev1.PodSecurityContext, c *corev1.SecurityContext) {
	t.Helper()
	if pod == nil || pod.RunAsNonRoot == nil || !*pod.RunAsNonRoot || pod.RunAsUser == nil || *pod.RunAsUser != 65532 {
		t.Error("the pod may run as root")
	}
	if c == nil || c.AllowPrivilegeEscalation == nil || *c.AllowPrivilegeEscalation || c.Capabilities == nil || !slices.Contains(c.Capabilities.Drop, "ALL") {
		t.Error("the container keeps privileges")
	}
}

// coreTypes are the types of the Kubernetes API in testrun-fields.txt.
var coreTypes = map[string]func() any{
	"metav1.ObjectMeta":                 func() any { return new(metav1.ObjectMeta) },
	"[]corev1.EnvVar":                   func() any { return new([]corev1.EnvVar) },
	"corev1.ResourceRequirements":       func() any { return new(corev1.ResourceRequirements) },
	"corev1.PodSecurityContext":         func() any { return new(corev1.PodSecurityContext) },
	"corev1.SecurityContext":            func() any { return new(corev1.SecurityContext) },
	"[]corev1.Volume":                   func() any { return new([]corev1.Volume) },
	"[]corev1.VolumeMount":              func() any { return new([]corev1.VolumeMount) },
	"[]corev1.TopologySpreadConstraint": func() any { return new([]corev1.TopologySpreadConstraint) },
	"[]corev1.Toleration":               func() any { return new([]corev1.Toleration) },
}

// fields are the paths and types of testrun-fields.txt.
func fields(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for line := range strings.Lines(string(read(t, "testrun-fields.txt"))) {
		if path, typ, ok := strings.Cut(strings.TrimSpace(line), " "); ok && path != "#" {
			out[path] = typ
		}
	}
	return out
}

// faults holds value against the fields below path.
func faults(known map[string]string, path string, value any) (out []string) {
	typ, leaf := known[path]
	if m, ok := value.(map[string]any); ok && !leaf {
		for name, v := range m {
			out = append(out, faults(known, strings.TrimPrefix(path+"."+name, "."), v)...)
		}
		return out
	}
	if !leaf {
		return []string{path + " is not a known field"}
	}
	ok := true
	switch typ {
	case "string":
		_, ok = value.(string)
	case "bool":
		_, ok = value.(bool)
	case "int":
		n, isNumber := value.(float64)
		ok = isNumber && n == float64(int(n))
	case "map":
		_, ok = value.(map[string]any)
	default:
		if makeType := coreTypes[typ]; makeType != nil {
			raw, err := yaml.Marshal(value)
			if err == nil {
				err = yaml.UnmarshalStrict(raw, makeType())
			}
			if err != nil {
				return []string{fmt.Sprintf("%s: %v", path, err)}
			}
			return nil
		}
		ok = value == typ // apiVersion, kind
	}
	if !ok {
		return []string{fmt.Sprintf("%s is %v, not %s", path, value, typ)}
	}
	return nil
}

// TestTestRun holds the TestRun against the committed list of fields. No cluster
// has seen it.
func TestTestRun(t *testing.T) {
	var run map[string]any
	if err := yaml.UnmarshalStrict(read(t, "testrun.yaml"), &run); err != nil {
		t.Fatal(err)
	}
	known := fields(t)
	for _, f := range faults(known, "", run) {
		t.Error(f)
	}
	runner := run["spec"].(map[string]any)["runner"]
	var typed struct {
		Env                      []corev1.EnvVar            `json:"env"`
		SecurityContext          *corev1.PodSecurityContext `json:"securityContext"`
		ContainerSecurityContext *corev1.SecurityContext    `json:"containerSecurityContext"`
	}
	raw, err := yaml.Marshal(runner)
	if err == nil {
		err = yaml.Unmarshal(raw, &typed)
	}
	if err != nil {
		t.Fatal(err)
	}
	nonRoot(t, typed.SecurityContext, typed.ContainerSecurityContext)
	want := fmt.Sprint(run["spec"].(map[string]any)["parallelism"])
	if i := slices.IndexFunc(typed.Env, func(v corev1.EnvVar) bool { return v.Name == "INSTANCES" }); i < 0 || typed.Env[i].Value != want {
		t.Errorf("INSTANCES is not the parallelism, %s", want)
	}
	// The check can fail.
	for _, bad := range []map[string]any{
		{"spec": map[string]any{"paralelism": 4.0}},
		{"spec": map[string]any{"parallelism": "4"}},
		{"spec": map[string]any{"runner": map[string]any{"env": []any{map[string]any{"nam": "X"}}}}},
		{"kind": "K6"},
	} {
		if len(faults(known, "", bad)) == 0 {
			t.Errorf("%v was taken", bad)
		}
	}
}

// TestScriptVariables: what the TestRun sets, the script reads.
func TestScriptVariables(t *testing.T) {
	script := string(read(t, "load.js"))
	for _, m := range regexp.MustCompile(`name: ([A-Z_]+), value`).FindAllStringSubmatch(string(read(t, "testrun.yaml")), -1) {
		if !strings.Contains(script, "__ENV."+m[1]) {
			t.Errorf("load.js does not read %s", m[1])
		}
	}
}

// TestBatch decodes the AWS Batch files strictly with the SDK's types.
func TestBatch(t *testing.T) {
	strict := func(name string, into any) {
		t.Helper()
		dec := json.NewDecoder(bytes.NewReader(read(t, name)))
		dec.DisallowUnknownFields()
		if err := dec.Decode(into); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	var def batch.RegisterJobDefinitionInput
	var job batch.SubmitJobInput
	strict("batch-job-definition.json", &def)
	strict("batch-submit-job.json", &job)
	if *def.RetryStrategy.Attempts != 1 || *def.ContainerProperties.User != "65532:65532" || !*def.ContainerProperties.ReadonlyRootFilesystem {
		t.Error("a shard must run once, not as root, and write only to its volume")
	}
	if *job.JobDefinition != *def.JobDefinitionName || *job.ArrayProperties.Size < 2 {
		t.Errorf("the job submits %s with %d shards", *job.JobDefinition, *job.ArrayProperties.Size)
	}
	for name := range job.Parameters {
		if def.Parameters[name] == "" || !slices.Contains(def.ContainerProperties.Command, "Ref::"+name) {
			t.Errorf("parameter %s is not one of the definition's command", name)
		}
	}
	if !slices.Contains(def.ContainerProperties.Command, "/results/{shard}") {
		t.Error("the shards write into one directory")
	}
}

// TestDockerfiles: two stages, a static binary of this repository, an image of
// nothing else, not root.
func TestDockerfiles(t *testing.T) {
	for name, path := range map[string]string{"Dockerfile.kmsmac": "../../../cmd/kmsmac", "Dockerfile.k6": "../cmd/k6"} {
		text := string(read(t, name))
		stages := regexp.MustCompile(`(?m)^FROM (\S+)( AS \S+)?$`).FindAllStringSubmatch(text, -1)
		if len(stages) != 2 || !strings.HasPrefix(stages[0][1], "golang:1.26") || stages[1][1] != "scratch" {
			t.Errorf("%s: stages %v", name, stages)
		}
		for _, want := range []string{"CGO_ENABLED=0 go build -trimpath", "\nUSER 65532:65532\n", "ENTRYPOINT [\"/usr/bin/", "/etc/ssl/certs/ca-certificates.crt"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q", name, want)
			}
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%s builds what is not there: %v", name, err)
		}
	}
}
