package kmsemu

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
)

var hmacSpecs = []string{"HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512"}

const (
	noUUID  = "11111111-2222-4333-8444-555555555555"
	noMRK   = "mrk-0123456789abcdef0123456789abcdef"
	minimum = `1 validation error detected: Value '' at '%s' failed to satisfy constraint: Member must have length greater than or equal to 1`
)

// policyOf returns the key policy as compact JSON with sorted members.
func (c *client) policyOf(id string) string {
	c.t.Helper()
	var v any
	if err := json.Unmarshal([]byte(c.call("GetKeyPolicy", in{"KeyId": id, "PolicyName": "default"}).ok().str("Policy")), &v); err != nil {
		c.t.Fatalf("policy of %s: %v", id, err)
	}
	b, _ := json.Marshal(v)
	return string(b)
}

// state demands the state of a key.
func (c *client) state(id, want string) *answer {
	c.t.Helper()
	return c.call("DescribeKey", in{"KeyId": id}).ok().wants("KeyMetadata.KeyState", want).wants("KeyMetadata.Enabled", want == "Enabled")
}

// noKey demands the answer for a key that is not there.
func (a *answer) noKey(arn string) {
	a.t.Helper()
	a.fails("NotFoundException", re("Key '%s' does not exist", arn))
}

// describes is a row in which DescribeKey by some name gives the metadata that
// CreateKey gave.
func describes(id string, name func(c *client, key string) string) row {
	return row{id: id, test: func(c *client) {
		made := c.call("CreateKey", create("HMAC_256")).ok()
		got := c.call("DescribeKey", in{"KeyId": name(c, made.str("KeyMetadata.KeyId"))}).ok()
		if !bytes.Equal(made.body, got.body) {
			c.t.Fatalf("DescribeKey: got %s, want %s", got.body, made.body)
		}
	}}
}

// unknown is a row in which an id that names no key is described.
func unknown(rowID, id string, exists bool) row {
	return row{id: rowID, test: func(c *client) {
		a := c.call("DescribeKey", in{"KeyId": id})
		if exists {
			a.noKey(arnOf("us-east-1", id[strings.LastIndex(id, "/")+1:]))
			return
		}
		a.fails("NotFoundException", re("Invalid keyId '%s'", id))
	}}
}

func (c *client) alias(name, id string) string {
	c.t.Helper()
	c.call("CreateAlias", in{"AliasName": name, "TargetKeyId": id}).empty()
	return name
}

func aliasARN(name string) string { return "arn:aws:kms:us-east-1:000000000000:" + name }

