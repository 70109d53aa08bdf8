package kmsemu

import (
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
	sealer, err := newSealer(randomSecret(32))
	if err != nil {
		return nil, err
	}
	e := &Emulator{opt: opt, account: opt.AccountID, realms: map[realmID]*realm{}, sealer: sealer, seq: firstSeq, grantLimit: maxGrants}
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
	return e, nil
}

func (e *Emulator) addRealm(account, region string) {
	id := realmID{account, region}
	if e.realms[id] != nil {
		return
	}
	r := &realm{account: account, region: region, partition: awsfacts.Partition(region)}
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

// Close releases what the emulator holds. It must not be used afterwards.
func (e *Emulator) Close() error {
	if e.store == nil {
		return nil
	}
	return e.store.close()
}
