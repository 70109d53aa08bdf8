package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// clientsDir is where `make clients` puts the pinned clients.
const clientsDir = "../../bin/clients"

// clientEnv is what every client is given: keys that the server checks, and
// nothing of this machine's own settings.
type clientEnv struct {
	url string
	ca  string // file, "" without TLS
}

// serveForClients starts `kmsmac serve` with signature checks on.
func serveForClients(t *testing.T, extra ...string) clientEnv {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, append([]string{"serve", "--listen", "127.0.0.1:0", "--until-eof", "--credentials", "AKIDCLIENT:client/secret+1"}, extra...)...)
	cmd.Args[0] = "kmsmac" // TestMain makes this binary the command
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("kmsmac serve: %v", err)
		}
		if strings.Contains(stderr.String(), "secret") {
			t.Errorf("a secret was printed: %s", stderr.String())
		}
	})
	url, err := listeningLine(out)
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	return clientEnv{url: url}
}

func (e clientEnv) environ() []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "AWS_ENDPOINT_URL=" + e.url, "AWS_REGION=eu-west-1", "AWS_DEFAULT_REGION=eu-west-1",
		"AWS_ACCESS_KEY_ID=AKIDCLIENT", "AWS_SECRET_ACCESS_KEY=client/secret+1", "AWS_CONFIG_FILE=" + os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=", "AWS_MAX_ATTEMPTS=1"}
	if e.ca != "" {
		env = append(env, "AWS_CA_BUNDLE="+e.ca, "NODE_EXTRA_CA_CERTS="+e.ca)
	}
	return env
}

// needs finds a tool, in clientsDir first. Where it is missing the test says
// so, and under CI it fails: there all tools are installed.
func needs(t *testing.T, pinned, name string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("the clients take half a minute: not with -short")
	}
	t.Parallel()
	if path, err := filepath.Abs(filepath.Join(clientsDir, pinned)); err == nil {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, name+" is not installed")
	}
	return path
}

func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s: under CI every client is tested (make clients)", what)
	}
	t.Skipf("%s: this client was not tested (make clients installs it)", what)
}

// drive runs a client's script, which prints ok when all went as it should.
func drive(t *testing.T, env clientEnv, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = env.environ()
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), "ok") {
		t.Errorf("%s: %v\n%s", env.url, err, out)
	}
}

// everyEndpoint runs f with plain HTTP and with TLS.
func everyEndpoint(t *testing.T, f func(t *testing.T, env clientEnv)) {
	t.Run("http", func(t *testing.T) { f(t, serveForClients(t)) })
	t.Run("https", func(t *testing.T) {
		dir := t.TempDir()
		env := serveForClients(t, "--tls", "--data", dir)
		env.ca = filepath.Join(dir, authorityFile)
		f(t, env)
	})
}

// TestBoto3 drives the emulator with boto3.
func TestBoto3(t *testing.T) {
	python := needs(t, "venv/bin/python3", "python3")
	if err := exec.Command(python, "-c", "import boto3, cryptography").Run(); err != nil {
		missing(t, "boto3 with cryptography for "+python)
	}
	everyEndpoint(t, func(t *testing.T, env clientEnv) { drive(t, env, python, "testdata/clients/boto3_client.py") })
}

// TestJavaScriptSDK drives the emulator with the JavaScript SDK v3.
func TestJavaScriptSDK(t *testing.T) {
	node := needs(t, "node", "node")
	dir := filepath.Join(clientsDir, "js")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "@aws-sdk", "client-kms")); err != nil {
		missing(t, "@aws-sdk/client-kms")
	}
	script, err := os.ReadFile("testdata/clients/js/client.mjs")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "client.mjs") // beside node_modules, where node looks
	if err := os.WriteFile(path, script, 0o644); err != nil {
		t.Fatal(err)
	}
	everyEndpoint(t, func(t *testing.T, env clientEnv) { drive(t, env, node, path) })
}

