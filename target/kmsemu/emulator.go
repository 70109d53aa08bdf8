package kmsemu

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kmsmac/kmsmac/target/awsfacts"
)

// Emulator is a KMS. It is an http.Handler; make it with New. All methods may
// be called concurrently.
type Emulator struct {
	opt     Options
	account string
	realms  map[realmID]*realm // never changes
	dev     [deviationCount]bool
	edits   []func(*call, *response) // of the deviations that are on
	sealer  *sealer

	grantLimit int // maxGrants; tests lower it

	credentials map[string]*knownCredential // by access key id; never changes
	signingKeys signingKeys
	store       store // nil: memory only

	quotas   *quotas  // nil: none
	latency  *Latency // nil: none
	faults   *Faults  // nil: none
	servers  servers  // nil: no limit
	queue    atomic.Int64
	requests atomic.Uint64
	started  time.Time
	count    counters

	mu        sync.Mutex // every change
	seq       uint64
	events    eventQueue
	nextEvent atomic.Int64 // Unix nanoseconds of events[0]; 0 for none
}

// New returns an emulator. It fails when an option is out of range or names
// something unknown.
func New(opt Options) (*Emulator, error) {
	if err := opt.complete(); err != nil {
		return nil, err
	}
	e := &Emulator{opt: opt, account: opt.AccountID, realms: map[realmID]*realm{}, seq: firstSeq, grantLimit: maxGrants, count: newCounters()}
	if err := e.deviate(opt.Deviations); err != nil {
		return nil, err
	}
	if err := e.burden(opt); err != nil {
		return nil, err
	}
	if err := e.addCredentials(opt.Credentials); err != nil {
		return nil, err
	}
	for _, region := range opt.Regions {
		e.addRealm(opt.AccountID, region)
		for _, cred := range e.credentials {
			e.addRealm(cred.AccountID, region)
		}
	}
	if err := e.restore(); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// restore opens the data directory, if there is one, and makes the keys that
// the options ask for.
func (e *Emulator) restore() (err error) {
	tokens := randomSecret(32)
	if e.opt.Data != "" {
		s, err := openStore(e, e.opt.Data, e.opt.DataKey)
		if err != nil {
			return &DataError{e.opt.Data, err}
		}
		e.store, tokens = s, s.records.tokens
		if err := s.load(); err != nil {
			return &DataError{e.opt.Data, err}
		}
	}
	if e.sealer, err = newSealer(tokens); err != nil {
		return err
	}
	return e.plant(e.opt.SeedKeys)
}

func (e *Emulator) addRealm(account, region string) {
	id := realmID{account, region}
	if e.realms[id] != nil {
		return
	}
	r := &realm{account: account, region: region, partition: awsfacts.Partition(region)}
	r.root = "arn:" + r.partition + ":iam::" + account + ":root"
	for _, o := range e.realms { // one parsed default policy for each account and partition
		if o.account == account && o.partition == r.partition {
			r.policy = o.policy
		}
	}
	if r.policy == nil {
		r.policy = r.defaultPolicy()
	}
	e.realms[id] = r
}

// Close makes everything durable and releases what the emulator holds. It must
// not be used afterwards, except for Close, which does nothing again.
func (e *Emulator) Close() error {
	if e.store == nil {
		return nil
	}
	e.keepUses()
	return e.store.close()
}

// keepUses stores the last use of every key, which is not durable before.
func (e *Emulator) keepUses() {
	e.mu.Lock()
	defer e.mu.Unlock()
	t := tx{e: e}
	for _, r := range e.realms {
		for _, k := range r.order {
			if u := k.lastUse.Load(); u != k.storedUse {
				k.storedUse = u
				t.changes = append(t.changes, change{realm: r, key: k, state: k.latest(), oldState: k.latest()})
			}
		}
	}
	e.commit(&t, true)
}

// keepWrapping makes a wrapping key durable before its first answer.
func (e *Emulator) keepWrapping(spec string, slot int) error {
	if e.store == nil {
		return nil
	}
	key, _, err := e.opt.WrappingKeys.key(spec, slot)
	if err != nil {
		return err
	}
	return e.store.keepWrapping(spec, slot, key)
}
