package awskms

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/google/go-cmp/cmp"

	"github.com/kmsmac/kmsmac/target"
)

// withoutHMAC are operations on things that have no HMAC keys: custom key
// stores and key encapsulation.
var withoutHMAC = []string{
	"ConnectCustomKeyStore", "CreateCustomKeyStore", "DeleteCustomKeyStore", "DescribeCustomKeyStores",
	"DisconnectCustomKeyStore", "UpdateCustomKeyStore", "Decapsulate", "Encapsulate",
}

// A method of the SDK's client is an operation if its input is an Input.
func TestEveryOperationIsBound(t *testing.T) {
	var have []string
	typ := reflect.TypeFor[*kms.Client]()
	for i := range typ.NumMethod() {
		m := typ.Method(i)
		if m.Type.NumIn() == 4 && m.Type.In(2).String() == "*kms."+m.Name+"Input" {
			have = append(have, m.Name)
		}
	}
	want := append(Operations(), withoutHMAC...)
	slices.Sort(want)
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("operations (-ours +the SDK's):\n%s", diff)
	}
}

// A name in the table that belongs to another method would send the wrong
// operation.
func TestEveryOperationSendsItself(t *testing.T) {
	var last received
	c := openOn(t, recorder(&last, answer{200, nil, ""}))
	for _, name := range Operations() {
		x, err := c.Call(t.Context(), name, requiredMembers(name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := last.header.Get("X-Amz-Target"); got != "TrentService."+name || x.Operation != name {
			t.Errorf("%s was sent as %s", name, got)
		}
	}
}

// requiredMembers fills every member of an input with something.
func requiredMembers(name string) map[string]any {
	in, _ := reflect.TypeFor[*kms.Client]().MethodByName(name)
	typ := in.Type.In(2).Elem()
	members := map[string]any{}
	for i := range typ.NumField() {
		if f := typ.Field(i); f.IsExported() {
			members[f.Name] = sample(f.Type)
		}
	}
	return members
}

func sample(typ reflect.Type) any {
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch {
	case typ == timeType:
		return time.Unix(1_700_000_000, 500_000_000)
	case typ == bytesType:
		return []byte{1, 2, 3}
	case typ.Kind() == reflect.String:
		return "text"
	case typ.Kind() == reflect.Bool:
		return true
	case typ.Kind() == reflect.Int32:
		return 7
	case typ.Kind() == reflect.Slice && typ.Elem().Kind() == reflect.String:
		return []string{"text"}
	case typ.Kind() == reflect.Map:
		return map[string]any{"k": "v"}
	case typ.Kind() == reflect.Slice:
		return []map[string]any{sample(typ.Elem()).(map[string]any)}
	}
	members := map[string]any{}
	for i := range typ.NumField() {
		if f := typ.Field(i); f.IsExported() {
			members[f.Name] = sample(f.Type)
		}
	}
	return members
}

func TestCallBodies(t *testing.T) {
	tests := []struct {
		operation string
		params    map[string]any
		want      string
	}{
		{"CreateKey", map[string]any{
			"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC", "MultiRegion": true, "Policy": nil,
			"Tags": []map[string]any{{"TagKey": "a", "TagValue": "b"}, {"TagKey": "c", "TagValue": ""}},
		}, `{"KeySpec":"HMAC_256","KeyUsage":"GENERATE_VERIFY_MAC","MultiRegion":true,"Tags":[{"TagKey":"a","TagValue":"b"},{"TagKey":"c","TagValue":""}]}`},
		{"CreateKey", map[string]any{"Tags": []any{map[string]any{"TagKey": "a", "TagValue": "b"}}},
			`{"Tags":[{"TagKey":"a","TagValue":"b"}]}`},
		{"CreateKey", nil, `{}`},
		{"GenerateMac", map[string]any{"KeyId": "", "MacAlgorithm": "X", "Message": []byte{}},
			`{"KeyId":"","MacAlgorithm":"X","Message":""}`},
		{"ImportKeyMaterial", map[string]any{
			"KeyId": "k", "ImportToken": []byte{255}, "EncryptedKeyMaterial": []byte{254},
			"ValidTo": time.Unix(1_669_973_196, 214_000_000).UTC(), "ExpirationModel": "KEY_MATERIAL_EXPIRES",
		}, `{"EncryptedKeyMaterial":"/g==","ExpirationModel":"KEY_MATERIAL_EXPIRES","ImportToken":"/w==","KeyId":"k","ValidTo":1669973196.214}`},
		{"CreateGrant", map[string]any{
			"KeyId": "k", "GranteePrincipal": "p", "Operations": []string{"GenerateMac", "VerifyMac"},
			"Constraints": map[string]any{"EncryptionContextSubset": map[string]string{"a": "b"}},
		}, `{"Constraints":{"EncryptionContextSubset":{"a":"b"}},"GranteePrincipal":"p","KeyId":"k","Operations":["GenerateMac","VerifyMac"]}`},
		{"Encrypt", map[string]any{"KeyId": "k", "Plaintext": []byte("p"), "EncryptionContext": map[string]any{"a": "b"}},
			`{"EncryptionContext":{"a":"b"},"KeyId":"k","Plaintext":"cA=="}`},
		{"ListKeys", map[string]any{"Limit": 1000}, `{"Limit":1000}`},
		{"ListKeys", map[string]any{"Limit": float64(3), "Marker": "m"}, `{"Limit":3,"Marker":"m"}`},
	}
	for _, tt := range tests {
		t.Run(tt.operation, func(t *testing.T) {
			var last received
			c := openOn(t, recorder(&last, answer{200, map[string]string{"X-Amzn-Requestid": "id-1"}, `{}`}))
			x, err := c.Call(t.Context(), tt.operation, tt.params)
			if err != nil || x.Err != nil {
				t.Fatalf("Call: %v, %v", err, x.Err)
			}
			if string(last.body) != tt.want || string(x.RequestBody) != tt.want {
				t.Errorf("body sent %s, kept %s, want %s", last.body, x.RequestBody, tt.want)
			}
			checkExchange(t, x, last)
		})
	}
}

// checkExchange holds what was kept against what the server saw.
func checkExchange(t *testing.T, x target.Exchange, seen received) {
	t.Helper()
	for name, values := range seen.header {
		if !slices.Equal(x.RequestHeader.Values(name), values) {
			t.Errorf("header %s: kept %q, sent %q", name, x.RequestHeader.Values(name), values)
		}
	}
	for name := range x.RequestHeader {
		_, sent := seen.header[name]
		if !sent && name != "Host" && name != "Transfer-Encoding" && !(name == "Content-Length" && seen.length == 0) {
			t.Errorf("header %s was kept but not sent", name)
		}
	}
	if x.RequestHeader.Get("Host") != seen.host || x.Method != seen.method || !strings.HasSuffix(x.URL, seen.path) {
		t.Errorf("kept %s %s for host %s, sent %s %s to %s",
			x.Method, x.URL, x.RequestHeader.Get("Host"), seen.method, seen.path, seen.host)
	}
	if x.Region != "us-east-1" || x.Attempts != 1 || x.Proto != "HTTP/1.1" || x.Verified {
		t.Errorf("exchange = %+v", x)
	}
	if x.Sent.IsZero() || x.Done.Before(x.Sent) {
		t.Errorf("sent %v, done %v", x.Sent, x.Done)
	}
}

func TestCallKeepsTheAnswer(t *testing.T) {
	const body = `{"Zeta":1,  "Mac":"AAAA"}`
	c := openOn(t, answer{200, map[string]string{"X-Amzn-Requestid": "id-1"}, body})
	x, err := c.Call(t.Context(), "GenerateMac", map[string]any{"KeyId": "k", "MacAlgorithm": "HMAC_SHA_256", "Message": []byte("m")})
	if err != nil || x.Err != nil || x.Status != 200 || string(x.ResponseBody) != body || x.ResponseHeader.Get("X-Amzn-Requestid") != "id-1" {
		t.Errorf("exchange = %+v, err %v", x, err)
	}
	c = openOn(t, answer{400, nil, coded("DisabledException")})
	x, err = c.Call(t.Context(), "GenerateMac", map[string]any{"KeyId": "k", "MacAlgorithm": "HMAC_SHA_256", "Message": []byte("m")})
	if err != nil || x.Err == nil || x.Err.Kind != target.Disabled || x.Status != 400 || string(x.ResponseBody) != coded("DisabledException") {
		t.Errorf("exchange = %+v, err %v", x, err)
	}
	c = openOn(t, answer{200, nil, `{"Mac":"_-=="}`})
	x, err = c.Call(t.Context(), "GenerateMac", map[string]any{"KeyId": "k", "MacAlgorithm": "HMAC_SHA_256", "Message": []byte("m")})
	if target.KindOf(err) != target.NotKMS || x.Status != 200 || string(x.ResponseBody) != `{"Mac":"_-=="}` {
		t.Errorf("unreadable answer: exchange = %+v, err %v", x, err)
	}
}

func TestCallOnUserSettings(t *testing.T) {
	var last received
	c := open(t, Options{Endpoint: serve(t, recorder(&last, answer{200, nil, `{}`})), UserSettings: true})
	x, err := c.Call(t.Context(), "ListKeys", map[string]any{"Limit": 3})
	if err != nil || string(x.RequestBody) != `{"Limit":3}` || string(x.ResponseBody) != `{}` || string(last.body) != `{"Limit":3}` {
		t.Errorf("exchange = %+v, err %v", x, err)
	}
}

func TestCallIsNotSent(t *testing.T) {
	tests := []struct {
		name, operation string
		params          map[string]any
	}{
		{"unknown operation", "NopeNope", nil},
		{"no operation", "", nil},
		{"custom key store", "CreateCustomKeyStore", nil},
		{"unknown member", "ListKeys", map[string]any{"Nope": 1}},
		{"other case", "DescribeKey", map[string]any{"keyId": "k"}},
		{"unexported", "DescribeKey", map[string]any{"noSmithyDocumentSerde": 1}},
		{"required missing (SD-02)", "GenerateMac", map[string]any{"KeyId": "k"}},
		{"string for int", "ListKeys", map[string]any{"Limit": "3"}},
		{"fraction for int", "ListKeys", map[string]any{"Limit": 2.5}},
		{"int too long", "ListKeys", map[string]any{"Limit": 1 << 40}},
		{"int for string", "DescribeKey", map[string]any{"KeyId": 3}},
		{"int for bool", "GenerateMac", map[string]any{"DryRun": 1}},
		{"string for blob", "GenerateMac", map[string]any{"Message": "m"}},
		{"blob for list", "GenerateMac", map[string]any{"GrantTokens": []byte("m")}},
		{"null in list", "GenerateMac", map[string]any{"GrantTokens": []any{nil}}},
		{"string for time", "ImportKeyMaterial", map[string]any{"ValidTo": "2026"}},
		{"list for structure", "CreateGrant", map[string]any{"Constraints": []string{"a"}}},
		{"unknown member inside", "CreateKey", map[string]any{"Tags": []map[string]any{{"Key": "a"}}}},
		{"int in map", "Encrypt", map[string]any{"EncryptionContext": map[string]any{"a": 1}}},
	}
	c := openOn(t, answer{200, nil, `{}`})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.Call(t.Context(), tt.operation, tt.params)
			if target.KindOf(err) != target.NotSent || strings.Contains(err.Error(), "\n") {
				t.Errorf("err = %v, want kind not_sent on one line", err)
			}
		})
	}
	if n := c.Counters().Attempts; n != 0 {
		t.Errorf("%d attempts, want none", n)
	}
}

