package awsfacts

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// docs/aws.md is held to the figures and names of this package.
func awsDoc(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../docs/aws.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestDocPolicies(t *testing.T) {
	// Operations that draw on buckets this package does not hold, and the two
	// actions that make up ReEncrypt.
	known := []string{"Sign", "Verify", "DeriveSharedSecret", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"}
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(awsDoc(t), -1)
	if len(blocks) != 5 {
		t.Fatalf("%d policies, want 5", len(blocks))
	}
	for i, block := range blocks {
		var policy struct {
			Version   string
			Statement []struct {
				Sid, Effect      string
				Action, Resource any
				Condition        map[string]map[string]any
			}
		}
		dec := json.NewDecoder(strings.NewReader(block[1]))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&policy); err != nil {
			t.Errorf("policy %d: %v", i, err)
			continue
		}
		for _, s := range policy.Statement {
			for _, action := range oneOrMany(t, s.Action) {
				name, isKMS := strings.CutPrefix(action, "kms:")
				_, _, ok := Limit("", name)
				if action == "iam:CreateServiceLinkedRole" {
					if s.Condition["StringEquals"]["iam:AWSServiceName"] != "mrk.kms.amazonaws.com" {
						t.Errorf("policy %d, %s: any service-linked role can be made", i, s.Sid)
					}
					continue
				}
				if !isKMS || !ok && !slices.Contains(known, name) {
					t.Errorf("policy %d, %s: unknown action %q", i, s.Sid, action)
				}
				if name == "ScheduleKeyDeletion" && s.Effect == "Allow" && s.Condition["StringLike"]["aws:ResourceTag/kmsmac:run"] != "*" {
					t.Errorf("policy %d, %s: deletion of keys without the tag of a run is allowed", i, s.Sid)
				}
				if name == "CreateKey" && s.Condition["StringLike"]["aws:RequestTag/kmsmac:run"] != "*" {
					t.Errorf("policy %d, %s: creation of keys without the tag of a run is allowed", i, s.Sid)
				}
			}
			for _, arn := range oneOrMany(t, s.Resource) {
				if p := strings.Split(arn, ":"); arn != "*" && (len(p) != 6 || !IsRegion(p[3]) || Partition(p[3]) != p[1]) {
					t.Errorf("policy %d, %s: resource %q", i, s.Sid, arn)
				}
			}
		}
	}
}

func TestDocCosts(t *testing.T) {
	rows := regexp.MustCompile(`(?m)^\| ([\d,]+) \| (\d+) \| (\d+) \| (\$[\d.]+) \|$`).FindAllStringSubmatch(awsDoc(t), -1)
	if len(rows) != 8 {
		t.Fatalf("%d rows of costs, want 8", len(rows))
	}
	for _, r := range rows {
		n := func(s string) int {
			v, err := strconv.Atoi(strings.ReplaceAll(s, ",", ""))
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		got := fmt.Sprint(Cost(int64(n(r[1])), n(r[2]), time.Duration(n(r[3]))*time.Hour))
		if got != r[4] {
			t.Errorf("%s requests, %s keys, %s hours: the document says %s, Cost %s", r[1], r[2], r[3], r[4], got)
		}
	}
}

func oneOrMany(t *testing.T, v any) []string {
	t.Helper()
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		all := make([]string, len(v))
		for i, e := range v {
			all[i], _ = e.(string)
		}
		return all
	}
	t.Fatalf("%v is neither a text nor a list", v)
	return nil
}
