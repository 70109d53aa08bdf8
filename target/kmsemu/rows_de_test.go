package kmsemu

import (
	"fmt"
	"strings"
	"time"
)

// unrotatable is the answer of the rotation operations for HMAC keys.
func unrotatable(id, op string, key func(c *client) string) row {
	return row{id: id, test: func(c *client) {
		c.call(op, in{"KeyId": key(c)}).fails("UnsupportedOperationException", "-")
	}}
}

func newHMAC(c *client) string { return c.hmacKey() }

func rsaKey(c *client) string { return c.key(in{"KeySpec": "RSA_4096", "KeyUsage": "SIGN_VERIFY"}) }

var rowsRO = []row{
	simple("RO-01", func(c *client) {
		c.call("GetKeyRotationStatus", in{"KeyId": c.hmacKey()}).ok().wants("KeyRotationEnabled", false)
	}),
	simple("RO-02", func(c *client) {
		id := c.hmacKey()
		c.call("GetKeyRotationStatus", in{"KeyId": id}).ok().members("", "KeyId", "KeyRotationEnabled").wants("KeyId", arnOf("us-east-1", id))
	}),
	unrotatable("RO-03", "EnableKeyRotation", newHMAC),
	unrotatable("RO-04", "DisableKeyRotation", newHMAC),
	unrotatable("RO-05", "RotateKeyOnDemand", rsaKey),
	unrotatable("RO-06", "RotateKeyOnDemand", newHMAC),
	simple("RO-07", func(c *client) {
		id := rsaKey(c)
		c.call("DisableKey", in{"KeyId": id}).empty()
		c.call("RotateKeyOnDemand", in{"KeyId": id}).fails("DisabledException", is("disabled")(arnOf("us-east-1", id)))
	}),
	simple("RO-08", func(c *client) { c.call("RotateKeyOnDemand", in{"KeyId": noUUID}).noKey(arnOf("us-east-1", noUUID)) }),
	simple("RO-09", func(c *client) {
		id := c.key(in{"Origin": "EXTERNAL"})
		c.call("RotateKeyOnDemand", in{"KeyId": id}).fails(invalidState, is("pending import")(arnOf("us-east-1", id)))
	}),
	simple("RO-10", func(c *client) {
		id := c.key(in{"Origin": "EXTERNAL"})
		c.importInto(id, secretOf(32), nil).ok()
		c.call("RotateKeyOnDemand", in{"KeyId": id}).fails(invalidState, re("No available key material pending rotation for the key: %s.", arnOf("us-east-1", id)))
	}),
	simple("RO-11", func(c *client) {
		id := c.key(in{})
		blob := c.call("Encrypt", in{"KeyId": id, "Plaintext": msg("p")}).ok().str("CiphertextBlob")
		for range 25 {
			c.call("RotateKeyOnDemand", in{"KeyId": id}).ok().wants("KeyId", arnOf("us-east-1", id))
		}
		c.call("RotateKeyOnDemand", in{"KeyId": id}).fails("LimitExceededException",
			re("The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: %s", arnOf("us-east-1", id)))
		c.call("Decrypt", in{"CiphertextBlob": blob}).ok().wants("Plaintext", msg("p"))
	}),
	unrotatable("RO-12", "RotateKeyOnDemand", func(c *client) string { return c.imported("HMAC_256", secretOf(32)) }),
	simple("RO-13", func(c *client) {
		c.call("ListKeyRotations", in{"KeyId": c.hmacKey()}).ok().wants("Rotations", []any{}).wants("Truncated", false)
	}),
	simple("RO-14", func(c *client) {
		old, id := c.hmacKey(), c.hmacKey()
		name := c.alias("alias/r", old)
		tag := c.tagOf(mac(name))
		c.call("UpdateAlias", in{"AliasName": name, "TargetKeyId": id}).empty()
		c.call("VerifyMac", mac(name).with("Mac", tag)).fails("KMSInvalidMacException", ".*")
		c.verifies(mac(old), tag)
	}),
}

