package kmsemu

import (
	"encoding/base64"
	"maps"
	"slices"
	"sort"
	"time"
)

// grant is a grant. It is never modified after it was made.
type grant struct {
	id      string
	key     *key
	created time.Time
	seq     uint64
	grantTerms
}

// grantTerms are what a grant says; two requests with the same name and terms
// are one grant (row GR-11).
type grantTerms struct {
	name            string
	grantee         string
	granteeService  string
	retiring        string
	retiringService string
	operations      []string
	sourceARN       string
	contextEquals   map[string]string
	contextSubset   map[string]string
}

func (a grantTerms) equal(b grantTerms) bool {
	return a.name == b.name && a.grantee == b.grantee && a.granteeService == b.granteeService &&
		a.retiring == b.retiring && a.retiringService == b.retiringService && slices.Equal(a.operations, b.operations) &&
		a.sourceARN == b.sourceARN && maps.Equal(a.contextEquals, b.contextEquals) && maps.Equal(a.contextSubset, b.contextSubset)
}

// grantSet holds the grants of a key in order of creation. The zero value is
// empty; Emulator.mu guards it.
type grantSet struct {
	order     []*grant
	byName    map[string][]*grant
	byGrantee map[string][]*grant
}

// maxGrants is the number of grants of a key (row GR-20).
const maxGrants = 50_000

func (s *grantSet) all() []*grant { return slices.Clone(s.order) }

// insert adds g where its number belongs.
func (s *grantSet) insert(g *grant) {
	if s.byName == nil {
		s.byName, s.byGrantee = map[string][]*grant{}, map[string][]*grant{}
	}
	seq := func(o *grant) uint64 { return o.seq }
	s.order = insertBySeq(s.order, g, seq)
	s.byGrantee[g.grantee] = insertBySeq(s.byGrantee[g.grantee], g, seq)
	if g.name != "" {
		s.byName[g.name] = insertBySeq(s.byName[g.name], g, seq)
	}
}

// remove takes g out.
func (s *grantSet) remove(g *grant) {
	i := sort.Search(len(s.order), func(i int) bool { return s.order[i].seq >= g.seq })
	s.order = slices.Delete(s.order, i, i+1)
	for m, at := range map[*map[string][]*grant]string{&s.byName: g.name, &s.byGrantee: g.grantee} {
		(*m)[at] = slices.DeleteFunc((*m)[at], func(o *grant) bool { return o == g })
	}
}

func (t *tx) addGrant(g *grant) {
	t.e.seq++
	g.seq = t.e.seq
	g.key.grants.insert(g)
	g.key.realm.grants.Store(g.id, g)
	t.changes = append(t.changes, change{realm: g.key.realm, grant: g})
}

func (t *tx) removeGrant(g *grant) {
	g.key.grants.remove(g)
	g.key.realm.grants.Delete(g.id)
	t.changes = append(t.changes, change{realm: g.key.realm, grant: g, gone: true})
}

// grant returns the grant with an id.
func (r *realm) grant(id string) *grant {
	if g, ok := r.grants.Load(id); ok {
		return g.(*grant)
	}
	return nil
}

// Operations that grants may allow, by key usage (rows GR-04 to GR-06).
var (
	grantAlways     = []string{"DescribeKey", "CreateGrant", "RetireGrant"}
	grantOperations = map[string][]string{
		usageMAC:   {"GenerateMac", "VerifyMac"},
		usageSign:  {"Sign", "Verify", "GetPublicKey"},
		usageAgree: {"DeriveSharedSecret", "GetPublicKey"},
		usageEncrypt: {"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext",
			"GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"},
	}
)

// grantToken is what a grant token says.
type grantToken struct{ GrantID string }

