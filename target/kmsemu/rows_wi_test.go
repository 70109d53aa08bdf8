package kmsemu

import (
	"net/http"
	"regexp"
	"strings"
	"time"
)

// voids are operations with an empty answer, with a request that succeeds.
func (c *client) voids(f func(op string, req in)) {
	id := c.hmacKey()
	name := c.alias("alias/w", id)
	g := c.call("CreateGrant", grantReq.with("KeyId", id)).ok()
	h := c.call("CreateGrant", grantReq.with("KeyId", id)).ok()
	for _, v := range []struct {
		op  string
		req in
	}{
		{"DisableKey", in{"KeyId": id}}, {"EnableKey", in{"KeyId": id}},
		{"CreateAlias", in{"AliasName": "alias/x", "TargetKeyId": id}}, {"UpdateAlias", in{"AliasName": name, "TargetKeyId": c.hmacKey()}},
		{"DeleteAlias", in{"AliasName": name}}, {"TagResource", in{"KeyId": id, "Tags": tags("a", "b")}},
		{"UntagResource", in{"KeyId": id, "TagKeys": []string{"a"}}}, {"PutKeyPolicy", in{"KeyId": id, "Policy": openPolicy}},
		{"RevokeGrant", in{"KeyId": id, "GrantId": g.str("GrantId")}}, {"RetireGrant", in{"GrantToken": h.str("GrantToken")}},
		{"UpdateKeyDescription", in{"KeyId": id, "Description": "d"}},
	} {
		f(v.op, v.req)
	}
}

// strictly returns the client looking at the wire itself.
func (c *client) strictly() *client { d := *c; d.lenient = false; return &d }

// wireError is a row about the exact form of an error: status and body.
func wireError(id string, status int, code string, provoke func(c *client) *answer) row {
	return row{id: id, opt: Options{Quota: ""}, test: func(c *client) {
		a := provoke(c)
		if a.status != status || a.json["__type"] != code {
			c.t.Fatalf("%s: got %d %s, want %d %s", a.op, a.status, a.body, status, code)
		}
		for k := range a.json {
			if k != "__type" && k != "message" {
				c.t.Fatalf("%s: got %s, want only __type and message", a.op, a.body)
			}
		}
	}}
}

var (
	epochForm  = regexp.MustCompile(`"CreationDate":[0-9]\.[0-9]+E9[,}]`)
	headerUUID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
)

// kmsHeaders demands the headers of every answer.
func (a *answer) kmsHeaders() {
	a.t.Helper()
	for name, want := range map[string]string{"Content-Type": contentType, "Cache-Control": "no-cache, no-store, must-revalidate, private", "Expires": "0", "Pragma": "no-cache"} {
		if got := a.header.Get(name); got != want {
			a.t.Fatalf("%s: header %s: got %q, want %q", a.op, name, got, want)
		}
	}
	if a.header.Get("Content-Length") == "" {
		a.t.Fatalf("%s: no Content-Length", a.op)
	}
}

// post sends a signed request after a change to it that is signed too.
func (c *client) post(op, body string, change func(r *http.Request)) *answer {
	c.t.Helper()
	r := c.request(op, body)
	change(r)
	c.sign(r, body, "kms")
	return c.send(r, op)
}

