package kmsemu

import (
	"fmt"
	"strings"
	"time"
)

// badAlias is a row in which a name is refused.
func badAlias(id, name, code, pattern string) row {
	return row{id: id, test: func(c *client) {
		c.call("CreateAlias", in{"AliasName": name, "TargetKeyId": c.hmacKey()}).fails(code, pattern)
	}}
}

var rowsAL = []row{
	simple("AL-01", func(c *client) {
		c.call("CreateAlias", in{"AliasName": "alias/a-Z/0_9", "TargetKeyId": c.hmacKey()}).empty()
	}),
	badAlias("AL-02", "no-prefix", "ValidationException",
		re(`Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html`)),
	badAlias("AL-03", "alias/aws/mine", "NotAuthorizedException", ".*"),
	simple("AL-04", func(c *client) {
		for _, name := range []string{"alias/a b", "alias/a.b", "alias/ä", "alias/a:b"} {
			c.call("CreateAlias", in{"AliasName": name, "TargetKeyId": c.hmacKey()}).fails("ValidationException", ".+")
		}
	}),
	simple("AL-05", func(c *client) {
		id := c.hmacKey()
		c.alias("alias/"+strings.Repeat("a", 250), id)
		c.call("CreateAlias", in{"AliasName": "alias/" + strings.Repeat("a", 251), "TargetKeyId": id}).fails("ValidationException", "1 validation error detected: .*at 'aliasName'.*less than or equal to 256")
	}),
	simple("AL-06", func(c *client) {
		id := c.hmacKey()
		name := c.alias("alias/a", id)
		c.call("CreateAlias", in{"AliasName": name, "TargetKeyId": c.hmacKey()}).fails("AlreadyExistsException", re("An alias with the name %s already exists", aliasARN(name)))
		c.call("ListAliases", in{"KeyId": id}).ok().wants("Truncated", false)
		c.call("GenerateMac", mac(name)).ok().wants("KeyId", arnOf("us-east-1", id))
	}),
	simple("AL-07", func(c *client) {
		name := c.alias("alias/a", c.hmacKey())
		for _, target := range []string{name, aliasARN(name)} {
			c.call("CreateAlias", in{"AliasName": "alias/b", "TargetKeyId": target}).fails("ValidationException", re("Aliases must refer to keys. Not aliases"))
		}
	}),
	simple("AL-08", func(c *client) {
		c.call("CreateAlias", in{"AliasName": "alias/a", "TargetKeyId": noUUID}).noKey(arnOf("us-east-1", noUUID))
	}),
	simple("AL-09", func(c *client) {
		id := c.hmacKey()
		for i := range 50 {
			c.alias(fmt.Sprintf("alias/%d", i), id)
		}
		c.call("CreateAlias", in{"AliasName": "alias/51", "TargetKeyId": id}).fails("LimitExceededException", ".*")
	}),
	simple("AL-10", func(c *client) {
		id := c.hmacKey()
		name := c.alias("alias/a", id)
		at := c.clock.now().Unix()
		list := c.call("ListAliases", in{"KeyId": id}).ok().list("Aliases")
		if len(list) != 1 {
			c.t.Fatalf("aliases of the key: got %d, want 1", len(list))
		}
		e := list[0].(map[string]any)
		if e["AliasName"] != name || e["AliasArn"] != aliasARN(name) || e["TargetKeyId"] != id || len(e) != 5 {
			c.t.Fatalf("alias: got %v", e)
		}
		for _, date := range []string{"CreationDate", "LastUpdatedDate"} {
			a := &answer{t: c.t, json: e}
			if a.number(date) != float64(at) {
				c.t.Fatalf("%s: got %v, want %v", date, e[date], at)
			}
		}
	}),
	simple("AL-11", func(c *client) {
		a, b := c.hmacKey(), c.hmacKey()
		name := c.alias("alias/a", a)
		c.call("UpdateAlias", in{"AliasName": name, "TargetKeyId": b}).empty()
		c.call("ListAliases", in{"KeyId": a}).ok().wants("Aliases", []any{})
		c.call("GenerateMac", mac(name)).ok().wants("KeyId", arnOf("us-east-1", b))
	}),
	simple("AL-12", func(c *client) {
		name := c.alias("alias/a", c.hmacKey())
		c.call("UpdateAlias", in{"AliasName": name, "TargetKeyId": c.key(create("HMAC_512"))}).empty()
	}),
	simple("AL-13", func(c *client) {
		id := c.hmacKey()
		name := c.alias("alias/a", id)
		c.call("UpdateAlias", in{"AliasName": name, "TargetKeyId": c.key(in{})}).fails("ValidationException", ".+")
		c.call("GenerateMac", mac(name)).ok().wants("KeyId", arnOf("us-east-1", id))
	}),
	simple("AL-14", func(c *client) {
		c.call("UpdateAlias", in{"AliasName": "alias/a", "TargetKeyId": c.hmacKey()}).fails("NotFoundException", re("Alias %s is not found.", aliasARN("alias/a")))
	}),
	simple("AL-15", func(c *client) {
		id := c.hmacKey()
		name := c.alias("alias/a", id)
		c.call("DeleteAlias", in{"AliasName": name}).empty()
		c.state(id, "Enabled")
		c.call("DescribeKey", in{"KeyId": name}).fails("NotFoundException", re("Alias %s is not found.", aliasARN(name)))
	}),
	simple("AL-16", func(c *client) {
		c.call("DeleteAlias", in{"AliasName": "alias/a"}).fails("NotFoundException", re("Alias %s is not found.", aliasARN("alias/a")))
	}),
	{"AL-17", Options{Consistency: time.Second}, func(c *client) {
		a, b := c.hmacKey(), c.hmacKey()
		c.clock.advance(time.Second)
		name := c.alias("alias/a", a)
		c.clock.advance(time.Second)
		c.call("UpdateAlias", in{"AliasName": name, "TargetKeyId": b}).empty()
		c.call("GenerateMac", mac(name)).ok().wants("KeyId", arnOf("us-east-1", a))
		c.clock.advance(time.Second)
		c.call("GenerateMac", mac(name)).ok().wants("KeyId", arnOf("us-east-1", b))
	}},
	simple("AL-18", func(c *client) {
		id := c.hmacKey()
		c.alias("alias/a", id)
		c.alias("alias/b", id)
		c.verifies(mac("alias/a"), c.tagOf(mac("alias/b")))
	}),
}