// createGrant is CreateGrant. Inferred: all refusals of terms are
// ValidationException (rows GR-05 to GR-10).
func createGrant(c *call) (reply, error) {
	k, s, err := c.find(c.in.str("KeyId"), keyOnly)
	if err != nil {
		return nil, err
	}
	if err := usableStates.check(k, s.state); err != nil { // rows KS-10 to KS-13
		return nil, err
	}
	terms, err := c.wantedTerms(k)
	if err != nil {
		return nil, err
	}
	if c.dryRun() {
		return nil, errDryRun()
	}
	var g *grant
	err = c.change(k, usableStates, func(t *tx, _ *keyState) (*keyState, error) {
		same := k.grants.byName[terms.name]
		if i := slices.IndexFunc(same, func(o *grant) bool { return o.equal(terms) }); terms.name != "" && i >= 0 && !c.wrong(grantRetryNew) {
			g = same[i]
			return nil, nil
		}
		if len(k.grants.order) >= c.e.grantLimit {
			return nil, fault("LimitExceededException", "")
		}
		g = &grant{id: randomHex(32), key: k, created: c.now, grantTerms: terms}
		t.addGrant(g)
		return nil, nil
	})
	if err != nil {
		return nil, err
	}
	token, err := c.e.sealer.seal("grant", grantToken{g.id})
	if err != nil {
		return nil, err
	}
	return reply{"GrantId": g.id, "GrantToken": base64.StdEncoding.EncodeToString(token)}, nil
}

// wantedTerms checks what the request asks for.
func (c *call) wantedTerms(k *key) (grantTerms, error) {
	g := grantTerms{
		name: c.in.str("Name"), operations: c.in.strings("Operations"),
		grantee: c.in.str("GranteePrincipal"), granteeService: c.in.str("GranteeServicePrincipal"),
		retiring: c.in.str("RetiringPrincipal"), retiringService: c.in.str("RetiringServicePrincipal"),
	}
	if constraints, ok := c.in["Constraints"].(params); ok {
		g.sourceARN = constraints.str("SourceArn") // row GR-08
		g.contextEquals = constraints.context("EncryptionContextEquals")
		g.contextSubset = constraints.context("EncryptionContextSubset")
	}
	if (g.grantee == "") == (g.granteeService == "") { // row GR-10
		return g, errValidation("Exactly one of GranteePrincipal and GranteeServicePrincipal must be specified.")
	}
	if (g.contextEquals != nil || g.contextSubset != nil) && k.spec != symmetricDefault { // row GR-07
		return g, errValidation("Encryption context constraints are only supported for symmetric encryption keys.")
	}
	for _, o := range g.operations {
		if c.wrong(grantNoMAC) && (o == "GenerateMac" || o == "VerifyMac") {
			return g, errValidation("Unknown grant operation " + o)
		}
		if c.wrong(grantAnyOperation) {
			continue
		}
		if !slices.Contains(grantAlways, o) && !slices.Contains(grantOperations[k.usage], o) {
			return g, errValidation("Grant operation " + o + " is not supported for keys of key usage " + k.usage + ".")
		}
	}
	return g, nil
}

// grantOf opens a grant token; nil when it is not genuine or its grant is gone.
func (c *call) grantOf(token string) *grant {
	raw, err := base64.StdEncoding.DecodeString(token)
	var t grantToken
	if err != nil || !c.e.sealer.open("grant", raw, &t) {
		return nil
	}
	return c.realm.grant(t.GrantID)
}

// checkGrantTokens refuses tokens that the emulator did not issue or whose
// grant has ended (inferred: together with authorisation, without a text,
// row GM-32).
func (c *call) checkGrantTokens() error {
	for _, token := range c.in.strings("GrantTokens") {
		if c.grantOf(token) == nil {
			return fault("InvalidGrantTokenException", "")
		}
	}
	return nil
}

// revokeGrant is RevokeGrant. An unknown grant is NotFoundException (inferred,
// row GR-17).
func revokeGrant(c *call) (reply, error) {
	k, _, err := c.find(c.in.str("KeyId"), keyOnly)
	if err != nil {
		return nil, err
	}
	return nil, c.endGrant(k, c.realm.grant(c.in.str("GrantId")))
}