// windows is a row in which waiting periods are refused.
func windows(id, pattern string, days ...int) row {
	return row{id: id, test: func(c *client) {
		key := c.hmacKey()
		for _, n := range days {
			c.call("ScheduleKeyDeletion", in{"KeyId": key, "PendingWindowInDays": n}).fails("ValidationException", pattern)
		}
		c.state(key, "Enabled")
	}}
}

var rowsDE = []row{
	simple("DE-01", func(c *client) {
		id := c.hmacKey()
		c.call("ScheduleKeyDeletion", in{"KeyId": id}).ok().members("", "DeletionDate", "KeyId", "KeyState", "PendingWindowInDays").
			wants("KeyId", arnOf("us-east-1", id)).wants("KeyState", "PendingDeletion").wants("PendingWindowInDays", 30)
	}),
	simple("DE-02", func(c *client) {
		c.call("ScheduleKeyDeletion", in{"KeyId": c.hmacKey(), "PendingWindowInDays": 7}).ok().wants("PendingWindowInDays", 7)
	}),
	simple("DE-03", func(c *client) {
		a := c.call("ScheduleKeyDeletion", in{"KeyId": c.hmacKey(), "PendingWindowInDays": 7}).ok()
		if want := float64(c.clock.now().AddDate(0, 0, 7).Unix()); a.number("DeletionDate") != want {
			c.t.Fatalf("DeletionDate: got %s, want %v", a.body, want)
		}
	}),
	windows("DE-04", "PendingWindowInDays must be between 7 and 30", 1, 6),
	windows("DE-05", "PendingWindowInDays must be between 7 and 30", 31, 365),
	windows("DE-06", "1 validation error detected: Value '(0|366)' at 'pendingWindowInDays' failed to satisfy constraint: Member must have value (greater|less) than or equal to (1|365)", 0, 366),
	simple("DE-07", func(c *client) {
		c.call("ScheduleKeyDeletion", in{"KeyId": pendingDeletionKey(c)}).fails(invalidState, ".*")
	}),
	simple("DE-08", func(c *client) {
		id := pendingDeletionKey(c)
		c.call("CancelKeyDeletion", in{"KeyId": id}).ok().members("", "KeyId").wants("KeyId", arnOf("us-east-1", id))
		c.state(id, "Disabled")
		imp := c.external("HMAC_256")
		c.call("ScheduleKeyDeletion", in{"KeyId": imp}).ok()
		c.call("CancelKeyDeletion", in{"KeyId": imp}).ok()
		c.state(imp, "PendingImport")
	}),
	simple("DE-09", func(c *client) {
		id := pendingDeletionKey(c)
		c.call("CancelKeyDeletion", in{"KeyId": id}).ok()
		c.call("GenerateMac", mac(id)).fails("DisabledException", ".*")
		c.call("EnableKey", in{"KeyId": id}).empty()
		c.tagOf(mac(id))
	}),
	simple("DE-10", func(c *client) {
		for _, id := range []string{disabledKey(c), pendingImportKey(c)} {
			c.call("ScheduleKeyDeletion", in{"KeyId": id}).ok()
		}
	}),
	simple("DE-11", func(c *client) {
		id := c.hmacKey()
		name := c.alias("alias/d", id)
		c.call("ScheduleKeyDeletion", in{"KeyId": id, "PendingWindowInDays": 7}).ok()
		c.clock.advance(7*24*time.Hour - time.Second)
		c.state(id, "PendingDeletion")
		c.clock.advance(time.Second)
		c.call("DescribeKey", in{"KeyId": id}).noKey(arnOf("us-east-1", id))
		c.call("DescribeKey", in{"KeyId": name}).fails("NotFoundException", re("Alias %s is not found.", aliasARN(name)))
		c.alias(name, c.hmacKey())
	}),
	{"DE-12", twoAccounts, func(c *client) {
		id := arnOf("us-east-1", c.key(create("HMAC_256").with("Policy", openPolicy)))
		c.as("OTHER", "other-secret").call("ScheduleKeyDeletion", in{"KeyId": id}).fails("AccessDeniedException", ".*")
	}},
	simple("DE-13", func(c *client) {
		id := pendingDeletionKey(c)
		c.call("UpdateKeyDescription", in{"KeyId": id, "Description": "x"}).fails(invalidState, is("pending deletion")(arnOf("us-east-1", id)))
	}),
}

