package kmsemu

import (
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// alone runs the test again in a process of its own, because the limit that
// full sets holds for all of a process, and reports whether this is it.
func alone(t *testing.T) bool {
	t.Helper()
	const env = "KMSEMU_TEST_ALONE"
	if os.Getenv(env) == t.Name() {
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), env+"="+t.Name())
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

// full makes every write to a file fail, as on a full disk, until the
// function it returns is called.
func full(t *testing.T) (freed func()) {
	t.Helper()
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDataFull: on a full disk each change is refused and leaves nothing
// behind, in memory and in the file; reading goes on; afterwards all is well.
func TestDataFull(t *testing.T) {
	if !alone(t) {
		return
	}
	c := stored(t, Options{})
	id := c.imported("HMAC_256", secretOf(32))
	name := c.alias("alias/full", id)
	other, waiting := c.hmacKey(), c.external("HMAC_256")
	primary := c.replica(nil)
	grant := c.call("CreateGrant", grantReq.with("KeyId", id)).ok().str("GrantId")
	gone := c.key(create("HMAC_256").with("Description", "gone"))
	c.call("ScheduleKeyDeletion", in{"KeyId": gone}).ok()
	symmetric, pair := c.key(in{}), c.key(in{"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"})
	request := c.importRequest(waiting, secretOf(32), nil)
	rows := []struct {
		op    string
		input in
	}{
		{"CreateKey", create("HMAC_256")},
		{"DisableKey", in{"KeyId": id}},
		{"ScheduleKeyDeletion", in{"KeyId": id}},
		{"CancelKeyDeletion", in{"KeyId": gone}},
		{"UpdateKeyDescription", in{"KeyId": id, "Description": "new"}},
		{"CreateAlias", in{"AliasName": "alias/new", "TargetKeyId": id}},
		{"UpdateAlias", in{"AliasName": name, "TargetKeyId": other}},
		{"DeleteAlias", in{"AliasName": name}},
		{"TagResource", in{"KeyId": id, "Tags": tags("k", "v")}},
		{"PutKeyPolicy", in{"KeyId": id, "Policy": c.call("GetKeyPolicy", in{"KeyId": id}).str("Policy")}},
		{"CreateGrant", grantReq.with("KeyId", id).with("Name", "again")},
		{"RevokeGrant", in{"KeyId": id, "GrantId": grant}},
		{"ImportKeyMaterial", request},
		{"DeleteImportedKeyMaterial", in{"KeyId": id}},
		{"ReplicateKey", in{"KeyId": primary, "ReplicaRegion": "eu-west-1"}},
		{"UpdatePrimaryRegion", in{"KeyId": primary, "PrimaryRegion": "us-west-2"}},
		{"RotateKeyOnDemand", in{"KeyId": symmetric}},
		{"Sign", in{"KeyId": pair, "Message": msg("m"), "SigningAlgorithm": "ECDSA_SHA_256"}},
	}
	for _, row := range rows {
		before := dump(t, c.emulator())
		freed := full(t)
		refused := c.call(row.op, row.input)
		tag := c.call("GenerateMac", mac(id))
		freed()
		refused.failsWith(500, "KMSInternalException", "-")
		tag.ok()
		after := dump(t, c.emulator())
		if row.op == "Sign" { // its pair may have been made, but nobody has seen it
			continue
		}
		same(t, row.op+" in memory", after, before)
	}
	c.hmacKey() // writes, and repairs
	same(t, "in the file", dump(t, c.crashed(t).emulator()), dump(t, c.emulator()))
	for _, row := range rows {
		if a := c.call(row.op, row.input); a.status == 500 {
			t.Errorf("%s with room again: got %s", row.op, a.body)
		}
	}
	same(t, "in the file", dump(t, c.crashed(t).emulator()), dump(t, c.emulator()))
}

// TestDataFullTogether: many clients, a disk that fills up and empties again:
// whoever was told of success finds it, in memory and in the file.
func TestDataFullTogether(t *testing.T) {
	if !alone(t) {
		return
	}
	c := stored(t, Options{})
	var mu sync.Mutex
	kept := map[string]bool{}
	round := func() {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 20 {
					a := c.call("CreateKey", create("HMAC_256"))
					if a.status == 200 {
						mu.Lock()
						kept[a.str("KeyMetadata.KeyId")] = true
						mu.Unlock()
					}
				}
			})
		}
		wg.Wait()
	}
	round()
	freed := full(t)
	round()
	freed()
	round()
	lines := dump(t, c.emulator())
	same(t, "in the file", dump(t, c.crashed(t).emulator()), lines)
	want := strings.Join(lines, "\n")
	if n := strings.Count(want, `"state":"Enabled"`); n != len(kept) || n != 320 {
		t.Errorf("%d keys exist, %d were acknowledged, want 320", n, len(kept))
	}
	for id := range kept {
		if !strings.Contains(want, id) {
			t.Errorf("key %s was acknowledged and is gone", id)
		}
	}
}