var rowsWI = []row{
	simple("WI-01", func(c *client) {
		c.post("ListKeys", "{}", func(r *http.Request) { r.Header.Set("Content-Type", "application/x-amz-json-1.1; charset=utf-8") }).ok()
		c.post("ListKeys", "{}", func(r *http.Request) { r.Header.Set("Content-Type", "application/xml") }).failsWith(400, "UnknownOperationException", "-")
		c.post("ListKeys", "{}", func(r *http.Request) { r.URL.Path = "/other" }).failsWith(404, "UnknownOperationException", "-")
	}),
	simple("WI-02", func(c *client) {
		id := c.in("eu-central-1").hmacKey()
		c.in("eu-central-1").call("GenerateMac", mac(id)).ok().wants("KeyId", arnOf("eu-central-1", id))
	}),
	simple("WI-03", func(c *client) {
		a, b := c.call("ListKeys", in{}).ok(), c.call("ListKeys", in{}).ok()
		x, y := a.header.Get("X-Amzn-Requestid"), b.header.Get("X-Amzn-Requestid")
		if !headerUUID.MatchString(x) || x == y || a.header.Get("Content-Type") != contentType {
			c.t.Fatalf("headers: got %v, then request id %s", a.header, y)
		}
	}),
	simple("WI-04", func(c *client) {
		c.call("ListKeys", in{}).ok().kmsHeaders()
		c.call("GenerateMac", mac(noUUID)).kmsHeaders()
	}),
	simple("WI-05", func(c *client) {
		c.voids(func(op string, req in) {
			if a := c.call(op, req).ok(); len(a.body) != 0 || a.header.Get("Content-Length") != "0" {
				c.t.Fatalf("%s: got body %q, Content-Length %q", op, a.body, a.header.Get("Content-Length"))
			}
		})
	}),
	wireError("WI-06", 400, "InvalidKeyUsageException", func(c *client) *answer {
		return c.call("GenerateMac", mac(c.key(create("HMAC_512")))).fails("InvalidKeyUsageException", ".+")
	}),
	wireError("WI-07", 400, "CustomKeyStoreNotFoundException", func(c *client) *answer {
		a := c.call("CreateKey", in{"CustomKeyStoreId": "cks-1"}).fails("CustomKeyStoreNotFoundException", "-")
		if len(a.body) != 44 {
			c.t.Fatalf("body: got %d bytes, want 44", len(a.body))
		}
		return a
	}),
	simple("WI-08", func(c *client) {
		if got, ok := c.call("GenerateMac", mac(noUUID)).header["X-Amzn-Errortype"]; ok {
			c.t.Fatalf("x-amzn-errortype: got %v, want none", got)
		}
	}),
	wireError("WI-09", 400, "NotFoundException", func(c *client) *answer { return c.call("GenerateMac", mac(noUUID)) }),
	wireError("WI-10", 400, "DisabledException", func(c *client) *answer { return c.call("GenerateMac", mac(disabledKey(c))) }),
	wireError("WI-11", 400, invalidState, func(c *client) *answer { return c.call("GenerateMac", mac(pendingImportKey(c))) }),
	wireError("WI-12", 400, "DryRunOperationException", func(c *client) *answer {
		return c.call("GenerateMac", mac(c.hmacKey()).with("DryRun", true))
	}),
	wireError("WI-13", 400, "AlreadyExistsException", func(c *client) *answer {
		id := c.hmacKey()
		c.alias("alias/w", id)
		return c.call("CreateAlias", in{"AliasName": "alias/w", "TargetKeyId": id})
	}),
	{"WI-14", Options{Faults: "KMSInternalException=1"}, func(c *client) {
		c.call("GenerateMac", mac(noUUID)).failsWith(500, "KMSInternalException", ".*")
	}},
	wireError("WI-15", 400, "ValidationException", func(c *client) *answer {
		return c.call("CreateKey", in{"KeySpec": "x"}).fails("ValidationException", ".+")
	}),
	{"WI-16", withUser(Options{}), func(c *client) {
		c.user().strictly().call("GenerateMac", mac(c.hmacKey())).failsWith(400, "AccessDeniedException", ".+")
	}},
	{"WI-17", Options{Quota: "us-east-1"}, func(c *client) {
		c.drain("GenerateMac", 100_000)
		c.strictly().call("GenerateMac", mac(noUUID)).failsWith(400, "ThrottlingException", re(throttleText))
	}},
	simple("WI-18", func(c *client) {
		c.strictly().call("Nope", in{}).failsWith(400, "UnknownOperationException", "-")
		c.post("ListKeys", "{}", func(r *http.Request) { r.Header.Set("X-Amz-Target", "Other.ListKeys") }).failsWith(400, "UnknownOperationException", "-")
		c.post("ListKeys", "{}", func(r *http.Request) { r.Header.Del("X-Amz-Target") }).failsWith(400, "UnknownOperationException", "-")
	}),
	simple("WI-19", func(c *client) {
		for _, body := range []string{"", "x", "{", `{"KeyId":`, "[]", "null", `"s"`, "{} {}", "<a/>"} {
			c.call("DescribeKey", body).fails("SerializationException", ".*|-")
		}
	}),
	simple("WI-20", func(c *client) {
		for _, m := range []string{"a", "====", "bQ", "b Q=", "_-8="} {
			c.call("GenerateMac", mac(noUUID).with("Message", m)).fails("SerializationException", ".*")
		}
	}),
	simple("WI-21", func(c *client) {
		for _, m := range []any{1, true, []string{"bQ=="}, in{"a": 1}} {
			c.call("GenerateMac", mac(noUUID).with("Message", m)).fails("SerializationException", ".*")
		}
	}),
	simple("WI-22", func(c *client) {
		id := c.hmacKey()
		for range 8 { // 32 bytes need one padding character; + and / turn up sooner or later
			c.call("GenerateMac", macWith(id, "HMAC_256", randomSecret(9))).ok().bytes("Mac")
		}
	}),
	simple("WI-23", func(c *client) {
		c.clock.advance(214 * time.Millisecond)
		if a := c.call("CreateKey", create("HMAC_256")).ok(); !epochForm.Match(a.body) {
			c.t.Fatalf("CreateKey: got %s, want a CreationDate like 1.608639949636E9", a.body)
		}
	}),
	simple("WI-24", func(c *client) {
		if a := c.tagOf(mac(c.hmacKey())); a == "" {
			c.t.Fatalf("no tag")
		}
		body := string(c.call("CreateKey", create("HMAC_256")).ok().body)
		if strings.Index(body, `"Arn"`) > strings.Index(body, `"KeyId"`) || strings.Index(body, `"KeyId"`) > strings.Index(body, `"Origin"`) {
			c.t.Fatalf("CreateKey: got %s, want members in alphabetical order", body)
		}
	}),
	simple("WI-25", func(c *client) {
		for op, req := range map[string]in{"CreateKey": create("HMAC_256"), "ListKeys": {}, "GetKeyRotationStatus": {"KeyId": c.hmacKey()}, "ListGrants": {"KeyId": c.hmacKey()}} {
			if a := c.call(op, req).ok(); strings.Contains(string(a.body), "null") {
				c.t.Fatalf("%s: got %s, want no null", op, a.body)
			}
		}
	}),
	simple("WI-26", func(c *client) {
		c.call("GenerateMac", in{"KeyId": "", "MacAlgorithm": "X", "Message": ""}).fails("ValidationException",
			"3 validation errors detected: Value.* at '.*' failed to satisfy constraint: .*; Value.* at '.*' failed to satisfy constraint: .*; Value.* at '.*' failed to satisfy constraint: .*")
	}),
	simple("WI-27", func(c *client) {
		for _, host := range []string{"kms.us-east-1.amazonaws.com", "kms-fips.us-east-1.amazonaws.com", "kms.us-east-1.api.aws", "kms-fips.us-east-1.api.aws:443"} {
			c.post("ListKeys", "{}", func(r *http.Request) { r.Host = host }).ok()
			c.in("eu-west-1").post("ListKeys", "{}", func(r *http.Request) { r.Host = host }).fails("InvalidSignatureException", ".*")
		}
	}),
	simple("WI-28", func(c *client) { // HTTP/1.1 keeps the spelling of the recorded headers
		for _, name := range []string{requestIDHeader, "cache-control", "expires", "pragma"} {
			if _, ok := c.wireHeaders()[name]; !ok {
				c.t.Fatalf("headers: got %v, want %s", c.wireHeaders(), name)
			}
		}
	}),
}