// retireGrant is RetireGrant, by token or by key and grant id.
func retireGrant(c *call) (reply, error) {
	byToken, byID := c.in.has("GrantToken"), c.in.has("KeyId") && c.in.has("GrantId")
	if byToken == (c.in.has("KeyId") || c.in.has("GrantId")) || !byToken && !byID {
		return nil, errValidation("Either a GrantToken or both a KeyId and a GrantId must be specified.")
	}
	if byToken {
		g := c.grantOf(c.in.str("GrantToken"))
		if g == nil {
			return nil, fault("InvalidGrantTokenException", "")
		}
		return nil, c.endGrant(g.key, g)
	}
	k, _, err := c.find(c.in.str("KeyId"), keyOnly)
	if err != nil {
		return nil, err
	}
	return nil, c.endGrant(k, c.realm.grant(c.in.str("GrantId")))
}

func (c *call) endGrant(k *key, g *grant) error {
	missing := fault("NotFoundException", "Grant %s does not exist", c.in.str("GrantId"))
	if g == nil || g.key != k {
		return missing
	}
	if c.dryRun() { // row GR-22
		return errDryRun()
	}
	return c.commit(func(t *tx) error {
		if g.key.realm.grant(g.id) != g { // ended meanwhile
			return missing
		}
		t.removeGrant(g)
		return nil
	})
}

// listGrants is ListGrants. A Limit above the documented maximum of 100 is
// clipped (inferred, row LI-05).
func listGrants(c *call) (reply, error) {
	k, _, err := c.find(c.in.str("KeyId"), keyOnly)
	if err != nil {
		return nil, err
	}
	c.e.mu.Lock()
	grants := k.grants.all()
	c.e.mu.Unlock()
	return c.grantPage(grants, func(g *grant) bool {
		return (!c.in.has("GrantId") || g.id == c.in.str("GrantId")) &&
			(!c.in.has("GranteePrincipal") || g.grantee == c.in.str("GranteePrincipal")) &&
			(!c.in.has("GranteeServicePrincipal") || g.granteeService == c.in.str("GranteeServicePrincipal"))
	})
}

// listRetirableGrants is ListRetirableGrants.
func listRetirableGrants(c *call) (reply, error) {
	if err := c.authoriseAccount(); err != nil {
		return nil, err
	}
	principal, service := c.in.str("RetiringPrincipal"), c.in.str("RetiringServicePrincipal")
	if (principal == "") == (service == "") {
		return nil, errValidation("Exactly one of RetiringPrincipal and RetiringServicePrincipal must be specified.")
	}
	var grants []*grant
	c.realm.grants.Range(func(_, v any) bool {
		grants = append(grants, v.(*grant))
		return true
	})
	sort.Slice(grants, func(i, j int) bool { return grants[i].seq < grants[j].seq })
	return c.grantPage(grants, func(g *grant) bool { return g.retiring == principal && g.retiringService == service })
}

func (c *call) grantPage(grants []*grant, wanted func(*grant) bool) (reply, error) {
	after, err := c.marker()
	if err != nil {
		return nil, err
	}
	limit := min(c.in.number("Limit", 50), 100)
	items := []reply{}
	var last uint64
	for _, g := range grants {
		if g.seq <= after || !wanted(g) {
			continue
		}
		if len(items) == limit {
			return page(items, "Grants", last), nil
		}
		items = append(items, g.entry())
		last = g.seq
	}
	return page(items, "Grants", noItem), nil
}

// entry is a GrantListEntry: KeyId is the key ARN, Name "" when unnamed
// (row GR-13).
func (g *grant) entry() reply {
	r := reply{
		"KeyId":          g.key.arn,
		"GrantId":        g.id,
		"Name":           g.name,
		"CreationDate":   epoch(g.created),
		"IssuingAccount": g.key.realm.rootARN(),
		"Operations":     g.operations,
	}
	for name, v := range map[string]string{"GranteePrincipal": g.grantee, "GranteeServicePrincipal": g.granteeService,
		"RetiringPrincipal": g.retiring, "RetiringServicePrincipal": g.retiringService} {
		if v != "" {
			r[name] = v
		}
	}
	constraints := reply{}
	if g.sourceARN != "" {
		constraints["SourceArn"] = g.sourceARN
	}
	if g.contextEquals != nil {
		constraints["EncryptionContextEquals"] = g.contextEquals
	}
	if g.contextSubset != nil {
		constraints["EncryptionContextSubset"] = g.contextSubset
	}
	if len(constraints) > 0 {
		r["Constraints"] = constraints
	}
	return r
}
