package kmsemu

import (
	"slices"
	"strconv"
)

// crossAccount are the operations that a caller may use on a key of another
// account; the others answer as if the key could not be seen (rows TG-13,
// DE-12).
var crossAccount = []string{"DescribeKey", "GenerateMac", "VerifyMac", "Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey",
	"GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext", "Sign", "Verify",
	"GetPublicKey", "DeriveSharedSecret", "CreateGrant", "ListGrants", "RetireGrant", "RevokeGrant", "GetKeyRotationStatus"}

// authorise checks that the caller may do what the call does to k: by key
// policy, identity policy or grant (rows PO-08, PO-10, GR-18, GR-19).
func (c *call) authorise(k *key, s *keyState, alias string) error {
	own := k.realm.account == c.caller.account
	if !own && !slices.Contains(crossAccount, c.op.name) {
		return c.errForeign()
	}
	if c.declaresGrantTokens() {
		if err := c.checkGrantTokens(); err != nil {
			return err
		}
	}
	if own && s.policy.plain && c.caller.identity == nil {
		return nil
	}
	action := "kms:" + c.actionName()
	values := c.conditionValues(k, alias)
	resource := s.policy.rules.decide(action, c.caller, values)
	identity := direct
	if c.caller.identity != nil {
		identity = c.caller.identity.decideIdentity(action, values)
	}
	switch {
	case resource == denied:
		return c.errDenied(k, "with an explicit deny in a resource-based policy")
	case identity == denied:
		return c.errDenied(k, "with an explicit deny in an identity-based policy")
	case own && resource.allows(identity == direct):
		return nil
	case !own && resource != silent && identity == direct: // both sides (row GM-39)
		return nil
	case c.granted(k):
		return nil
	case !own:
		return c.errForeign()
	case resource == delegated:
		return c.errDenied(k, "because no identity-based policy allows the "+action+" action")
	}
	return c.errDenied(k, "because no resource-based policy allows the "+action+" action")
}

// authoriseAccount checks an operation that is on no key.
func (c *call) authoriseAccount() error {
	if c.caller.identity == nil {
		return nil
	}
	action := "kms:" + c.actionName()
	switch c.caller.identity.decideIdentity(action, c.conditionValues(nil, "")) {
	case direct:
		return nil
	case denied:
		return fault("AccessDeniedException", "User: %s is not authorized to perform: %s with an explicit deny in an identity-based policy", c.caller.principal, action)
	}
	return fault("AccessDeniedException", "User: %s is not authorized to perform: %s because no identity-based policy allows the %s action", c.caller.principal, action, action)
}

func (c *call) actionName() string {
	if c.action != "" {
		return c.action
	}
	return c.op.name
}

func (c *call) errDenied(k *key, reason string) *apiError {
	return fault("AccessDeniedException", "User: %s is not authorized to perform: kms:%s on resource: %s %s", c.caller.principal, c.actionName(), k.arn, reason)
}

// declaresGrantTokens reports whether bad grant tokens are an error of the
// operation; DescribeKey takes them and declares none.
func (c *call) declaresGrantTokens() bool {
	return c.op.name != "DescribeKey" && c.in.has("GrantTokens")
}

// granted reports whether a grant lets the caller through: one that has taken
// effect, or whose token the request carries.
func (c *call) granted(k *key) bool {
	var tokens []*grant
	for _, t := range c.in.strings("GrantTokens") {
		tokens = append(tokens, c.grantOf(t))
	}
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	for _, grantee := range []string{c.caller.principal, c.realm.rootARN()} {
		for _, g := range k.grants.byGrantee[grantee] {
			effective := !c.now.Before(g.created.Add(c.e.opt.Consistency)) || slices.Contains(tokens, g)
			if effective && g.permits(c) {
				return true
			}
		}
	}
	return false
}

// permits reports whether the grant's terms cover the call.
func (g *grant) permits(c *call) bool {
	if !slices.Contains(g.operations, c.actionName()) || g.sourceARN != "" {
		return false // no request here comes from a service on behalf of a resource
	}
	context := c.in.context("EncryptionContext")
	for name, v := range g.contextSubset {
		if context[name] != v {
			return false
		}
	}
	if g.contextEquals == nil {
		return true
	}
	for name, v := range g.contextEquals {
		if context[name] != v {
			return false
		}
	}
	return len(context) == len(g.contextEquals)
}

// conditionValues collects the condition keys of the request; k is nil for an
// operation on no key.
func (c *call) conditionValues(k *key, alias string) conditionValues {
	v := conditionValues{
		"aws:principalarn":     {c.caller.principal},
		"aws:principalaccount": {c.caller.account},
		"aws:requestedregion":  {c.realm.region},
		"kms:calleraccount":    {c.caller.account},
	}
	for name, member := range map[string]string{"kms:macalgorithm": "MacAlgorithm", "kms:signingalgorithm": "SigningAlgorithm",
		"kms:encryptionalgorithm": "EncryptionAlgorithm", "kms:keyspec": "KeySpec", "kms:keyusage": "KeyUsage", "kms:keyorigin": "Origin",
		"kms:wrappingalgorithm": "WrappingAlgorithm", "kms:wrappingkeyspec": "WrappingKeySpec", "kms:expirationmodel": "ExpirationModel",
		"kms:granteeprincipal": "GranteePrincipal", "kms:retiringprincipal": "RetiringPrincipal", "kms:replicaregion": "ReplicaRegion",
		"kms:primaryregion": "PrimaryRegion"} {
		if c.in.has(member) {
			v[name] = []string{c.in.str(member)}
		}
	}
	if c.op.name == "CreateKey" {
		v["kms:multiregion"] = []string{strconv.FormatBool(c.in.bool("MultiRegion"))}
		v["kms:bypasspolicylockoutsafetycheck"] = []string{strconv.FormatBool(c.in.bool("BypassPolicyLockoutSafetyCheck"))}
	}
	if ops := c.in.strings("Operations"); len(ops) > 0 {
		v["kms:grantoperations"] = ops
	}
	if alias != "" {
		v["kms:requestalias"] = []string{alias}
	}
	if k != nil {
		c.keyValues(v, k)
	}
	return v
}

func (c *call) keyValues(v conditionValues, k *key) {
	v["kms:keyspec"] = []string{k.spec}
	v["kms:keyusage"] = []string{k.usage}
	v["kms:keyorigin"] = []string{k.origin}
	v["kms:multiregion"] = []string{strconv.FormatBool(k.multiRegion)}
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	for _, a := range k.aliases {
		v["kms:resourcealiases"] = append(v["kms:resourcealiases"], a.name)
	}
}
