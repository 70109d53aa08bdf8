package conformance_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// rewording is a target that gives one operation's answers in other words.
type rewording struct {
	target.Target
	operation string
	edit      func(status int, body string) (int, string)
}

func (r *rewording) Call(ctx context.Context, operation string, params map[string]any) (target.Exchange, error) {
	ex, err := r.Target.(target.Caller).Call(ctx, operation, params)
	if operation == r.operation {
		status, body := r.edit(ex.Status, string(ex.ResponseBody))
		ex.Status, ex.ResponseBody = status, []byte(body)
	}
	return ex, err
}

func (r *rewording) Send(ctx context.Context, req target.RawRequest) (target.Exchange, error) {
	return r.Target.(target.RawSender).Send(ctx, req)
}

func (r *rewording) InRegion(region string) (target.Target, error) {
	away, err := r.Target.(target.Regional).InRegion(region)
	return &rewording{away, r.operation, r.edit}, err
}

// confused finds keys by their id in every Region, and has replicas, which it
// finds by their ARN only, of other key material.
type confused struct {
	target.Target
	home string
}

func (c *confused) Call(ctx context.Context, operation string, params map[string]any) (target.Exchange, error) {
	if id, _ := params["KeyId"].(string); operation == "VerifyMac" && c.Info().Region != c.home && strings.HasPrefix(id, "arn:") {
		return target.Exchange{Operation: operation, Status: 400, ResponseBody: []byte(`{"__type":"KMSInvalidMacException"}`)}, nil
	}
	return c.Target.(target.Caller).Call(ctx, operation, params)
}

func (c *confused) InRegion(region string) (target.Target, error) {
	away, err := c.Target.(target.Regional).InRegion(region)
	return &confused{away, c.home}, err
}

