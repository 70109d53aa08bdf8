package kmsemu

import (
	"slices"
	"sort"
	"time"
)

// grant is a grant. It is never modified after it was made.
type grant struct {
	id         string
	key        *key
	name       string
	grantee    string // principal or service principal
	retiring   string
	operations []string
	created    time.Time
	seq        uint64
}

// grantSet holds the grants of a key in order of creation. The zero value is
// empty; Emulator.mu guards it.
type grantSet struct {
	byID  map[string]*grant
	order []*grant
}

func (s *grantSet) all() []*grant { return slices.Clone(s.order) }

func (t *tx) removeGrant(g *grant) {
	set := &g.key.grants
	delete(set.byID, g.id)
	i := sort.Search(len(set.order), func(i int) bool { return set.order[i].seq >= g.seq })
	set.order = slices.Delete(set.order, i, i+1)
	t.changes = append(t.changes, change{realm: g.key.realm, grant: g, gone: true})
}
