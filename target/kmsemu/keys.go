package kmsemu

import (
	"math"
	"slices"
	"sort"
	"strings"
)

// createKey is CreateKey. Inferred: both names of the spec together are
// refused whatever their values (row CK-26); a custom key store origin with an
// HMAC spec is UnsupportedOperationException (row CK-40).
func createKey(c *call) (reply, error) {
	if err := c.authoriseAccount(); err != nil {
		return nil, err
	}
	k, s, err := c.newKey()
	if err != nil {
		return nil, err
	}
	k.makeMaterial(s)
	err = c.commit(func(t *tx) error {
		if len(c.realm.order) >= c.e.opt.MaxKeys { // row CK-45
			return fault("LimitExceededException", "The maximum number of customer master keys has been reached.")
		}
		t.addKey(k, s)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return reply{"KeyMetadata": k.metadata(s)}, nil
}

// newKey checks the request and returns the key that it asks for.
func (c *call) newKey() (*key, *keyState, error) {
	spec, usage, err := c.wantedSpec()
	if err != nil {
		return nil, nil, err
	}
	origin, err := c.wantedOrigin(spec)
	if err != nil {
		return nil, nil, err
	}
	tags, err := c.newTags(nil, c.in.list("Tags"))
	if err != nil {
		return nil, nil, err
	}
	policy, err := c.wantedPolicy(c.realm)
	if err != nil {
		return nil, nil, err
	}
	if _, ok := specs[spec]; !ok {
		return nil, nil, fault("UnsupportedOperationException", "This emulator does not make keys of key spec %s.", spec)
	}
	k := &key{realm: c.realm, id: newUUID(), spec: spec, usage: usage, origin: origin,
		multiRegion: c.in.bool("MultiRegion"), created: c.now}
	s := &keyState{state: enabled, description: c.in.str("Description"), policy: policy, tags: tags}
	if origin == originExternal && !c.wrong(externalEnabled) {
		s.state = pendingImport
	}
	if k.multiRegion { // row MR-01
		k.id = "mrk-" + randomHex(16)
		s.multi = &multiRegion{primary: c.realm.region}
	}
	k.arn = c.realm.keyARN(k.id)
	return k, s, nil
}

// wantedSpec returns the spec and usage of the request (rows CK-15 to CK-26).
func (c *call) wantedSpec() (spec, usage string, err error) {
	spec, old := c.in.str("KeySpec"), c.in.str("CustomerMasterKeySpec")
	switch {
	case spec != "" && old != "":
		return "", "", errValidation("You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.")
	case old != "":
		spec = old
	case spec == "":
		spec = symmetricDefault
	}
	usage = c.in.str("KeyUsage")
	if usage == "" {
		if spec != symmetricDefault && !c.wrong(keyUsageDefaulted) {
			return "", "", errValidation("You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.")
		}
		usage = usageEncrypt
		if strings.HasPrefix(spec, "HMAC_") {
			usage = usageMAC
		}
	}
	if c.wrong(encryptWithHMAC) && usage == usageEncrypt && strings.HasPrefix(spec, "HMAC_") {
		usage = usageMAC
	}
	if !compatible(spec, usage) {
		return "", "", errValidation("KeyUsage " + usage + " is not compatible with KeySpec " + spec)
	}
	return spec, usage, nil
}

// wantedOrigin returns the origin. There are no custom key stores, so none is
// ever found (row WI-07 shows that body).
func (c *call) wantedOrigin(spec string) (string, error) {
	origin := c.in.str("Origin")
	switch origin {
	case "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE":
		if spec != symmetricDefault || c.in.bool("MultiRegion") { // rows CK-40, MR-19
			return "", fault("UnsupportedOperationException", "Origin %s is not supported for this key.", origin)
		}
		return "", fault("CustomKeyStoreNotFoundException", "")
	}
	if c.in.has("CustomKeyStoreId") {
		return "", fault("CustomKeyStoreNotFoundException", "")
	}
	if origin == "" {
		return originAWS, nil
	}
	return origin, nil
}

// metadata is KeyMetadata: exactly the members that KMS sends (rows CK-01,
// CK-02, DK-16 to DK-19).
func (k *key) metadata(s *keyState) reply {
	m := reply{
		"AWSAccountId":          k.realm.account,
		"Arn":                   k.arn,
		"CreationDate":          epoch(k.created),
		"CustomerMasterKeySpec": k.spec,
		"Description":           s.description,
		"Enabled":               s.state == enabled,
		"KeyId":                 k.id,
		"KeyManager":            "CUSTOMER",
		"KeySpec":               k.spec,
		"KeyState":              s.state,
		"KeyUsage":              k.usage,
		"MultiRegion":           k.multiRegion,
		"Origin":                k.origin,
	}
	name, list := k.algorithms()
	m[name] = list
	if !s.deletionDate.IsZero() {
		m["DeletionDate"] = epoch(s.deletionDate)
	}
	if s.state == pendingReplicaDeletion { // row MR-17
		m["PendingDeletionWindowInDays"] = s.window
	}
	if s.imported != nil && s.material != nil {
		m["ExpirationModel"] = s.imported.model
		if !s.imported.validTo.IsZero() {
			m["ValidTo"] = epoch(s.imported.validTo)
		}
	}
	if id := s.materialID(k); id != "" {
		m["CurrentKeyMaterialId"] = id
	}
	if s.multi != nil {
		m["MultiRegionConfiguration"] = k.multiConfiguration(s.multi)
	}
	return m
}

// describeKey is DescribeKey. Grant tokens are not looked at: the operation
// declares no error for them.
func describeKey(c *call) (reply, error) {
	k, s, err := c.find(c.in.str("KeyId"), keyOrAlias)
	if err != nil {
		return nil, err
	}
	return reply{"KeyMetadata": k.metadata(s)}, nil
}

// listKeys is ListKeys: all keys of the account and Region, those pending
// deletion too (row LI-02), in order of creation (AWS promises none).
func listKeys(c *call) (reply, error) {
	if err := c.authoriseAccount(); err != nil {
		return nil, err
	}
	after, err := c.marker()
	if err != nil {
		return nil, err
	}
	if owners := c.in.strings("ResourceOwners"); len(owners) > 0 && !slices.Contains(owners, "SELF") {
		return page([]reply{}, "Keys", noItem), nil
	}
	limit := c.in.number("Limit", 100)
	if c.wrong(listNotPaged) {
		limit, after = math.MaxInt, noItem
	}
	c.e.mu.Lock()
	order := c.realm.order
	start := sort.Search(len(order), func(i int) bool { return order[i].seq > after })
	order = order[start:]
	var last uint64
	items := make([]reply, 0, min(limit, len(order)))
	more := false
	for _, k := range order {
		if len(items) == limit {
			more = true
			break
		}
		if s := k.at(c.now); s == nil || c.wrong(listHidesPending) && s.state == pendingDeletion {
			continue
		}
		items = append(items, reply{"KeyId": k.id, "KeyArn": k.arn})
		last = k.seq
	}
	c.e.mu.Unlock()
	if !more {
		last = noItem
	}
	return page(items, "Keys", last), nil
}

// makeMaterial gives an AWS_KMS key its random secret. Key pairs are made
// later.
func (k *key) makeMaterial(s *keyState) {
	if k.origin != originAWS {
		return
	}
	m := &material{id: randomHex(32)}
	if n := specs[k.spec].size; n > 0 {
		m.secret = randomSecret(n)
	} else {
		m.pair = &keyPair{spec: k.spec}
	}
	s.material = m
}