var rowsDK = []row{
	describes("DK-01", func(_ *client, id string) string { return id }),
	describes("DK-02", func(_ *client, id string) string { return arnOf("us-east-1", id) }),
	describes("DK-03", func(c *client, id string) string { return aliasARN(c.alias("alias/a", id)) }),
	describes("DK-04", func(c *client, id string) string { return c.alias("alias/a", id) }),
	unknown("DK-05", noUUID, true),
	unknown("DK-06", arnOf("us-east-1", noUUID), true),
	unknown("DK-07", noMRK, true),
	unknown("DK-08", "fake-key-id", false),
	unknown("DK-09", strings.ReplaceAll(noUUID, "-", ""), false),
	unknown("DK-10", "mrk-fake-key-id", false),
	{id: "DK-11", test: func(c *client) {
		id := c.hmacKey()
		c.in("eu-west-1").call("DescribeKey", in{"KeyId": id}).noKey(arnOf("eu-west-1", id))
	}},
	{id: "DK-12", test: func(c *client) {
		id := c.hmacKey()
		c.in("eu-west-1").call("DescribeKey", in{"KeyId": arnOf("us-east-1", id)}).fails("NotFoundException", "Invalid arn us-east-1")
	}},
	{id: "DK-13", test: func(c *client) {
		id := c.hmacKey()
		c.call("ScheduleKeyDeletion", in{"KeyId": id}).ok()
		got := c.state(id, "PendingDeletion").number("KeyMetadata.DeletionDate")
		if want := float64(c.clock.now().AddDate(0, 0, 30).Unix()); got != want {
			c.t.Fatalf("DeletionDate: got %v, want %v", got, want)
		}
	}},
	{id: "DK-14", test: func(c *client) {
		id := c.hmacKey()
		c.call("ScheduleKeyDeletion", in{"KeyId": id}).ok()
		c.call("CancelKeyDeletion", in{"KeyId": id}).ok()
		c.state(id, "Disabled").wants("KeyMetadata.DeletionDate", nil)
	}},
	{id: "DK-15", test: func(c *client) {
		for _, key := range c.keyInEveryState() {
			c.call("DescribeKey", in{"KeyId": key.id}).ok().wants("KeyMetadata.KeyState", key.state)
		}
	}},
	{id: "DK-16", test: func(c *client) {
		for _, key := range c.keyInEveryState() {
			c.state(key.id, key.state)
		}
	}},
	{id: "DK-17", test: func(c *client) {
		id := c.imported("HMAC_256", secretOf(32))
		c.call("DescribeKey", in{"KeyId": id}).ok().wants("KeyMetadata.ExpirationModel", "KEY_MATERIAL_DOES_NOT_EXPIRE").
			wants("KeyMetadata.ValidTo", nil).wants("KeyMetadata.CurrentKeyMaterialId", nil)
		sym := c.key(in{"Origin": "EXTERNAL"})
		c.importInto(sym, secretOf(32), in{})
		was := c.state(sym, "Enabled").str("KeyMetadata.CurrentKeyMaterialId")
		c.call("DeleteImportedKeyMaterial", in{"KeyId": sym}).ok()
		if c.state(sym, "PendingImport").wants("KeyMetadata.CurrentKeyMaterialId", was); len(was) != 64 {
			c.t.Fatalf("CurrentKeyMaterialId: got %q, want 64 digits", was)
		}
	}},
	{id: "DK-18", test: func(c *client) {
		id := c.key(create("HMAC_256").with("Origin", "EXTERNAL"))
		until := c.clock.now().Add(time.Hour).Unix()
		c.importInto(id, secretOf(32), in{"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": until}).ok()
		a := c.call("DescribeKey", in{"KeyId": id}).ok().wants("KeyMetadata.ExpirationModel", "KEY_MATERIAL_EXPIRES")
		if got := a.number("KeyMetadata.ValidTo"); got != float64(until) {
			c.t.Fatalf("ValidTo: got %v, want %v", got, until)
		}
	}},
	{id: "DK-19", test: func(c *client) {
		id := c.key(create("HMAC_256").with("Tags", tags("a", "b")))
		c.alias("alias/a", id)
		body := string(c.call("DescribeKey", in{"KeyId": id}).ok().body)
		for _, s := range []string{"Tag", "Alias", "Policy", "Rotation"} {
			if strings.Contains(body, s) {
				c.t.Fatalf("DescribeKey: got %s, want nothing of %s", body, s)
			}
		}
	}},
	{id: "DK-20", test: func(c *client) {
		c.call("DescribeKey", in{"KeyId": ""}).fails("ValidationException", re(minimum, "keyId"))
	}},
	{id: "DK-21", test: func(c *client) {
		c.call("DescribeKey", in{"KeyId": strings.Repeat("a", 2048)}).fails("NotFoundException", "Invalid keyId 'a+'")
		c.call("DescribeKey", in{"KeyId": strings.Repeat("a", 2049)}).fails("ValidationException", "1 validation error detected: .*at 'keyId'.*less than or equal to 2048")
	}},
	{id: "DK-22", test: func(c *client) {
		c.call("DescribeKey", in{"KeyId": c.hmacKey(), "GrantTokens": make11()}).fails("ValidationException",
			"1 validation error detected: .*at 'grantTokens' failed to satisfy constraint: Member must have length less than or equal to 10")
	}},
	{id: "DK-23", test: func(c *client) {
		for _, token := range []string{"", strings.Repeat("t", 8193)} {
			c.call("DescribeKey", in{"KeyId": c.hmacKey(), "GrantTokens": []string{token}}).fails("ValidationException", "1 validation error detected: .*at 'grantTokens'.*")
		}
	}},
	{id: "DK-24", test: func(c *client) { // no InvalidGrantTokenException: not declared
		c.call("DescribeKey", in{"KeyId": c.hmacKey(), "GrantTokens": []string{"garbage"}}).ok()
	}},
}

func make11() []string { return strings.Split("abcdefghijk", "") }