// allKeys pages through ListKeys.
func (c *client) allKeys(limit int) []string {
	c.t.Helper()
	var ids []string
	req := in{"Limit": limit}
	for {
		a := c.call("ListKeys", req).ok()
		if n := len(a.list("Keys")); n > limit {
			c.t.Fatalf("ListKeys: got %d keys on a page of %d", n, limit)
		}
		for _, k := range a.list("Keys") {
			m := k.(map[string]any)
			if m["KeyArn"] != arnOf(c.region, m["KeyId"].(string)) || len(m) != 2 {
				c.t.Fatalf("ListKeys: got entry %v", m)
			}
			ids = append(ids, m["KeyId"].(string))
		}
		if a.at("Truncated") == false {
			a.members("", "Keys", "Truncated")
			return ids
		}
		a.members("", "Keys", "NextMarker", "Truncated")
		req = in{"Limit": limit, "Marker": a.str("NextMarker")}
	}
}

var lists = map[string]bool{"ListKeys": false, "ListAliases": false, "ListGrants": true, "ListResourceTags": true, "ListKeyRotations": true}

// eachList calls f with a request for every list operation.
func (c *client) eachList(f func(op string, req in)) {
	id := c.hmacKey()
	for op, keyed := range lists {
		req := in{}
		if keyed {
			req["KeyId"] = id
		}
		f(op, req)
	}
}

