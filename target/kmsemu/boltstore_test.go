package kmsemu

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// stored is a client of an emulator with a data directory.
func stored(t *testing.T, opt Options) *client {
	t.Helper()
	if opt.Data == "" {
		opt.Data = t.TempDir()
	}
	c := newClient(t, opt)
	t.Cleanup(func() { c.emulator().Close() })
	return c
}

func (c *client) emulator() *Emulator { return c.handler.(*Emulator) }

// again closes the emulator and opens its directory with another.
func (c *client) again(t *testing.T) *client {
	t.Helper()
	if err := c.emulator().Close(); err != nil {
		t.Fatal(err)
	}
	return c.reopened(t, c.emulator().opt.Data)
}

// crashed copies the file as a kill would leave it and opens the copy.
func (c *client) crashed(t *testing.T) *client {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(c.emulator().opt.Data, dataFile))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, dataFile), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return c.reopened(t, dir)
}

func (c *client) reopened(t *testing.T, dir string) *client {
	t.Helper()
	opt := c.emulator().opt
	d := stored(t, Options{Data: dir, DataKey: opt.DataKey, ReplicaDelay: opt.ReplicaDelay})
	d.clock.at, d.region = c.clock.now(), c.region
	return d
}

// dump writes down all that an emulator knows, and that its lists agree.
func dump(t *testing.T, e *Emulator) []string {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	var lines []string
	add := func(c change) {
		record := c.record()
		if k, ok := record.(keyRecord); ok { // the last use may be forgotten
			k.LastUse = nil
			record = k
		}
		raw, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%v %s", c.object(), raw))
	}
	for _, r := range e.realms {
		keys, aliases, grants := 0, 0, 0
		r.keys.Range(func(any, any) bool { keys++; return true })
		r.aliases.Range(func(any, any) bool { aliases++; return true })
		r.grants.Range(func(any, any) bool { grants++; return true })
		if keys != len(r.order) || aliases != len(r.aliasOrder) ||
			!sort.SliceIsSorted(r.order, func(i, j int) bool { return r.order[i].seq < r.order[j].seq }) ||
			!sort.SliceIsSorted(r.aliasOrder, func(i, j int) bool { return r.aliasOrder[i].seq < r.aliasOrder[j].seq }) {
			t.Errorf("%s: %d keys and %d in order, %d aliases and %d in order", r.region, keys, len(r.order), aliases, len(r.aliasOrder))
		}
		for _, k := range r.order {
			add(change{realm: r, key: k, state: k.latest()})
			for _, a := range k.aliasList() {
				aliases--
				add(change{realm: r, alias: a, to: a.target.Load()})
			}
			for _, g := range k.grants.order {
				grants--
				add(change{realm: r, grant: g})
			}
			named := 0
			for _, list := range k.grants.byGrantee {
				named += len(list)
			}
			if named != len(k.grants.order) {
				t.Errorf("%s: %d grants, %d by grantee", k.arn, len(k.grants.order), named)
			}
		}
		if aliases != 0 || grants != 0 {
			t.Errorf("%s: %d aliases and %d grants belong to no key", r.region, aliases, grants)
		}
	}
	sort.Strings(lines)
	return lines
}

// same compares two dumps.
func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// world makes one of everything that can be stored.
func (c *client) world(t *testing.T) {
	t.Helper()
	id := c.imported("HMAC_256", secretOf(32))
	name := c.alias("alias/world", id)
	c.call("UpdateAlias", in{"AliasName": name, "TargetKeyId": c.hmacKey()}).ok()
	c.call("TagResource", in{"KeyId": id, "Tags": tags("a", "b", "c", "")}).ok()
	c.call("CreateGrant", grantReq.with("KeyId", id).with("Name", "g")).ok()
	gone := c.call("CreateGrant", grantReq.with("KeyId", id)).ok()
	c.call("RevokeGrant", in{"KeyId": id, "GrantId": gone.str("GrantId")}).ok()
	c.call("PutKeyPolicy", in{"KeyId": id, "Policy": c.call("GetKeyPolicy", in{"KeyId": id}).str("Policy"), "BypassPolicyLockoutSafetyCheck": true}).ok()
	c.replica(in{"Description": "primary"})
	c.keyInEveryState()
	symmetric := c.key(in{})
	c.call("RotateKeyOnDemand", in{"KeyId": symmetric}).ok()
	c.call("EnableKeyRotation", in{"KeyId": symmetric}).ok()
	c.call("ImportKeyMaterial", c.importRequest(c.external("HMAC_512"), secretOf(64), in{"ExpirationModel": "KEY_MATERIAL_EXPIRES",
		"ValidTo": c.clock.now().Unix() + 3600})).ok()
	pair := c.key(in{"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"})
	c.call("GetPublicKey", in{"KeyId": pair}).ok()
}

