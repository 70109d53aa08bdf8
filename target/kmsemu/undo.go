package kmsemu

import (
	"slices"
	"sort"
)

// undo takes a change back, in memory; the write lock is held, and every later
// change has been taken back before.
func (e *Emulator) undo(c change) {
	switch {
	case c.key != nil:
		e.undoKey(c)
	case c.alias != nil:
		c.undoAlias()
	case c.gone:
		c.grant.key.grants.insert(c.grant)
		c.realm.grants.Store(c.grant.id, c.grant)
	default:
		c.grant.key.grants.remove(c.grant)
		c.realm.grants.Delete(c.grant.id)
	}
}

func (e *Emulator) undoKey(c change) {
	k := c.key
	switch {
	case c.gone:
		k.realm.keys.Store(k.id, k)
		k.realm.order = insertBySeq(k.realm.order, k, func(o *key) uint64 { return o.seq })
	case c.oldState == nil:
		k.realm.keys.Delete(k.id)
		k.realm.forget(k)
		return
	}
	k.state.Store(c.oldState)
	e.schedule(k, c.oldState)
}

func (c change) undoAlias() {
	a := c.alias
	if !c.gone {
		c.to.key.dropAlias(a)
	}
	if c.oldTarget == nil {
		c.realm.aliases.Delete(a.name)
		c.realm.aliasOrder = slices.DeleteFunc(c.realm.aliasOrder, func(o *alias) bool { return o == a })
		return
	}
	a.target.Store(c.oldTarget)
	c.oldTarget.key.aliases = append(c.oldTarget.key.aliases, a)
	if c.gone {
		c.realm.aliases.Store(a.name, a)
		c.realm.aliasOrder = insertBySeq(c.realm.aliasOrder, a, func(o *alias) uint64 { return o.seq })
	}
}

// inverse is the change that leads back.
func (c change) inverse() change {
	i := change{realm: c.realm, key: c.key, alias: c.alias, grant: c.grant, state: c.oldState, to: c.oldTarget}
	switch {
	case c.key != nil:
		i.gone = c.oldState == nil
	case c.alias != nil:
		i.gone = c.oldTarget == nil
	default:
		i.gone = !c.gone
	}
	return i
}

// insertBySeq puts v where its number belongs.
func insertBySeq[T any](list []T, v T, seq func(T) uint64) []T {
	i := sort.Search(len(list), func(i int) bool { return seq(list[i]) >= seq(v) })
	return slices.Insert(list, i, v)
}