var rowsLI = []row{
	simple("LI-01", func(c *client) {
		id := c.hmacKey()
		c.call("ListKeys", in{}).ok().members("", "Keys", "Truncated").wants("Truncated", false).
			wants("Keys", []in{{"KeyId": id, "KeyArn": arnOf("us-east-1", id)}})
	}),
	simple("LI-02", func(c *client) {
		id := pendingDeletionKey(c)
		c.call("ListKeys", in{}).ok().wants("Keys", []in{{"KeyId": id, "KeyArn": arnOf("us-east-1", id)}})
	}),
	simple("LI-03", func(c *client) {
		for range 101 {
			c.hmacKey()
		}
		for _, p := range []struct {
			req  in
			want int
		}{{in{}, 100}, {in{"Limit": 1}, 1}, {in{"Limit": 1000}, 101}} {
			if got := len(c.call("ListKeys", p.req).ok().list("Keys")); got != p.want {
				c.t.Fatalf("ListKeys %v: got %d keys, want %d", p.req, got, p.want)
			}
		}
	}),
	simple("LI-04", func(c *client) {
		for limit, rule := range map[int]string{0: "greater than or equal to 1", 1001: "less than or equal to 1000"} {
			c.call("ListKeys", in{"Limit": limit}).fails("ValidationException",
				re("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value %s", limit, rule))
		}
	}),
	simple("LI-05", func(c *client) {
		id := c.hmacKey()
		for range 101 {
			c.call("CreateGrant", grantReq.with("KeyId", id).with("RetiringPrincipal", userARN)).ok()
		}
		for op, req := range map[string]in{"ListGrants": {"KeyId": id}, "ListRetirableGrants": {"RetiringPrincipal": userARN}} {
			for limit, want := range map[int]int{0: 50, 100: 100, 1000: 100} {
				if limit > 0 {
					req["Limit"] = limit
				} else {
					delete(req, "Limit")
				}
				if got := len(c.call(op, req).ok().list("Grants")); got != want {
					c.t.Fatalf("%s with limit %d: got %d, want %d", op, limit, got, want)
				}
			}
		}
	}),
	simple("LI-06", func(c *client) {
		id := c.key(create("HMAC_256").with("Tags", manyTags(50)))
		for _, req := range []in{{}, {"Limit": 50}, {"Limit": 1000}} {
			if got := len(c.call("ListResourceTags", req.with("KeyId", id)).ok().list("Tags")); got != 50 {
				c.t.Fatalf("ListResourceTags %v: got %d tags, want 50", req, got)
			}
		}
	}),
	simple("LI-07", func(c *client) {
		id := c.key(in{})
		c.call("RotateKeyOnDemand", in{"KeyId": id}).ok()
		for _, req := range []in{{}, {"Limit": 1000}} {
			c.call("ListKeyPolicies", req.with("KeyId", id)).ok().wants("PolicyNames", []string{"default"})
			if got := len(c.call("ListKeyRotations", req.with("KeyId", id)).ok().list("Rotations")); got != 1 {
				c.t.Fatalf("ListKeyRotations: got %d, want 1", got)
			}
		}
	}),
	simple("LI-08", func(c *client) {
		c.eachList(func(op string, req in) {
			for _, marker := range []string{"garbage", "AAAAAAAAAAAAAAAA", " "} {
				c.call(op, req.with("Marker", marker)).fails("InvalidMarkerException", ".*")
			}
		})
	}),
	simple("LI-09", func(c *client) {
		c.eachList(func(op string, req in) {
			c.call(op, req.with("Marker", strings.Repeat("m", 1025))).fails("ValidationException", "1 validation error detected: .*at 'marker'.*less than or equal to 1024")
		})
	}),
	simple("LI-10", func(c *client) {
		want := map[string]bool{}
		for range 7 {
			want[c.hmacKey()] = true
		}
		for limit := 1; limit <= 8; limit++ {
			got := c.allKeys(limit)
			for _, id := range got {
				if !want[id] {
					c.t.Fatalf("limit %d: unknown key %s", limit, id)
				}
			}
			if len(got) != len(want) {
				c.t.Fatalf("limit %d: got %d keys, want %d", limit, len(got), len(want))
			}
		}
	}),
	simple("LI-11", func(c *client) {
		a, b := c.hmacKey(), c.hmacKey()
		c.alias("alias/a", a)
		c.alias("alias/b", b)
		if list := c.call("ListAliases", in{"KeyId": b}).ok().list("Aliases"); len(list) != 1 || list[0].(map[string]any)["AliasName"] != "alias/b" {
			c.t.Fatalf("aliases of b: got %v", list)
		}
	}),
	simple("LI-12", func(c *client) {
		id := c.hmacKey()
		for i := range 5 {
			c.alias(fmt.Sprintf("alias/%d", i), id)
		}
		own, services := 0, 0
		req := in{"Limit": 4}
		for {
			a := c.call("ListAliases", req).ok()
			for _, v := range a.list("Aliases") {
				e := v.(map[string]any)
				if strings.HasPrefix(e["AliasName"].(string), "alias/aws/") && e["TargetKeyId"] == nil {
					services++
				} else if e["TargetKeyId"] == id {
					own++
				}
			}
			if a.at("Truncated") == false {
				break
			}
			req["Marker"] = a.str("NextMarker")
		}
		if own != 5 || services < 10 {
			c.t.Fatalf("ListAliases: got %d aliases of ours and %d of services, want 5 and at least 10", own, services)
		}
	}),
}

