package conformance

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// lockOutText is what KMS says to a policy that its caller could not change
// again.
const lockOutText = "The new key policy will not allow you to update the key policy in the future."

type statement = map[string]any

func allow(principal string, actions ...string) statement {
	return statement{"Effect": "Allow", "Principal": map[string]string{"AWS": principal}, "Action": actions, "Resource": "*"}
}

// policy is a key policy with these statements.
func policy(statements ...statement) string {
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		return "" // cannot happen: only strings and lists
	}
	return string(text)
}

// lockOut is a policy under which nobody may change the policy, yet the key
// can still be deleted.
func lockOut(k Key) string {
	return policy(allow(k.Root(), "kms:DescribeKey", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion", "kms:TagResource", "kms:ListResourceTags"))
}

// policyOfSize is a valid, harmless policy of exactly n bytes.
func policyOfSize(k Key, n int) string {
	base := []statement{allow(k.Root(), "kms:*")}
	for len(policy(base...)) < n-500 {
		base = append(base, statement{
			"Sid": fmt.Sprintf("s%0100d", len(base)), "Effect": "Allow", "Principal": map[string]string{"AWS": k.Root()}, "Action": "kms:*", "Resource": "*",
		})
	}
	last := allow(k.Root(), "kms:*")
	last["Sid"] = ""
	short := n - len(policy(append(slices.Clone(base), last)...))
	last["Sid"] = strings.Repeat("s", max(short, 1))
	return policy(append(base, last)...)
}

// sameWords compares two lists of words in any order.
func sameWords(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}
