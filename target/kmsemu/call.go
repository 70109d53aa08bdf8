package kmsemu

import (
	"strings"
	"time"
)

// call is one request on its way through an operation.
type call struct {
	e         *Emulator
	op        *operation
	action    string // what the caller must be allowed to do: the operation, or a part of it
	in        params
	realm     *realm
	caller    caller
	now       time.Time
	requestID string
	settled   bool // what the answer rests on is durable
}

// caller is who signed the request.
type caller struct {
	account   string
	principal string // ARN
	identity  policy // identity policy; nil allows everything
}

// idForms says which forms of a key identifier an operation takes.
type idForms bool

const (
	keyOnly    idForms = false // key id and key ARN (row ID-09)
	keyOrAlias idForms = true  // alias name and alias ARN too (row ID-01)
)

// isKeyID reports whether id has the form of a key id: a UUID, or mrk- and 32
// lower-case hexadecimal digits.
func isKeyID(id string) bool {
	if len(id) != 36 {
		return false
	}
	mrk := id[:4] == "mrk-"
	for i := range len(id) {
		c := id[i]
		switch {
		case mrk && i < 4, !mrk && (i == 8 || i == 13 || i == 18 || i == 23) && c == '-':
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', !mrk && c >= 'A' && c <= 'F':
			if !mrk && (i == 8 || i == 13 || i == 18 || i == 23) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// find resolves a key identifier and checks that the caller may do what the
// call does to the key: steps 4 and 5 of the order of checks.
func (c *call) find(id string, forms idForms) (*key, *keyState, error) {
	k, s, alias, err := c.resolve(id, forms)
	if err != nil {
		return nil, nil, err
	}
	if err := c.authorise(k, s, alias); err != nil {
		return nil, nil, err
	}
	return k, s, nil
}

// resolve finds the key and its state, and the alias it was named by, if any.
// Inferred: an upper-case UUID is well formed but names no key, and a
// malformed ARN gives "Invalid arn" (rows ID-07, ID-08).
func (c *call) resolve(id string, forms idForms) (k *key, s *keyState, alias string, err error) {
	if c.wrong(aliasInKeyOnly) {
		forms = keyOrAlias
	}
	if c.wrong(aliasNotForMAC) && (c.op.name == "GenerateMac" || c.op.name == "VerifyMac") {
		forms = keyOnly
	}
	switch {
	case strings.HasPrefix(id, "arn:"):
		return c.findARN(id, forms)
	case strings.HasPrefix(id, "alias/") && forms == keyOrAlias:
		k, s, err = c.findAlias(c.realm, id)
		return k, s, id, err
	}
	k, s, err = c.findID(c.realm, id)
	return k, s, "", err
}

func (c *call) findID(r *realm, id string) (*key, *keyState, error) {
	if !isKeyID(id) && !c.wrong(anyIDNotFound) {
		return nil, nil, c.errInvalidKeyID(id)
	}
	k := r.key(id)
	if k == nil && c.wrong(keysInEveryRegion) {
		k = c.e.keyAnywhere(r.account, id)
	}
	if k == nil {
		return nil, nil, c.errNoKey(r, id)
	}
	s := k.at(c.now)
	if s == nil {
		return nil, nil, c.errNoKey(r, id)
	}
	return k, s, nil
}

func (c *call) findAlias(r *realm, name string) (*key, *keyState, error) {
	a := r.alias(name)
	if a == nil {
		return nil, nil, c.errNoAlias(r, name)
	}
	k := a.at(c.now)
	if k == nil {
		return nil, nil, c.errNoAlias(r, name)
	}
	s := k.at(c.now)
	if s == nil {
		return nil, nil, c.errNoAlias(r, name)
	}
	return k, s, nil
}

// findARN resolves arn:partition:kms:region:account:resource. A key of an
// account that the emulator does not have is not told from one that the
// caller may not use (row ID-06).
func (c *call) findARN(arn string, forms idForms) (k *key, s *keyState, alias string, err error) {
	part := strings.SplitN(arn, ":", 6)
	if len(part) < 6 || part[2] != "kms" {
		return nil, nil, "", errInvalidARN(arn)
	}
	if part[1] != c.realm.partition {
		return nil, nil, "", errInvalidARN(part[1])
	}
	if part[3] != c.realm.region && !c.wrong(keysInEveryRegion) {
		return nil, nil, "", errInvalidARN(part[3])
	}
	r := c.e.realms[realmID{part[4], part[3]}]
	if r == nil {
		return nil, nil, "", c.errForeign()
	}
	k, s, alias, err = c.findResource(r, arn, part[5], forms)
	if err != nil && r != c.realm {
		err = c.errForeign()
	}
	return k, s, alias, err
}

func (c *call) findResource(r *realm, arn, resource string, forms idForms) (k *key, s *keyState, alias string, err error) {
	if id, ok := strings.CutPrefix(resource, "key/"); ok {
		if strings.HasPrefix(id, "alias/") {
			return nil, nil, "", fault("NotFoundException", "Invalid keyId %s", id) // row ID-03: unquoted
		}
		k, s, err = c.findID(r, id)
		return k, s, "", err
	}
	if !strings.HasPrefix(resource, "alias/") {
		return nil, nil, "", errInvalidARN(arn)
	}
	if forms == keyOnly {
		return nil, nil, "", c.errInvalidKeyID(arn)
	}
	k, s, err = c.findAlias(r, resource)
	return k, s, resource, err
}

// keyAnywhere finds a key in any Region; only under a deviation.
func (e *Emulator) keyAnywhere(account, id string) *key {
	for _, region := range e.opt.Regions {
		if k := e.realms[realmID{account, region}].key(id); k != nil {
			return k
		}
	}
	return nil
}

func (c *call) errInvalidKeyID(id string) *apiError {
	if c.wrong(unquotedKeyID) {
		return fault("NotFoundException", "Invalid keyId %s", id)
	}
	return errInvalidKeyID(id)
}

func (c *call) errNoKey(r *realm, id string) *apiError {
	if c.wrong(bareIDNotFound) {
		return errNoKey(id)
	}
	return errNoKey(r.keyARN(id))
}

func (c *call) errNoAlias(r *realm, name string) *apiError {
	if c.wrong(aliasBareARN) {
		return errNoAlias(name)
	}
	return errNoAlias(r.arn(name))
}

// errForeign is the answer for a resource of another account (row ID-06).
func (c *call) errForeign() *apiError {
	return fault("AccessDeniedException", "User: %s is not authorized to perform: kms:%s on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access",
		c.caller.principal, c.op.name)
}

// states is a set of key states.
type states []string

// Where operations are allowed (rows KS-01 to KS-31). What is not in the set
// gives the error of the state.
var (
	usableStates  = states{enabled, updating}
	switchable    = states{enabled, disabled}
	notPending    = states{enabled, disabled, creating, updating, pendingImport}
	deletable     = states{enabled, disabled, creating, pendingImport}
	importable    = states{enabled, disabled, updating, pendingImport}
	everyState    = states{enabled, disabled, creating, updating, pendingImport, pendingDeletion, pendingReplicaDeletion}
	materialDrops = states{enabled, disabled, pendingImport, pendingDeletion, pendingReplicaDeletion}
)

// check returns the error of state when it is not in the set. A key that is
// pending deletion says so even if it was disabled before (row KS-34).
func (ok states) check(k *key, state string) error {
	for _, s := range ok {
		if s == state {
			return nil
		}
	}
	switch state {
	case enabled:
		return errState(k.arn, "enabled")
	case disabled:
		return errDisabled(k.arn)
	case pendingDeletion:
		return errState(k.arn, "pending deletion")
	case pendingReplicaDeletion:
		return errState(k.arn, "pending replica deletion")
	case pendingImport:
		return errState(k.arn, "pending import")
	}
	return errState(k.arn, strings.ToLower(state)) // creating, updating
}

// commit is Emulator.change for a call.
func (c *call) commit(f func(*tx) error) error {
	err := c.e.change(c.now, f)
	c.settled = true
	return err
}

// change runs f on the newest state of k with the write lock held, after the
// state was checked against allowed. f returns the state to publish, which it
// may change; a nil state publishes nothing.
func (c *call) change(k *key, allowed states, f func(t *tx, s *keyState) (*keyState, error)) error {
	return c.commit(func(t *tx) error {
		if !k.alive() {
			return errNoKey(k.arn)
		}
		s := k.latest()
		if err := allowed.check(k, s.state); err != nil {
			return err
		}
		n, err := f(t, s.copy())
		if err != nil || n == nil {
			return err
		}
		t.putKey(k, n)
		return nil
	})
}
