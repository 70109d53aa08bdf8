package results_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/results"
)

func TestMaskAccounts(t *testing.T) {
	rows := []struct{ name, text, want string }{
		{"nothing", "no account 111122223333", "no account 111122223333"},
		{"key", "arn:aws:kms:eu-west-1:111122223333:key/1", "arn:aws:kms:eu-west-1:************:key/1"},
		{"other partition", "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/1", "arn:aws-us-gov:kms:us-gov-west-1:************:key/1"},
		{"caller, no Region", "User: arn:aws:iam::111122223333:user/u is not", "User: arn:aws:iam::************:user/u is not"},
		{"cut", "arn:aws:kms:eu-west-1:111122223333…", "arn:aws:kms:eu-west-1:************…"},
		{"member", `{"AWSAccountId": "111122223333"}`, `{"AWSAccountId": "************"}`},
		{"JSON in JSON", `"{\"AWSAccountId\":\"111122223333\"}"`, `"{\"AWSAccountId\":\"************\"}"`},
		{"twice", "arn:aws:kms:a-b-1:************:key/1", "arn:aws:kms:a-b-1:************:key/1"},
		{"a key id of digits", "arn:aws:kms:eu-west-1:111122223333:key/444455556666", "arn:aws:kms:eu-west-1:************:key/444455556666"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			if got := results.MaskAccounts(r.text); got != r.want {
				t.Errorf("%s, want %s", got, r.want)
			}
		})
	}
}

// TestWriteMasks: no result file holds an account id, wherever a text got it.
func TestWriteMasks(t *testing.T) {
	const arn = "arn:aws:kms:eu-west-1:111122223333:key/1"
	f := results.File{
		Schema: results.Schema, Tool: results.Tool{Name: "kmsmac"}, RunID: "0123456789ab", Started: time.Unix(1, 0), Args: []string{"--key", arn}, Warnings: []string{"left: " + arn}, Verdict: results.Fail,
		Conformance: &results.Conformance{Left: []string{arn}, Counts: map[results.CaseVerdict]int{results.CaseFail: 1},
			Cases: []results.CaseResult{{Verdict: results.CaseFail, Expected: arn, Observed: `{"AWSAccountId":"111122223333"}`}}},
	}
	var err error
	if f.PlanHash, err = f.Plan.Hash(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := results.Write(dir, &f); err != nil {
		t.Fatal(err)
	}
	got, err := results.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(raw); results.MaskAccounts(text) != text {
		t.Errorf("an account id in %s", text)
	}
}
