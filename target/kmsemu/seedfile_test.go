package kmsemu

import (
	"fmt"
	"strings"
	"testing"
)

const (
	seedOne = "11111111-2222-3333-4444-555555555555"
	seedTwo = "mrk-1234567890abcdef1234567890abcdef"
)

var seedYAML = `
keys:
  - id: ` + seedOne + `
    material: ` + b64(secretOf(32)) + `
    description: imported
    tags: {b: "2", a: "1"}
    aliases: [alias/one, alias/uno]
  - id: ` + seedTwo + `
    region: eu-west-1
    spec: HMAC_512
    disabled: true
  - aliases: [alias/random]
    spec: SYMMETRIC_DEFAULT
  - aliases: [alias/waiting]
    origin: EXTERNAL
`

func parsed(t *testing.T, text string) []SeedKey {
	t.Helper()
	keys, err := ParseSeedFile([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestSeedKeys(t *testing.T) {
	c := newClient(t, Options{SeedKeys: parsed(t, seedYAML)})
	if got, want := c.tagOf(mac("alias/one")), b64(hmacOf("HMAC_256", secretOf(32), []byte("some important message"))); got != want {
		t.Errorf("tag of the imported key: got %s, want %s", got, want)
	}
	c.call("DescribeKey", in{"KeyId": "alias/uno"}).ok().wants("KeyMetadata.Arn", arnOf("us-east-1", seedOne)).
		wants("KeyMetadata.Origin", "EXTERNAL").wants("KeyMetadata.Description", "imported")
	c.call("ListResourceTags", in{"KeyId": seedOne}).ok().wants("Tags", tags("a", "1", "b", "2"))
	c.in("eu-west-1").call("DescribeKey", in{"KeyId": seedTwo}).ok().wants("KeyMetadata.KeyState", "Disabled").wants("KeyMetadata.MultiRegion", true)
	c.call("Encrypt", in{"KeyId": "alias/random", "Plaintext": msg("p")}).ok()
	c.call("DescribeKey", in{"KeyId": "alias/waiting"}).ok().wants("KeyMetadata.KeyState", "PendingImport")
}

// TestSeedKeysAgain: the same seed at every start makes nothing twice and
// undoes nothing.
func TestSeedKeysAgain(t *testing.T) {
	dir := t.TempDir()
	c := stored(t, Options{Data: dir, SeedKeys: parsed(t, seedYAML)})
	c.call("DisableKey", in{"KeyId": seedOne}).ok()
	c.call("DeleteAlias", in{"AliasName": "alias/uno"}).ok()
	c.emulator().Close()
	d := stored(t, Options{Data: dir, SeedKeys: parsed(t, seedYAML)})
	d.call("DescribeKey", in{"KeyId": "alias/uno"}).ok().wants("KeyMetadata.KeyState", "Disabled")
	if n := len(d.call("ListKeys", in{}).ok().list("Keys")); n != 3 {
		t.Errorf("%d keys in us-east-1, want 3", n)
	}
	d.emulator().Close()
	other := strings.Replace(seedYAML, b64(secretOf(32)), b64(make([]byte, 32)), 1)
	for text, want := range map[string]string{other: "other material", strings.Replace(seedYAML, "HMAC_512", "HMAC_384", 1): "exists already as HMAC_512"} {
		if _, err := New(Options{Data: dir, SeedKeys: parsed(t, text)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one with %q", err, want)
		}
	}
}

func TestSeedFileRefuses(t *testing.T) {
	secret := b64([]byte("SECRETSECRETSECRETSECRETSECRET!!"))
	for name, text := range map[string]string{
		"empty": "", "no keys": "keys: []", "unknown member": "keys: [{secret: x}]", "two documents": "keys: [{id: a}]\n---\nkeys: []",
		"not a list": "keys: " + secret, "not YAML": "{", "bad Base64": "keys: [{material: '" + secret[:7] + "!'}]",
		"bad origin": "keys: [{origin: AWS_CLOUDHSM}]", "material of AWS": "keys: [{origin: AWS_KMS, material: " + secret + "}]",
		"wrong type": "keys: [{disabled: " + secret + "}]",
	} {
		_, err := ParseSeedFile([]byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), "kmsemu: seed file: ") || strings.Contains(err.Error(), secret[:5]) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got error %v", name, err)
		}
	}
	for name, keys := range map[string][]SeedKey{
		"nameless": {{}}, "bad id": {{ID: "x"}}, "upper case": {{ID: "AAAAAAAA-2222-3333-4444-555555555555"}}, "twice": {{ID: seedOne}, {ID: seedOne}},
		"alias twice": {{Aliases: []string{"alias/a"}}, {Aliases: []string{"alias/a"}}}, "alias of AWS": {{Aliases: []string{"alias/aws/a"}}},
		"alias without prefix": {{Aliases: []string{"a"}}}, "short material": {{ID: seedOne, Material: secretOf(31)}}, "empty material": {{ID: seedOne, Material: []byte{}}},
		"material of a pair": {{ID: seedOne, Spec: "RSA_2048", Usage: "SIGN_VERIFY", Material: secretOf(32)}}, "unknown spec": {{ID: seedOne, Spec: "HMAC_1"}},
		"unknown Region": {{ID: seedOne, Region: "nowhere"}}, "bad policy": {{ID: seedOne, Policy: "{"}}, "validTo alone": {{ID: seedOne, ValidTo: newClock().at}},
		"disabled without material": {{ID: seedOne, External: true, Disabled: true}}, "bad usage": {{ID: seedOne, Usage: "SIGN_VERIFY"}},
	} {
		if _, err := New(Options{SeedKeys: keys}); err == nil || !strings.HasPrefix(err.Error(), "kmsemu: seed key ") {
			t.Errorf("%s: got error %v", name, err)
		}
	}
	if got := fmt.Sprintf("%v %+v %#v", Options{SeedKeys: []SeedKey{{ID: "id", Material: []byte("abc")}}}, SeedKey{Material: []byte("abc")}, SeedKey{Material: []byte("abc")}); strings.Contains(got, "97 98") || strings.Contains(got, "abc") || strings.Contains(got, "0x61") {
		t.Errorf("material printed as %s", got)
	}
}
