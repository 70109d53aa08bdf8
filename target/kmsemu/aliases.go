package kmsemu

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"sync/atomic"
	"time"
)

// alias is a name for a key. Its target can change.
type alias struct {
	realm   *realm
	name    string // begins with "alias/"
	created time.Time
	seq     uint64
	target  atomic.Pointer[aliasTarget]
}

// aliasTarget is never modified after publication.
type aliasTarget struct {
	key       *key
	updated   time.Time
	previous  *aliasTarget // seen before visibleAt
	visibleAt time.Time
}

// maxAliases is the number of aliases of a key (row AL-09).
const maxAliases = 50

// at returns the key that a reader finds behind the alias (row AL-17).
func (a *alias) at(now time.Time) *key {
	t := a.target.Load()
	for t != nil && !t.visibleAt.IsZero() && now.Before(t.visibleAt) {
		t = t.previous
	}
	if t == nil {
		return nil
	}
	return t.key
}

func (a *alias) arn() string { return a.realm.arn(a.name) }

// putAlias points a to k; a new alias gets a number.
func (t *tx) putAlias(a *alias, k *key) {
	n := &aliasTarget{key: k, updated: t.now}
	old := a.target.Load()
	if d := t.e.opt.Consistency; d > 0 {
		n.previous, n.visibleAt = old, t.now.Add(d)
		if old != nil && !t.now.Before(old.visibleAt) {
			o := *old
			o.previous = nil
			n.previous = &o
		}
	}
	a.target.Store(n)
	if old == nil {
		t.e.seq++
		a.seq = t.e.seq
		a.realm.aliases.Store(a.name, a)
		a.realm.aliasOrder = append(a.realm.aliasOrder, a)
	} else {
		old.key.dropAlias(a)
	}
	k.aliases = append(k.aliases, a)
	t.changes = append(t.changes, change{realm: a.realm, alias: a, to: n, oldTarget: old})
}

func (t *tx) removeAlias(a *alias) {
	a.realm.aliases.Delete(a.name)
	i := sort.Search(len(a.realm.aliasOrder), func(i int) bool { return a.realm.aliasOrder[i].seq >= a.seq })
	a.realm.aliasOrder = slices.Delete(a.realm.aliasOrder, i, i+1)
	a.target.Load().key.dropAlias(a)
	t.changes = append(t.changes, change{realm: a.realm, alias: a, gone: true, oldTarget: a.target.Load()})
}

func (k *key) dropAlias(a *alias) {
	k.aliases = slices.DeleteFunc(k.aliases, func(o *alias) bool { return o == a })
}

// aliasName checks the name of a new alias. A name under alias/aws/ is
// NotAuthorizedException without a text (inferred, row AL-03); ":" is refused,
// as the API page says (inferred, row AL-04).
func (c *call) aliasName(name string) error {
	rest, ok := strings.CutPrefix(name, "alias/")
	switch {
	case !ok && c.wrong(aliasPrefix):
		return nil
	case !ok || rest == "": // row AL-02
		return errValidation(`Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html`)
	case strings.HasPrefix(rest, "aws/") && !c.wrong(aliasAWS):
		return fault("NotAuthorizedException", "")
	case strings.Contains(rest, ":"):
		return errValidation(name + " contains invalid characters for an alias")
	}
	return nil
}

// aliasTargetKey finds the key for an alias (rows AL-07, AL-08).
func (c *call) aliasTargetKey() (*key, error) {
	id := c.in.str("TargetKeyId")
	if strings.HasPrefix(id, "alias/") || strings.Contains(id, ":alias/") {
		return nil, errValidation("Aliases must refer to keys. Not aliases")
	}
	k, _, err := c.find(id, keyOnly)
	if err == nil && k.realm != c.realm {
		return nil, c.errForeign()
	}
	return k, err
}

// createAlias is CreateAlias: allowed for keys in every state but those on
// their way out (row KS-09).
func createAlias(c *call) (reply, error) {
	name := c.in.str("AliasName")
	if err := c.aliasName(name); err != nil {
		return nil, err
	}
	k, err := c.aliasTargetKey()
	if err != nil {
		return nil, err
	}
	return nil, c.change(k, notPending, func(t *tx, _ *keyState) (*keyState, error) {
		if a := c.realm.alias(name); a != nil { // row AL-06
			if c.wrong(aliasOverwrite) {
				t.putAlias(a, k)
				return nil, nil
			}
			return nil, fault("AlreadyExistsException", "An alias with the name %s already exists", a.arn())
		}
		if len(k.aliases) >= maxAliases {
			return nil, fault("LimitExceededException", "")
		}
		t.putAlias(&alias{realm: c.realm, name: name, created: c.now}, k)
		return nil, nil
	})
}

