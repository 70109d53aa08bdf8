package kmsemu

import (
	"fmt"
	"strings"
)

// maxPolicy is the documented size of a key policy in bytes (row CK-33).
const maxPolicy = 32768

// keyPolicy is a key policy. It is never modified.
type keyPolicy struct {
	text  string
	rules policy
	plain bool // the default policy: the account has all rights
}

// defaultPolicy gives the account all rights (row CK-29).
func (r *realm) defaultPolicy() *keyPolicy {
	text := fmt.Sprintf(`{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:%s:iam::%s:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`, r.partition, r.account)
	p, err := newKeyPolicy(text)
	if err != nil {
		panic(err) // the text above is valid
	}
	p.plain = true
	return p
}

func newKeyPolicy(text string) (*keyPolicy, error) {
	rules, err := parsePolicy(text)
	if err != nil {
		return nil, errMalformedPolicy("%s", err)
	}
	return &keyPolicy{text: text, rules: rules}, nil
}

// wantedPolicy returns the policy of a request for a key in r, laid out as
// KMS does (row PO-02). Inferred: a policy over 32,768 bytes is
// LimitExceededException (row CK-33).
func (c *call) wantedPolicy(r *realm) (*keyPolicy, error) {
	if !c.in.has("Policy") {
		return r.policy, nil
	}
	text := c.in.str("Policy")
	if len(text) > maxPolicy {
		return nil, fault("LimitExceededException", "")
	}
	p, err := newKeyPolicy(text)
	if err != nil { // row PO-07
		return nil, err
	}
	p.text = layOut(text)
	if err := c.e.knownPrincipals(p.rules); err != nil {
		return nil, err
	}
	if !c.in.bool("BypassPolicyLockoutSafetyCheck") && !c.wrong(lockoutIgnored) && !p.rules.decide("kms:PutKeyPolicy", c.caller, nil).allows(c.caller.identity == nil) {
		return nil, errMalformedPolicy("The new key policy will not allow you to update the key policy in the future.") // row CK-30
	}
	return p, nil
}

// knownPrincipals refuses users and roles of the emulator's own accounts that
// no credential belongs to (row CK-32). Without credentials everybody exists.
func (e *Emulator) knownPrincipals(rules policy) error {
	if len(e.credentials) == 0 {
		return nil
	}
	for _, s := range rules {
		for _, p := range s.principals {
			part := strings.SplitN(p, ":", 6)
			if len(part) < 6 || part[2] != "iam" || part[5] == "root" || !e.hasAccount(part[4]) {
				continue
			}
			if !e.hasPrincipal(p) {
				return errMalformedPolicy("Policy contains a statement with one or more invalid principals.")
			}
		}
	}
	return nil
}

func errMalformedPolicy(format string, args ...any) *apiError {
	return fault("MalformedPolicyDocumentException", format, args...)
}

// getKeyPolicy is GetKeyPolicy; the only policy there is has the name default
// (rows PO-03, PO-04).
func getKeyPolicy(c *call) (reply, error) {
	_, s, err := c.find(c.in.str("KeyId"), keyOnly)
	if err != nil {
		return nil, err
	}
	if err := c.policyName(); err != nil {
		return nil, err
	}
	return reply{"Policy": s.policy.text, "PolicyName": "default"}, nil
}

func (c *call) policyName() error {
	if c.in.has("PolicyName") && c.in.str("PolicyName") != "default" {
		return fault("NotFoundException", "No such policy exists")
	}
	return nil
}

// putKeyPolicy is PutKeyPolicy, in every state of the key (row KS-14).
func putKeyPolicy(c *call) (reply, error) {
	k, _, err := c.find(c.in.str("KeyId"), keyOnly)
	if err != nil {
		return nil, err
	}
	if err := c.policyName(); err != nil {
		return nil, err
	}
	p, err := c.wantedPolicy(k.realm)
	if err != nil {
		return nil, err
	}
	return nil, c.change(k, everyState, func(_ *tx, s *keyState) (*keyState, error) {
		s.policy = p
		return s, nil
	})
}

// listKeyPolicies is ListKeyPolicies (row PO-01).
func listKeyPolicies(c *call) (reply, error) {
	if _, _, err := c.find(c.in.str("KeyId"), keyOnly); err != nil {
		return nil, err
	}
	if after, err := c.marker(); err != nil || after > 0 {
		return page([]string{}, "PolicyNames", noItem), err
	}
	return page([]string{"default"}, "PolicyNames", noItem), nil
}