// TestDataSurvives: all that was answered is there after a restart and after a
// kill, sealed or not.
func TestDataSurvives(t *testing.T) {
	for name, key := range map[string]Passphrase{"plain": nil, "sealed": Passphrase("correct horse")} {
		t.Run(name, func(t *testing.T) {
			c := stored(t, Options{DataKey: key})
			c.world(t)
			id := c.hmacKey()
			c.tagOf(mac(id))
			want := dump(t, c.emulator())
			same(t, "after a kill", dump(t, c.crashed(t).emulator()), want)
			d := c.again(t)
			same(t, "after a restart", dump(t, d.emulator()), want)
			d.call("GetKeyLastUsage", in{"KeyId": id}).ok().wants("KeyLastUsage.Operation", "GenerateMac")
		})
	}
}

// TestDataStillWorks: what clients hold from before works after a kill: tags,
// ciphertexts, signatures, grant tokens, import tokens, markers.
func TestDataStillWorks(t *testing.T) {
	c := stored(t, Options{})
	id := c.imported("HMAC_256", secretOf(32))
	tag := c.tagOf(mac(id))
	symmetric := c.key(in{})
	blob := c.call("Encrypt", in{"KeyId": symmetric, "Plaintext": msg("p")}).ok().str("CiphertextBlob")
	c.call("RotateKeyOnDemand", in{"KeyId": symmetric}).ok()
	pair := c.key(in{"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"})
	signed := in{"KeyId": pair, "Message": msg("m"), "SigningAlgorithm": "ECDSA_SHA_256"}
	signature := c.call("Sign", signed).ok().str("Signature")
	token := c.call("CreateGrant", grantReq.with("KeyId", id)).ok().str("GrantToken")
	waiting := c.external("HMAC_256")
	request := c.importRequest(waiting, secretOf(32), nil)
	marker := c.call("ListKeys", in{"Limit": 2}).ok().str("NextMarker")
	primary := c.replica(nil)
	shared := c.tagOf(mac(primary))

	d := c.crashed(t)
	d.verifies(mac(id), tag)
	d.call("VerifyMac", mac(id).with("Mac", tag).with("GrantTokens", []string{token})).ok()
	d.call("Decrypt", in{"CiphertextBlob": blob}).ok().wants("Plaintext", msg("p"))
	d.call("Verify", signed.with("Signature", signature)).ok()
	d.call("ImportKeyMaterial", request).ok()
	if got := len(d.call("ListKeys", in{"Marker": marker}).ok().list("Keys")); got != 3 {
		t.Errorf("second page: got %d keys, want 3", got)
	}
	d.in("us-west-2").verifies(mac(primary), shared)
	d.call("RetireGrant", in{"GrantToken": token}).ok()
	d.call("ListGrants", in{"KeyId": id}).ok().wants("Grants", []any{})
}

// TestDataTime: what came due while nobody ran happens at the first request.
func TestDataTime(t *testing.T) {
	c := stored(t, Options{})
	id := c.hmacKey()
	c.alias("alias/doomed", id)
	c.call("ScheduleKeyDeletion", in{"KeyId": id, "PendingWindowInDays": 7}).ok()
	c.clock.advance(8 * 24 * 3600e9)
	d := c.crashed(t)
	d.call("DescribeKey", in{"KeyId": id}).fails("NotFoundException", ".*")
	if n := len(d.call("ListAliases", in{"Limit": 100}).ok().list("Aliases")); n != len(serviceAliases) {
		t.Errorf("%d aliases, want the %d of services", n, len(serviceAliases))
	}
	d.hmacKey() // the deletion is written with the next change
	if got := strings.Join(dump(t, d.crashed(t).emulator()), "\n"); strings.Contains(got, id) {
		t.Errorf("the deleted key is still stored:\n%s", got)
	}
}