// updateAlias is UpdateAlias. A target of another type or usage is
// ValidationException (inferred, row AL-13).
func updateAlias(c *call) (reply, error) {
	name := c.in.str("AliasName")
	if err := c.aliasName(name); err != nil {
		return nil, err
	}
	k, err := c.aliasTargetKey()
	if err != nil {
		return nil, err
	}
	return nil, c.change(k, notPending, func(t *tx, _ *keyState) (*keyState, error) {
		a := c.realm.alias(name)
		if a == nil { // row AL-14
			return nil, c.errNoAlias(c.realm, name)
		}
		old := a.target.Load().key
		if old == k {
			return nil, nil
		}
		if !c.wrong(aliasAnyTarget) && (old.usage != k.usage || (old.spec == symmetricDefault) != (k.spec == symmetricDefault)) {
			return nil, errValidation("The current and new KMS keys of an alias must have the same type and key usage.")
		}
		if len(k.aliases) >= maxAliases {
			return nil, fault("LimitExceededException", "")
		}
		t.putAlias(a, k)
		return nil, nil
	})
}

// deleteAlias is DeleteAlias; the key is not touched, whatever its state
// (rows AL-15, KS-14).
func deleteAlias(c *call) (reply, error) {
	if err := c.authoriseAccount(); err != nil {
		return nil, err
	}
	name := c.in.str("AliasName")
	if err := c.aliasName(name); err != nil {
		return nil, err
	}
	return nil, c.commit(func(t *tx) error {
		a := c.realm.alias(name)
		if a == nil { // row AL-16
			return c.errNoAlias(c.realm, name)
		}
		t.removeAlias(a)
		return nil
	})
}

// listAliases is ListAliases, those of AWS services first when no key is named
// (row LI-12). A Limit above the documented maximum of 100 is clipped
// (inferred, row LI-05).
func listAliases(c *call) (reply, error) {
	if err := c.authoriseAccount(); err != nil {
		return nil, err
	}
	after, err := c.marker()
	if err != nil {
		return nil, err
	}
	var k *key
	if c.in.has("KeyId") {
		if k, _, err = c.find(c.in.str("KeyId"), keyOnly); err != nil {
			return nil, err
		}
	}
	limit := min(c.in.number("Limit", 50), 100)
	var items []reply
	var last uint64
	if k == nil {
		for i := int(min(after, uint64(len(serviceAliases)))); i < len(serviceAliases); i++ {
			if len(items) == limit {
				return page(items, "Aliases", last), nil
			}
			name := "alias/aws/" + serviceAliases[i]
			items = append(items, reply{"AliasName": name, "AliasArn": c.realm.arn(name)})
			last = uint64(i + 1)
		}
	}
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	list := c.realm.aliasOrder
	if k != nil {
		list = k.aliasList()
	}
	start := sort.Search(len(list), func(i int) bool { return list[i].seq > after })
	for _, a := range list[start:] {
		if len(items) == limit {
			return page(items, "Aliases", last), nil
		}
		items = append(items, a.entry())
		last = a.seq
	}
	return page(items, "Aliases", noItem), nil
}

// serviceAliases are names under alias/aws/ that every account has. Their keys
// are made by AWS services on first use, so here they have no target, and no
// operation finds them. They are numbered from 1; firstSeq leaves room.
var serviceAliases = []string{"acm", "backup", "codecommit", "connect", "dynamodb", "ebs", "elasticfilesystem", "es",
	"fsx", "glue", "kinesis", "lambda", "lightsail", "rds", "redshift", "s3", "secretsmanager", "sns", "sqs", "ssm", "workspaces", "xray"}

// firstSeq is above the numbers of the serviceAliases.
const firstSeq = 1000

// aliasList returns the aliases of k in order of creation.
func (k *key) aliasList() []*alias {
	list := slices.Clone(k.aliases)
	slices.SortFunc(list, func(a, b *alias) int { return cmp.Compare(a.seq, b.seq) })
	return list
}

func (a *alias) entry() reply {
	t := a.target.Load()
	return reply{
		"AliasName":       a.name,
		"AliasArn":        a.arn(),
		"TargetKeyId":     t.key.id,
		"CreationDate":    epoch(a.created),
		"LastUpdatedDate": epoch(t.updated),
	}
}