const mismatch = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

var signed = Options{Credentials: []Credential{{AccessKeyID: "test", SecretAccessKey: "test"},
	{AccessKeyID: "TEMP", SecretAccessKey: "temp-secret", SessionToken: "token", Expires: newClock().at.Add(time.Hour)}}}

// unsigned is a row in which the Authorization header is changed after signing.
func unsigned(id, code, pattern string, change func(authorization string) string) row {
	return row{id: id, opt: signed, test: func(c *client) {
		for _, client := range []*client{c, clientFor(c.t, Options{Deviations: c.handler.(*Emulator).opt.Deviations})} {
			client.lenient = c.lenient
			r := client.request("ListKeys", "{}")
			if v := change(r.Header.Get("Authorization")); v == "" {
				r.Header.Del("Authorization")
			} else {
				r.Header.Set("Authorization", v)
			}
			client.send(r, "ListKeys").fails(code, pattern)
		}
	}}
}

var rowsAU = []row{
	unsigned("AU-01", "MissingAuthenticationTokenException", ".+", func(string) string { return "" }),
	unsigned("AU-02", "IncompleteSignatureException", ".*not a valid key=value pair \\(missing equal-sign\\) in Authorization header: .*", func(string) string {
		return "AWS4-HMAC-SHA256 Credential"
	}),
	{"AU-03", signed, func(c *client) {
		c.call("ListKeys", in{}).ok()
		c.as("NOBODY", "test").call("ListKeys", in{}).fails("UnrecognizedClientException", re("The security token included in the request is invalid."))
	}},
	{"AU-04", signed, func(c *client) {
		c.as("test", "wrong").call("ListKeys", in{}).fails("InvalidSignatureException", re(mismatch))
	}},
	{"AU-05", signed, func(c *client) {
		skewed := *c
		for _, p := range []struct {
			by      time.Duration
			pattern string
		}{
			{-5*time.Minute - time.Second, `Signature expired: 20261123T115459Z is now earlier than 20261123T115500Z \(20261123T120000Z - 5 min\.\)`},
			{5*time.Minute + time.Second, "Signature not yet current: 20261123T120501Z is still later than 20261123T120500Z .*"},
		} {
			skewed.now = func() time.Time { return c.clock.now().Add(p.by) }
			skewed.call("ListKeys", in{}).fails("InvalidSignatureException", p.pattern)
		}
		skewed.now = func() time.Time { return c.clock.now().Add(-5 * time.Minute) }
		skewed.call("ListKeys", in{}).ok()
	}},
	{"AU-06", signed, func(c *client) {
		temp := c.as("TEMP", "temp-secret")
		temp.token = "token"
		temp.call("ListKeys", in{}).ok()
		c.clock.advance(time.Hour)
		temp.call("ListKeys", in{}).fails("ExpiredTokenException", "The security token included in the request is expired")
		temp.token = "other"
		temp.call("ListKeys", in{}).fails("UnrecognizedClientException", ".*")
	}},
	{"AU-07", signed, func(c *client) {
		c.in("mars-north-1").call("ListKeys", in{}).fails("InvalidSignatureException", re("Credential should be scoped to a valid region, not 'mars-north-1'. "))
	}},
	{"AU-08", signed, func(c *client) {
		r := c.request("ListKeys", "{}")
		c.sign(r, "{}", "s3")
		c.send(r, "ListKeys").fails("InvalidSignatureException", re("Credential should be scoped to correct service: 'kms'. "))
	}},
	{"AU-09", signed, func(c *client) {
		r := c.request("ListKeys", `{"Limit":1}`)
		altered := c.request("ListKeys", `{"Limit":2}`)
		altered.Header = r.Header
		c.send(altered, "ListKeys").fails("InvalidSignatureException", re(mismatch))
	}},
	{"AU-10", signed, func(c *client) {
		bad := c.as("test", "wrong")
		bad.call("GenerateMac", in{"MacAlgorithm": "X"}).fails("InvalidSignatureException", ".*")
		bad.call("Nope", "not JSON").fails("InvalidSignatureException", ".*")
	}},
	{"AU-11", withUser(Options{}), func(c *client) {
		c.user().call("GenerateMac", mac(c.hmacKey())).fails("AccessDeniedException", ".*")
	}},
	{"AU-12", withUser(Options{}), func(c *client) { c.tagOf(mac(c.hmacKey())) }},
	simple("AU-13", func(c *client) {
		c.call("ListKeys", "{"+strings.Repeat(" ", maxBody)).failsWith(413, "RequestEntityTooLargeException", "-")
	}),
}