var rowsOB = []row{
	simple("OB-04", func(c *client) {
		id := c.hmacKey()
		made := c.clock.now().Unix()
		for op, req := range map[string]in{"GenerateMac": mac(id), "VerifyMac": mac(id).with("Mac", c.tagOf(mac(id)))} {
			c.clock.advance(time.Minute)
			requestID := c.call(op, req).ok().header.Get("X-Amzn-Requestid")
			c.call("GenerateMac", req.with("MacAlgorithm", "HMAC_SHA_512")) // fails: does not count
			a := c.call("GetKeyLastUsage", in{"KeyId": id}).ok().members("", "KeyCreationDate", "KeyId", "KeyLastUsage", "TrackingStartDate").
				members("KeyLastUsage", "CloudTrailEventId", "KmsRequestId", "Operation", "Timestamp").
				wants("KeyLastUsage.Operation", op).wants("KeyLastUsage.KmsRequestId", requestID)
			if a.number("KeyLastUsage.Timestamp") != float64(c.clock.now().Unix()) || a.number("KeyCreationDate") != float64(made) {
				c.t.Fatalf("GetKeyLastUsage: got %s", a.body)
			}
		}
	}),
	simple("OB-05", func(c *client) { c.call("GetKeyLastUsage", in{"KeyId": c.hmacKey()}).ok().wants("KeyLastUsage", in{}) }),
	simple("OB-06", func(c *client) {
		id := c.replica(nil)
		c.tagOf(mac(id))
		c.in("us-west-2").call("GetKeyLastUsage", in{"KeyId": id}).ok().wants("KeyLastUsage", in{})
	}),
}

var rowsEC = []row{
	{"EC-01", Options{Consistency: time.Second}, func(c *client) {
		id := c.hmacKey()
		c.clock.advance(time.Second)
		c.call("UpdateKeyDescription", in{"KeyId": id, "Description": "new"}).empty()
		c.call("DescribeKey", in{"KeyId": id}).ok().wants("KeyMetadata.Description", "")
		c.clock.advance(time.Second)
		c.call("DescribeKey", in{"KeyId": id}).ok().wants("KeyMetadata.Description", "new")
	}},
	{"EC-02", Options{Consistency: time.Second}, func(c *client) {
		id := c.hmacKey()
		c.call("DescribeKey", in{"KeyId": id}).noKey(arnOf("us-east-1", id))
		c.call("ListKeys", in{}).ok().wants("Keys", []any{})
		c.clock.advance(time.Second)
		c.state(id, "Enabled")
	}},
	{"EC-03", Options{Consistency: time.Second}, func(c *client) {
		id := c.hmacKey()
		c.clock.advance(time.Second)
		c.call("DisableKey", in{"KeyId": id}).empty()
		c.tagOf(mac(id))
		c.clock.advance(500 * time.Millisecond)
		c.call("EnableKey", in{"KeyId": id}).empty()
		c.clock.advance(500 * time.Millisecond)
		c.call("GenerateMac", mac(id)).fails("DisabledException", ".*")
		c.clock.advance(500 * time.Millisecond)
		c.tagOf(mac(id))
	}},
	{"EC-04", withUser(Options{Consistency: time.Minute}), func(c *client) {
		id := c.hmacKey()
		c.clock.advance(time.Minute)
		token := c.call("CreateGrant", grantReq.with("KeyId", id)).ok().str("GrantToken")
		c.user().call("GenerateMac", mac(id)).fails("AccessDeniedException", ".*")
		c.user().tagOf(mac(id).with("GrantTokens", []string{token}))
		c.clock.advance(time.Minute)
		c.user().tagOf(mac(id))
	}},
	{"EC-06", slowReplicas, func(c *client) {
		id := c.replica(nil)
		c.clock.advance(59 * time.Second)
		c.in("us-west-2").state(id, "Creating")
		c.clock.advance(time.Second)
		c.in("us-west-2").state(id, "Enabled")
	}},
	{"EC-07", Options{Consistency: time.Second}, func(c *client) {
		id := c.hmacKey()
		c.clock.advance(time.Second)
		c.call("ScheduleKeyDeletion", in{"KeyId": id}).ok().wants("KeyState", "PendingDeletion")
		c.state(id, "Enabled")
		c.clock.advance(time.Second)
		c.state(id, "PendingDeletion")
	}},
}