var rowsTG = []row{
	simple("TG-01", func(c *client) {
		id, list := c.hmacKey(), tags("tag1", "v1", "tag2", "v2")
		c.call("TagResource", in{"KeyId": id, "Tags": list}).empty()
		c.call("ListResourceTags", in{"KeyId": id}).ok().wants("Tags", list)
	}),
	simple("TG-02", func(c *client) {
		id := c.key(create("HMAC_256").with("Tags", tags("a", "1", "b", "2")))
		c.call("UntagResource", in{"KeyId": id, "TagKeys": []string{"a", "b"}}).empty()
		c.call("ListResourceTags", in{"KeyId": id}).ok().wants("Tags", []any{})
	}),
	simple("TG-03", func(c *client) {
		id := c.key(create("HMAC_256").with("Tags", tags("a", "1", "b", "2", "c", "3")))
		c.call("UntagResource", in{"KeyId": id, "TagKeys": []string{"b"}}).empty()
		c.call("ListResourceTags", in{"KeyId": id}).ok().wants("Tags", tags("a", "1", "c", "3"))
	}),
	simple("TG-04", func(c *client) {
		id := c.key(create("HMAC_256").with("Tags", tags("a", "1", "b", "2")))
		c.call("TagResource", in{"KeyId": id, "Tags": tags("a", "new", "c", "3", "d", "4")}).empty()
		c.call("ListResourceTags", in{"KeyId": id}).ok().wants("Tags", tags("a", "new", "b", "2", "c", "3", "d", "4"))
	}),
	badTags("TG-05", "TagException", "Duplicate tag keys", tags("a", "1", "a", "2")),
	badTags("TG-06", "TagException", "Tags beginning with aws: are reserved", tags("aws:a", "1")),
	simple("TG-07", func(c *client) {
		id := c.key(create("HMAC_256").with("Tags", manyTags(50)))
		c.call("TagResource", in{"KeyId": id, "Tags": tags("one-more", "")}).fails("TagException", "Too many tags")
		c.call("TagResource", in{"KeyId": id, "Tags": tags("kx", "replaced")}).empty()
	}),
	simple("TG-08", func(c *client) { c.call("TagResource", in{"KeyId": c.hmacKey(), "Tags": tags("a", "")}).empty() }),
	badTags("TG-09", "ValidationException", re("1 validation error detected: Value '' at 'tags.1.member.tagKey' failed to satisfy constraint: Member must have length greater than or equal to 1"), tags("", "v")),
	simple("TG-10", func(c *client) {
		c.call("UntagResource", in{"KeyId": c.hmacKey(), "TagKeys": []string{"none"}}).empty()
	}),
	simple("TG-11", func(c *client) {
		id := c.hmacKey()
		for _, step := range []struct {
			op  string
			req in
		}{{"TagResource", in{"KeyId": id, "Tags": tags("a", "b")}}, {"UntagResource", in{"KeyId": id, "TagKeys": []string{"a"}}}} {
			if a := c.call(step.op, step.req).ok(); len(a.body) != 0 {
				c.t.Fatalf("%s: got body %q, want none", step.op, a.body)
			}
		}
	}),
	simple("TG-12", func(c *client) {
		id := c.key(create("HMAC_256").with("Tags", manyTags(50)))
		c.call("ListResourceTags", in{"KeyId": id}).ok().members("", "Tags", "Truncated").wants("Truncated", false)
		first := c.call("ListResourceTags", in{"KeyId": id, "Limit": 30}).ok().members("", "NextMarker", "Tags", "Truncated").wants("Truncated", true)
		rest := c.call("ListResourceTags", in{"KeyId": id, "Limit": 30, "Marker": first.str("NextMarker")}).ok().wants("Truncated", false)
		if n := len(first.list("Tags")) + len(rest.list("Tags")); n != 50 {
			c.t.Fatalf("tags on two pages: got %d, want 50", n)
		}
	}),
	{"TG-13", twoAccounts, func(c *client) {
		id := arnOf("us-east-1", c.key(create("HMAC_256").with("Policy", openPolicy)))
		c.as("OTHER", "other-secret").call("TagResource", in{"KeyId": id, "Tags": tags("a", "b")}).fails("AccessDeniedException", ".*")
	}},
}

const openPolicy = `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}]}`

func badTags(id, code, pattern string, list []in) row {
	return row{id: id, test: func(c *client) {
		c.call("TagResource", in{"KeyId": c.hmacKey(), "Tags": list}).fails(code, pattern)
	}}
}