// TestOneFault: a fault fails the row about it, and no row that only needs
// what it spoils on the way.
func TestOneFault(t *testing.T) {
	with := func(deviation string) func(*testing.T) target.Target {
		return func(t *testing.T) target.Target {
			return serve(t, kmsemu.Options{ReplicaDelay: replicaDelay, Deviations: []string{deviation}})
		}
	}
	says := func(operation string, edit func(status int, body string) (int, string)) func(*testing.T) target.Target {
		return func(t *testing.T) target.Target {
			return &rewording{serve(t, kmsemu.Options{ReplicaDelay: replicaDelay}), operation, edit}
		}
	}
	replace := func(old, new string) func(int, string) (int, string) {
		return func(status int, body string) (int, string) { return status, strings.ReplaceAll(body, old, new) }
	}
	unknown := func(reason string) func(int, string) (int, string) {
		return func(int, string) (int, string) {
			return 500, `{"__type":"InternalError","message":"exception while calling kms with unknown operation: ` + reason + `"}`
		}
	}
	noUse := func(status int, body string) (int, string) {
		return status, regexp.MustCompile(`,?"KeyLastUsage":\{[^}]*\}`).ReplaceAllString(body, "")
	}
	broken := func(int, string) (int, string) { return 500, `{"__type":"InternalError","message":"division by zero"}` }
	name := `,"Name":""`
	rows := []struct {
		name   string
		target func(*testing.T) target.Target
		want   map[string]results.CaseVerdict
	}{
		{"grants without MACs", with("grant-without-mac-operations"), map[string]results.CaseVerdict{
			"GR-04": results.CaseFail, "GR-03": results.CasePass, "GR-10": results.CasePass, "GR-11": results.CasePass, "KS-12": results.CasePass,
			"LI-05": results.CasePass, "GR-08": results.CaseInconclusive, "GR-19": results.CaseInconclusive}},
		{"enabled before the import", with("external-key-enabled"), map[string]results.CaseVerdict{
			"CK-39": results.CaseFail, "DK-16": results.CasePass}},
		{"no state of a primary's own", says("DescribeKey", replace("PendingReplicaDeletion", "PendingDeletion")), map[string]results.CaseVerdict{
			"MR-17": results.CaseInconclusive}},
		{"the code that is documented", says("CreateGrant", replace("ValidationException", "ValidationError")), map[string]results.CaseVerdict{
			"GR-05": results.CasePass, "GR-06": results.CasePass, "GR-10": results.CasePass}},
		{"another code", says("CreateGrant", replace("ValidationException", "KMSInternalException")), map[string]results.CaseVerdict{
			"GR-05": results.CaseFail, "GR-06": results.CaseFail, "GR-10": results.CaseFail}},
		{"an error with a text", says("EnableKeyRotation", replace(`Exception"`, `Exception","message":"not for HMAC keys"`)), map[string]results.CaseVerdict{
			"RO-03": results.CaseWarn}},
		{"no such operation", says("GetKeyLastUsage", unknown("An unknown error occurred when trying to parse the request.")), map[string]results.CaseVerdict{
			"ID-10": results.CaseNotApplicable, "OB-04": results.CaseNotApplicable, "OB-05": results.CaseNotApplicable}},
		{"a request that is not read", says("GetKeyLastUsage", unknown("HTTP body could not be parsed as JSON.")), map[string]results.CaseVerdict{
			"ID-10": results.CaseInconclusive, "OB-04": results.CaseFail, "OB-05": results.CaseFail}},
		{"a member of another type", says("GetKeyLastUsage", unknown("Invalid type when parsing KeyId")), map[string]results.CaseVerdict{
			"ID-10": results.CaseInconclusive, "OB-04": results.CaseFail, "OB-05": results.CaseFail}},
		{"an operation that breaks", says("GetKeyLastUsage", broken), map[string]results.CaseVerdict{
			"ID-10": results.CaseInconclusive, "OB-04": results.CaseFail, "OB-05": results.CaseFail}},
		{"no use is told", says("GetKeyLastUsage", noUse), map[string]results.CaseVerdict{
			"OB-04": results.CaseFail, "OB-05": results.CasePass, "OB-06": results.CaseInconclusive}},
		{"imports without a key id", says("ImportKeyMaterial", func(status int, _ string) (int, string) { return status, "{}" }), map[string]results.CaseVerdict{
			"IM-12": results.CasePass, "IM-19": results.CasePass, "IM-23": results.CaseFail, "IM-25": results.CasePass}},
		{"imports are never refused", says("ImportKeyMaterial", func(int, string) (int, string) { return 200, "{}" }), map[string]results.CaseVerdict{
			"IM-18": results.CaseFail, "IM-19": results.CaseInconclusive}},
		{"the code of alias names", says("CreateAlias", replace("ValidationException", "InvalidAliasNameException")), map[string]results.CaseVerdict{
			"AL-02": results.CaseFail, "AL-04": results.CasePass, "AL-05": results.CasePass}},
		{"another code of alias names", says("CreateAlias", replace("ValidationException", "NotFoundException")), map[string]results.CaseVerdict{
			"AL-04": results.CaseFail, "AL-05": results.CaseFail}},
		{"replicas with other tags", func(t *testing.T) target.Target {
			emulator := serve(t, kmsemu.Options{ReplicaDelay: replicaDelay})
			return &confused{emulator, emulator.Info().Region}
		}, map[string]results.CaseVerdict{"MR-12": results.CaseFail, "MR-13": results.CasePass}},
		{"unnamed grants without a name", says("ListGrants", replace(name, "")), map[string]results.CaseVerdict{"GR-13": results.CasePass}},
		{"unnamed grants named null", says("ListGrants", replace(name, `,"Name":null`)), map[string]results.CaseVerdict{"GR-13": results.CasePass}},
		{"unnamed grants with a name", says("ListGrants", replace(name, `,"Name":"x"`)), map[string]results.CaseVerdict{"GR-13": results.CaseFail}},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			tgt := r.target(t)
			for id, want := range r.want {
				if got := verdictOf(t, tgt, id); got != want {
					t.Errorf("%s: %s, want %s", id, got, want)
				}
			}
		})
	}
}