func TestDataRefuses(t *testing.T) {
	open := func(dir string, key string) error {
		e, err := New(Options{Data: dir, DataKey: Passphrase(key)})
		if err == nil {
			err = e.Close()
		}
		return err
	}
	plain, sealed, other := t.TempDir(), t.TempDir(), t.TempDir()
	if err := open(plain, ""); err != nil {
		t.Fatal(err)
	}
	if err := open(sealed, "right"); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(other, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	garbage := t.TempDir()
	if err := os.WriteFile(filepath.Join(garbage, dataFile), bytes.Repeat([]byte("garbage "), 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	c := stored(t, Options{})
	c.in("eu-west-1").hmacKey()
	for _, row := range []struct{ name, want string }{
		{"a second emulator", "in use by another process"},
		{"wrong passphrase", "wrong passphrase"},
		{"sealed, no passphrase", "it is sealed"},
		{"passphrase for a plain directory", "it is not sealed"},
		{"a file", "data directory"},
		{"garbage", "kmsemu.db: "},
		{"passphrase without a directory", "DataKey without Data"},
		{"a Region less", "eu-west-1, which is not served"},
	} {
		var err error
		switch row.name {
		case "a second emulator":
			err = open(c.emulator().opt.Data, "")
		case "wrong passphrase":
			err = open(sealed, "wrong")
		case "sealed, no passphrase":
			err = open(sealed, "")
		case "passphrase for a plain directory":
			err = open(plain, "x")
		case "a file":
			err = open(file, "")
		case "garbage":
			err = open(garbage, "")
		case "passphrase without a directory":
			err = open("", "x")
		case "a Region less":
			c.emulator().Close()
			_, err = New(Options{Data: c.emulator().opt.Data, Regions: []string{"us-east-1"}})
		}
		if err == nil || !strings.Contains(err.Error(), row.want) || !strings.HasPrefix(err.Error(), "kmsemu: ") {
			t.Errorf("%s: got error %v, want one with %q", row.name, err, row.want)
		}
	}
	if err := open(sealed, "right"); err != nil {
		t.Errorf("right passphrase after wrong ones: %v", err)
	}
}

// TestDataSealed: nothing of a key shows in a sealed file, everything in a
// plain one, and both are for the owner's eyes alone.
func TestDataSealed(t *testing.T) {
	for key, shows := range map[string]bool{"": true, "a passphrase": false} {
		dir := t.TempDir()
		path := filepath.Join(dir, dataFile)
		c := stored(t, Options{Data: dir, DataKey: Passphrase(key)})
		id := c.key(create("HMAC_256").with("Description", "the description"))
		c.alias("alias/the-name", id)
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		c.again(t)
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"the description", "alias/the-name", id, "HMAC_256"} {
			if bytes.Contains(raw, []byte(text)) != shows {
				t.Errorf("passphrase %q: file contains %q: %v, want %v", key, text, !shows, shows)
			}
		}
		st, err := os.Stat(path)
		if err != nil || runtime.GOOS != "windows" && st.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v, want 0600", st.Mode(), err)
		}
	}
	for _, text := range []string{fmt.Sprint(Passphrase("abc")), fmt.Sprintf("%x %v %+v %#v %s", Passphrase("abc"), Options{DataKey: Passphrase("abc")}, Options{DataKey: Passphrase("abc")}, Options{DataKey: Passphrase("abc")}, Passphrase("abc"))} {
		if strings.Contains(text, "abc") || strings.Contains(text, "616263") || strings.Contains(text, "97 98") {
			t.Errorf("passphrase printed as %q", text)
		}
	}
}

// TestDataGroups: changes that wait for the file share one transaction.
func TestDataGroups(t *testing.T) {
	c := stored(t, Options{})
	s := c.emulator().store.(*boltStore)
	hold, err := s.db.Begin(true)
	if err != nil {
		t.Fatal(err)
	}
	before := hold.ID()
	const n = 32
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() { c.hmacKey() })
	}
	for arrived := 0; arrived < n; runtime.Gosched() {
		c.emulator().mu.Lock()
		arrived = int(c.emulator().seq - firstSeq)
		c.emulator().mu.Unlock()
	}
	if err := hold.Rollback(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	tx, err := s.db.Begin(false)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if used := tx.ID() - before + 1; used > 3 {
		t.Errorf("%d changes took %d transactions, want at most 3", n, used)
	}
}