// TestTerraformSequence sends what Terraform's aws_kms_key and aws_kms_alias do
// in their lives: create with tags, read all back, change, alias, destroy. A
// member or operation that is missing leaves resources stuck.
func TestTerraformSequence(t *testing.T) {
	srv := kmsemu.Start(t)
	call := (&killRun{client: http.DefaultClient}).call(t.Context(), srv.URL)
	do := func(op string, input map[string]any) map[string]any {
		t.Helper()
		out, err := call(op, input)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	key := do("CreateKey", map[string]any{"BypassPolicyLockoutSafetyCheck": false, "CustomerMasterKeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC",
		"MultiRegion": false, "Description": "first", "Tags": []map[string]string{{"TagKey": "Name", "TagValue": "tf"}}})
	id := map[string]any{"KeyId": inner(key, "KeyMetadata", "KeyId")}
	read := func(description string, tags int) {
		t.Helper()
		meta := do("DescribeKey", id)
		if inner(meta, "KeyMetadata", "Description") != description || inner(meta, "KeyMetadata", "KeyState") != "Enabled" || inner(meta, "KeyMetadata", "CustomerMasterKeySpec") != "HMAC_256" {
			t.Errorf("DescribeKey: got %v", meta)
		}
		if p, _ := do("GetKeyPolicy", with(id, "PolicyName", "default"))["Policy"].(string); !json.Valid([]byte(p)) {
			t.Errorf("GetKeyPolicy: got %q", p)
		}
		if got := do("GetKeyRotationStatus", id)["KeyRotationEnabled"]; got != false {
			t.Errorf("GetKeyRotationStatus: got %v", got)
		}
		if got, _ := do("ListResourceTags", with(id, "Limit", 50))["Tags"].([]any); len(got) != tags {
			t.Errorf("ListResourceTags: got %v, want %d", got, tags)
		}
	}
	read("first", 1)
	do("UpdateKeyDescription", with(id, "Description", "second"))
	do("TagResource", with(id, "Tags", []map[string]string{{"TagKey": "Owner", "TagValue": "team"}}))
	do("UntagResource", with(id, "TagKeys", []string{"Name"}))
	policy := do("GetKeyPolicy", with(id, "PolicyName", "default"))["Policy"]
	do("PutKeyPolicy", with(with(id, "Policy", policy), "PolicyName", "default"))
	do("DisableKey", id)
	do("EnableKey", id)
	read("second", 1)
	do("CreateAlias", map[string]any{"AliasName": "alias/tf", "TargetKeyId": id["KeyId"]})
	found := false
	for _, v := range do("ListAliases", map[string]any{"Limit": 100})["Aliases"].([]any) {
		a := v.(map[string]any)
		found = found || a["AliasName"] == "alias/tf" && a["TargetKeyId"] == id["KeyId"] && strings.HasSuffix(a["AliasArn"].(string), ":alias/tf")
	}
	if !found {
		t.Error("ListAliases does not show the alias")
	}
	do("DeleteAlias", map[string]any{"AliasName": "alias/tf"})
	do("ScheduleKeyDeletion", with(id, "PendingWindowInDays", 7))
	if meta := do("DescribeKey", id); inner(meta, "KeyMetadata", "KeyState") != "PendingDeletion" {
		t.Errorf("after destroy: got %v", meta)
	}
}

// awsCLI runs one command of the AWS CLI.
type awsCLI struct {
	t    *testing.T
	path string
	env  clientEnv
}

// run returns the parsed output of `aws kms ARG…`.
func (c awsCLI) run(args ...string) map[string]any {
	c.t.Helper()
	stdout, stderr, err := c.exec(args)
	if err != nil {
		c.t.Fatalf("aws kms %s: %v\n%s", strings.Join(args, " "), err, stderr)
	}
	out := map[string]any{}
	if len(bytes.TrimSpace(stdout)) > 0 {
		if err := json.Unmarshal(stdout, &out); err != nil {
			c.t.Fatalf("aws kms %s: %v\n%s", strings.Join(args, " "), err, stdout)
		}
	}
	return out
}

// fails demands the error code that the CLI prints.
func (c awsCLI) fails(code string, args ...string) {
	c.t.Helper()
	stdout, stderr, err := c.exec(args)
	if err == nil || !strings.Contains(string(stderr), "("+code+")") {
		c.t.Errorf("aws kms %s: %v\n%s%s\nwant %s", strings.Join(args, " "), err, stdout, stderr, code)
	}
}

func (c awsCLI) exec(args []string) (stdout, stderr []byte, err error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.path, append([]string{"kms", "--output", "json"}, args...)...)
	cmd.Env = c.env.environ()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.Bytes(), errs.Bytes(), err
}

