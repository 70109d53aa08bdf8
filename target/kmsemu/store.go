package kmsemu

import (
	"container/heap"
	"crypto/rsa"
	"time"
)

// store keeps what was acknowledged. The emulator's memory is the truth while
// it runs; a store is what is left after it.
type store interface {
	// append takes the changes of one operation, in order. It must not block:
	// the emulator's write lock is held. The function it returns waits until
	// the changes are durable; the reply is sent only after it returned nil.
	// When it fails, the changes have been undone. Lazy changes may wait for
	// the next that are not lazy: they happen again by themselves.
	append(changes []change, lazy bool) (wait func() error)
	// mark is taken before anything is read that settle is asked about.
	mark() uint64
	// settle waits until everything that was appended is durable. It fails when
	// something that may have been read since mark was undone.
	settle(mark uint64) error
	// keepWrapping makes a wrapping key durable.
	keepWrapping(spec string, slot int, key *rsa.PrivateKey) error
	// close makes everything durable and releases the store.
	close() error
}

// change is one changed object. Exactly one of the pointers is set; gone
// means that the object was removed. What the pointers lead to is never
// modified after the change was made, so a store may encode it later.
type change struct {
	realm *realm
	key   *key
	state *keyState // with key: its new state
	alias *alias
	to    *aliasTarget // with alias: its new target
	grant *grant
	gone  bool

	// What was there before; nil when nothing was.
	oldState  *keyState
	oldTarget *aliasTarget
}

// tx collects the changes of one operation while the write lock is held. A
// function that has made a change through it must not fail any more.
type tx struct {
	e       *Emulator
	now     time.Time
	changes []change
}

// change runs f with the write lock held and returns when what f changed is
// durable. Every change that is acknowledged goes through here.
func (e *Emulator) change(now time.Time, f func(*tx) error) error {
	e.mu.Lock()
	t := tx{e: e, now: now}
	err := f(&t)
	wait := e.commit(&t, false)
	e.mu.Unlock()
	if lost := wait(); lost != nil { // even a refusal may rest on what was not durable
		return lost
	}
	return err
}

// commit hands the changes of t to the store; the write lock is held. A
// transaction that changed nothing waits for what it saw.
func (e *Emulator) commit(t *tx, lazy bool) (wait func() error) {
	switch {
	case e.store == nil:
		return func() error { return nil }
	case len(t.changes) == 0:
		mark := e.store.mark()
		return func() error { return e.store.settle(mark) }
	}
	return e.store.append(t.changes, lazy)
}

// putKey publishes a state of k. s must not be modified afterwards.
func (t *tx) putKey(k *key, s *keyState) {
	old := k.latest()
	k.publish(s, t.now, t.e.opt.Consistency)
	t.e.schedule(k, s)
	t.changes = append(t.changes, change{realm: k.realm, key: k, state: s, oldState: old})
}

// addKey makes a new key visible.
func (t *tx) addKey(k *key, s *keyState) {
	t.e.seq++
	k.seq = t.e.seq
	t.putKey(k, s)
	k.realm.keys.Store(k.id, k)
	k.realm.order = append(k.realm.order, k)
}

// removeKey deletes a key with its aliases and grants (row DE-11).
func (t *tx) removeKey(k *key) {
	for _, a := range k.aliasList() {
		t.removeAlias(a)
	}
	for _, g := range k.grants.all() {
		t.removeGrant(g)
	}
	k.realm.keys.Delete(k.id)
	k.realm.forget(k)
	t.changes = append(t.changes, change{realm: k.realm, key: k, gone: true, oldState: k.latest()})
}

// event is something that happens to a key at a time, without a request:
// deletion, expiry, the end of Creating and Updating.
type event struct {
	at  time.Time
	key *key
}

// schedule remembers when the state of k changes by itself.
func (e *Emulator) schedule(k *key, s *keyState) {
	at := s.nextEvent()
	if at.IsZero() {
		return
	}
	heap.Push(&e.events, event{at, k})
	e.nextEvent.Store(e.events[0].at.UnixNano())
}

// advance lets everything happen that is due. It costs one atomic load when
// nothing is.
func (e *Emulator) advance(now time.Time) {
	if next := e.nextEvent.Load(); next == 0 || now.UnixNano() < next {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for len(e.events) > 0 && !e.events[0].at.After(now) {
		ev := heap.Pop(&e.events).(event)
		s := ev.key.latest()
		if !s.nextEvent().Equal(ev.at) || !ev.key.alive() {
			continue // overtaken by a later change
		}
		t := tx{e: e, now: ev.at}
		t.elapse(ev.key, s)
		e.commit(&t, true) // if lost, it happens again
	}
	e.nextEvent.Store(0)
	if len(e.events) > 0 {
		e.nextEvent.Store(e.events[0].at.UnixNano())
	}
}

// eventQueue is a heap by time.
type eventQueue []event

func (q eventQueue) Len() int           { return len(q) }
func (q eventQueue) Less(i, j int) bool { return q[i].at.Before(q[j].at) }
func (q eventQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push implements heap.Interface.
func (q *eventQueue) Push(x any) { *q = append(*q, x.(event)) }

// Pop implements heap.Interface.
func (q *eventQueue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