// drain takes n requests from the bucket of an operation.
func (c *client) drain(op string, n float64) {
	c.t.Helper()
	e := c.handler.(*Emulator)
	if !e.quotas.take(realmID{e.account, c.region}, op, n, c.clock.now()) {
		c.t.Fatalf("the bucket of %s does not hold %v requests", op, n)
	}
}

const throttleText = "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls."

// perSecond is a row in which the n+1st call of op in a second is throttled.
func perSecond(id string, limits map[string]int) row {
	return row{id: id, opt: Options{Quota: "us-east-1"}, test: func(c *client) {
		for op, n := range limits {
			c.clock.advance(time.Second)
			for range n {
				if a := c.call(op, in{"KeyId": noUUID}); a.json["__type"] == "ThrottlingException" {
					c.t.Fatalf("%s: throttled within %d per second", op, n)
				}
			}
			c.call(op, in{"KeyId": noUUID}).fails("ThrottlingException", re(throttleText))
			c.clock.advance(time.Second)
			if a := c.call(op, in{"KeyId": noUUID}); a.json["__type"] == "ThrottlingException" {
				c.t.Fatalf("%s: still throttled a second later", op)
			}
		}
	}}
}

var rowsQU = []row{
	{"QU-01", Options{Quota: "us-east-1"}, func(c *client) {
		id := c.hmacKey()
		c.drain("Encrypt", 99_999)
		tag := c.tagOf(mac(id))
		c.call("VerifyMac", mac(id).with("Mac", tag)).fails("ThrottlingException", re(throttleText))
		c.in("us-west-2").call("GenerateMac", mac(id)).noKey(west(id))
		c.clock.advance(time.Second)
		c.verifies(mac(id), tag)
	}},
	{"QU-02", Options{Quota: "us-east-1"}, func(c *client) {
		id := c.hmacKey()
		c.drain("GenerateMac", 99_999)
		c.call("GenerateMac", mac(id).with("DryRun", true)).fails("DryRunOperationException", ".*")
		c.call("GenerateMac", mac(id)).fails("ThrottlingException", re(throttleText))
	}},
	{"QU-03", Options{Quota: "us-east-1"}, func(c *client) {
		id := c.hmacKey()
		c.drain("GenerateMac", 100_000)
		body := fmt.Sprintf(`{"KeyId":%q,"Message":"bQ==","MacAlgorithm":"HMAC_SHA_256"}`, id)
		r := c.request("GenerateMac", body)
		r.Host = "kms-fips.us-east-1.amazonaws.com"
		c.sign(r, body, "kms")
		c.send(r, "GenerateMac").fails("ThrottlingException", re(throttleText))
	}},
	{"QU-04", Options{Quota: "us-east-1", Credentials: twoAccounts.Credentials}, func(c *client) {
		id := arnOf("us-east-1", c.key(create("HMAC_256").with("Policy", openPolicy)))
		c.drain("GenerateMac", 100_000)
		c.as("OTHER", "other-secret").tagOf(mac(id))
		c.call("GenerateMac", mac(id)).fails("ThrottlingException", re(throttleText))
	}},
	{"QU-05", Options{Quota: "us-east-1"}, func(c *client) {
		c.drain("GenerateMac", 99_999)
		c.call("GenerateRandom", in{"NumberOfBytes": 1}).ok()
		c.call("GenerateRandom", in{"NumberOfBytes": 1}).fails("ThrottlingException", re(throttleText))
	}},
	perSecond("QU-06", map[string]int{"CreateKey": 5}),
	perSecond("QU-07", map[string]int{"GetParametersForImport": 1}),
	perSecond("QU-08", map[string]int{"EnableKey": 5, "DisableKey": 5, "CancelKeyDeletion": 5, "CreateAlias": 5, "UpdateAlias": 5}),
	{"QU-10", Options{Quota: "eu-north-1"}, func(c *client) {
		c.drain("GenerateMac", 10_000)
		c.call("GenerateMac", mac(c.hmacKey())).fails("ThrottlingException", re(throttleText))
	}},
}