func TestHasMember(t *testing.T) {
	for body, want := range map[string]bool{
		`{"MacValid":false}`: true, `{"MacValid":null}`: false, `{"macvalid":false}`: false, `{}`: false, ``: false, `[]`: false,
	} {
		if got := hasMember([]byte(body), "MacValid"); got != want {
			t.Errorf("hasMember(%s) = %v, want %v", body, got, want)
		}
	}
}

func TestAdmin(t *testing.T) {
	const metadata = `{"KeyMetadata":{"KeyId":"k1","Arn":"arn:1","KeySpec":"HMAC_256","KeyUsage":"GENERATE_VERIFY_MAC","Origin":"EXTERNAL",` +
		`"KeyState":"PendingDeletion","Enabled":false,"Description":"d","CreationDate":1.5E9,"DeletionDate":1600000000.25,"MacAlgorithms":["HMAC_SHA_256"]}}`
	want := target.KeyMetadata{
		KeyID: "k1", ARN: "arn:1", KeySpec: "HMAC_256", KeyUsage: target.KeyUsageMAC, Origin: target.OriginExternal,
		State: target.StatePendingDeletion, Description: "d", Created: time.Unix(1_500_000_000, 0).UTC(),
		DeletionDate: time.Unix(1_600_000_000, 250_000_000).UTC(), MacAlgorithms: []string{"HMAC_SHA_256"},
	}
	tests := []struct {
		name, body string
		do         func(*Client) (any, error)
		want       any
		sent       string
	}{
		{"create", metadata, func(c *Client) (any, error) {
			return c.CreateKey(t.Context(), target.CreateKeyRequest{KeySpec: "HMAC_256"})
		}, want, `{"KeySpec":"HMAC_256","KeyUsage":"GENERATE_VERIFY_MAC"}`},
		{"create all", metadata, func(c *Client) (any, error) {
			return c.CreateKey(t.Context(), target.CreateKeyRequest{KeySpec: "HMAC_512", Origin: target.OriginExternal,
				Description: "d", MultiRegion: true, Tags: []target.ResourceTag{{Key: "a", Value: "b"}}})
		}, want, `{"Description":"d","KeySpec":"HMAC_512","KeyUsage":"GENERATE_VERIFY_MAC","MultiRegion":true,"Origin":"EXTERNAL","Tags":[{"TagKey":"a","TagValue":"b"}]}`},
		{"describe", metadata, func(c *Client) (any, error) { return c.DescribeKey(t.Context(), "k") }, want, `{"KeyId":"k"}`},
		{"list", `{"Keys":[{"KeyId":"a","KeyArn":"b"}],"NextMarker":"n","Truncated":true}`,
			func(c *Client) (any, error) { return c.ListKeys(t.Context(), "m", 1) },
			target.KeyPage{Keys: []target.KeyRef{{KeyID: "a", ARN: "b"}}, Next: "n", Truncated: true}, `{"Limit":1,"Marker":"m"}`},
		{"list the last", `{"Keys":[],"Truncated":false}`,
			func(c *Client) (any, error) { return c.ListKeys(t.Context(), "", 0) }, target.KeyPage{Keys: []target.KeyRef{}}, `{}`},
		{"schedule", `{"DeletionDate":1600000000.25}`,
			func(c *Client) (any, error) { return c.ScheduleKeyDeletion(t.Context(), "k", 7) },
			want.DeletionDate, `{"KeyId":"k","PendingWindowInDays":7}`},
		{"enable", ``, func(c *Client) (any, error) { return nil, c.EnableKey(t.Context(), "k") }, nil, `{"KeyId":"k"}`},
		{"disable", ``, func(c *Client) (any, error) { return nil, c.DisableKey(t.Context(), "k") }, nil, `{"KeyId":"k"}`},
		{"cancel", `{}`, func(c *Client) (any, error) { return nil, c.CancelKeyDeletion(t.Context(), "k") }, nil, `{"KeyId":"k"}`},
		{"alias", ``, func(c *Client) (any, error) { return nil, c.CreateAlias(t.Context(), "alias/a", "k") }, nil, `{"AliasName":"alias/a","TargetKeyId":"k"}`},
		{"no alias", ``, func(c *Client) (any, error) { return nil, c.DeleteAlias(t.Context(), "alias/a") }, nil, `{"AliasName":"alias/a"}`},
		{"tag", ``, func(c *Client) (any, error) {
			return nil, c.TagResource(t.Context(), "k", []target.ResourceTag{{Key: "a", Value: "b"}})
		}, nil, `{"KeyId":"k","Tags":[{"TagKey":"a","TagValue":"b"}]}`},
		{"tag nothing", ``, func(c *Client) (any, error) { return nil, c.TagResource(t.Context(), "k", nil) }, nil, `{"KeyId":"k","Tags":[]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var last received
			got, err := tt.do(openOn(t, recorder(&last, answer{200, nil, tt.body})))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if string(last.body) != tt.sent {
				t.Errorf("sent %s, want %s", last.body, tt.sent)
			}
		})
	}
}

func TestAdminSuccessThatIsNone(t *testing.T) {
	c := openOn(t, answer{200, nil, `{"Truncated":true}`})
	_, created := c.CreateKey(t.Context(), target.CreateKeyRequest{KeySpec: "HMAC_256"})
	_, described := c.DescribeKey(t.Context(), "k")
	_, listed := c.ListKeys(t.Context(), "", 0)
	_, aliases := c.ListAliases(t.Context(), "")
	_, tags := c.ListResourceTags(t.Context(), "k")
	_, scheduled := c.ScheduleKeyDeletion(t.Context(), "k", 7)
	for name, err := range map[string]error{
		"create": created, "describe": described, "keys": listed, "aliases": aliases, "tags": tags, "schedule": scheduled,
		"import": c.ImportKey(t.Context(), "k", make([]byte, 32)),
	} {
		if target.KindOf(err) != target.NotKMS {
			t.Errorf("%s: %v, want kind not_kms", name, err)
		}
	}
}

func TestListsFollowPages(t *testing.T) {
	pages := func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Marker string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		body := map[string]string{
			"":  `{"Truncated":true,"NextMarker":"b","Aliases":[{"AliasName":"alias/1"}],"Tags":[{"TagKey":"1"}]}`,
			"b": `{"Truncated":true,"NextMarker":"c","Aliases":[],"Tags":[]}`,
			"c": `{"Truncated":false,"NextMarker":"z","Aliases":[{"AliasName":"alias/2","AliasArn":"arn","TargetKeyId":"k"}],"Tags":[{"TagKey":"2","TagValue":"v"}]}`,
		}[in.Marker]
		answer{200, nil, body}.ServeHTTP(w, r)
	}
	c := openOn(t, http.HandlerFunc(pages))
	aliases, err := c.ListAliases(t.Context(), "k")
	if diff := cmp.Diff([]target.Alias{{Name: "alias/1"}, {Name: "alias/2", ARN: "arn", TargetKeyID: "k"}}, aliases); err != nil || diff != "" {
		t.Errorf("ListAliases: %v\n%s", err, diff)
	}
	tags, err := c.ListResourceTags(t.Context(), "k")
	if diff := cmp.Diff([]target.ResourceTag{{Key: "1"}, {Key: "2", Value: "v"}}, tags); err != nil || diff != "" {
		t.Errorf("ListResourceTags: %v\n%s", err, diff)
	}
	// A page that leads to itself must not page for ever.
	c = openOn(t, answer{200, nil, `{"Truncated":true,"NextMarker":"b"}`})
	if _, err := c.ListAliases(t.Context(), ""); target.KindOf(err) != target.NotKMS {
		t.Errorf("endless pages: %v, want kind not_kms", err)
	}
}