func inner(m map[string]any, object, member string) string {
	o, _ := m[object].(map[string]any)
	s, _ := o[member].(string)
	return s
}

// TestAWSCLI drives the emulator with the AWS CLI.
func TestAWSCLI(t *testing.T) {
	c := awsCLI{t, needs(t, "venv/bin/aws", "aws"), serveForClients(t)}
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return "fileb://" + path
	}
	create := []string{"create-key", "--key-spec", "HMAC_256", "--key-usage", "GENERATE_VERIFY_MAC"}
	message := file("message", []byte("a message"))
	mac := func(op, id string, more ...string) []string {
		return append([]string{op, "--key-id", id, "--message", message, "--mac-algorithm", "HMAC_SHA_256"}, more...)
	}

	id := inner(c.run(append(create, "--tags", "TagKey=team,TagValue=cli")...), "KeyMetadata", "KeyId")
	if got := inner(c.run("describe-key", "--key-id", id), "KeyMetadata", "KeyState"); got != "Enabled" {
		t.Errorf("describe-key: got state %q", got)
	}
	tag := decode64(t, c.run(mac("generate-mac", id)...)["Mac"])
	if out := c.run(mac("verify-mac", id, "--mac", file("tag", tag))...); out["MacValid"] != true {
		t.Errorf("verify-mac: got %v", out)
	}
	tag[0] ^= 1
	c.fails("KMSInvalidMacException", mac("verify-mac", id, "--mac", file("wrong", tag))...)
	c.run("disable-key", "--key-id", id)
	c.fails("DisabledException", mac("generate-mac", id)...)
	c.run("enable-key", "--key-id", id)
	c.run("create-alias", "--alias-name", "alias/cli", "--target-key-id", id)
	c.run(mac("generate-mac", "alias/cli")...)
	c.fails("AlreadyExistsException", "create-alias", "--alias-name", "alias/cli", "--target-key-id", id)

	external := inner(c.run(append(create, "--origin", "EXTERNAL")...), "KeyMetadata", "KeyId")
	p := c.run("get-parameters-for-import", "--key-id", external, "--wrapping-algorithm", "RSAES_OAEP_SHA_256", "--wrapping-key-spec", "RSA_2048")
	secret := bytes.Repeat([]byte{7}, 32)
	c.run("import-key-material", "--key-id", external, "--import-token", file("token", decode64(t, p["ImportToken"])),
		"--encrypted-key-material", file("material", wrap(t, decode64(t, p["PublicKey"]), secret)), "--expiration-model", "KEY_MATERIAL_DOES_NOT_EXPIRE")
	h := hmac.New(sha256.New, secret)
	_, _ = io.WriteString(h, "a message")
	if got := decode64(t, c.run(mac("generate-mac", external)...)["Mac"]); !bytes.Equal(got, h.Sum(nil)) {
		t.Errorf("tag of the imported key: got %x, want %x", got, h.Sum(nil))
	}
	if out := c.run("list-keys", "--page-size", "1"); len(out["Keys"].([]any)) != 2 {
		t.Errorf("list-keys: got %v, want 2 keys", out)
	}
	c.run("delete-alias", "--alias-name", "alias/cli")
	c.fails("NotFoundException", mac("generate-mac", "alias/cli")...)
	out := c.run("schedule-key-deletion", "--key-id", id, "--pending-window-in-days", "7")
	if out["KeyState"] != "PendingDeletion" || out["DeletionDate"] == nil { // a number or a date, by the CLI's version
		t.Errorf("schedule-key-deletion: got %v", out)
	}
	c.fails("KMSInvalidStateException", mac("generate-mac", id)...)
}

func decode64(t *testing.T, v any) []byte {
	t.Helper()
	s, _ := v.(string)
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) == 0 {
		t.Fatalf("%v is not Base64", v)
	}
	return b
}

// wrap encrypts material for import.
func wrap(t *testing.T, spki, secret []byte) []byte {
	t.Helper()
	key, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		t.Fatal(err)
	}
	out, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, key.(*rsa.PublicKey), secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
