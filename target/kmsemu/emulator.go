package kmsemu

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kmsmac/kmsmac/target/awsfacts"
)

// DefaultAccountID is the account that keys belong to unless Options say
// otherwise.
const DefaultAccountID = "000000000000"

// Options configure an Emulator. The zero value is a KMS in every Region with
// nothing in it, which accepts any well-formed signature.
type Options struct {
	// AccountID is the account of the caller: 12 digits, default
	// DefaultAccountID.
	AccountID string
	// Regions are the Regions that are served; default all that AWS lists. A
	// request for any other Region gets the error of row AU-07.
	Regions []string
	// Credentials, if any, turn signature checks on: requests must be signed by
	// one of them. Without any, every well-formed SigV4 header is accepted and
	// the caller is the account itself.
	Credentials []Credential
	// Deviations are names from the catalogue Deviations: each makes the
	// emulator wrong in one way.
	Deviations []string
	// Now is the clock, default time.Now. It must not go backwards.
	Now func() time.Time
	// ReplicaDelay is how long a new replica is Creating and a changed primary
	// Updating; default until the next request.
	ReplicaDelay time.Duration
	// Consistency is how long a change is not seen by the operations that read
	// keys (rows EC-01 to EC-03); default 0, seen at once.
	Consistency time.Duration
	// Quota turns request quotas on: the name of the Region whose figures hold,
	// for every account and Region; default none.
	Quota string
	// Latency is a distribution as ParseLatency reads it; default none.
	Latency string
	// Parallelism is the number of requests that are worked on at a time, the
	// others queue; default 0, no limit.
	Parallelism int
	// Faults is a plan of failures as ParseFaults reads it; default none.
	Faults string
	// Seed is the seed of Latency and Faults.
	Seed uint64
	// Observe, if set, is called once for each request that is answered, by
	// the goroutine that answers. It must not block.
	Observe func(Observation)
	// MaxKeys is the resource quota of keys per account and Region; default
	// 100,000, as on AWS. Keys pending deletion count.
	MaxKeys int
	// WrappingKeys is the pool of RSA keys for GetParametersForImport; default
	// a new one. Emulators may share a pool to save the time of making keys.
	WrappingKeys *WrappingKeys
}

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

var accountForm = regexp.MustCompile(`^[0-9]{12}$`)

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

// burden sets up quotas, latency, capacity and faults.
func (e *Emulator) burden(opt Options) (err error) {
	e.started = opt.Now()
	if opt.Quota != "" {
		if !awsfacts.IsRegion(opt.Quota) {
			return fmt.Errorf("kmsemu: quota of an unknown Region %q", opt.Quota)
		}
		e.quotas = newQuotas(opt.Quota)
	}
	if opt.Latency != "" {
		if e.latency, err = ParseLatency(opt.Latency); err != nil {
			return err
		}
	}
	if opt.Faults != "" {
		if e.faults, err = ParseFaults(opt.Faults, opt.Seed); err != nil {
			return err
		}
	}
	if opt.Parallelism > 0 {
		e.servers = make(servers, opt.Parallelism)
	}
	return nil
}

// complete checks the options and fills in the defaults.
func (o *Options) complete() error {
	if o.AccountID == "" {
		o.AccountID = DefaultAccountID
	}
	if !accountForm.MatchString(o.AccountID) {
		return fmt.Errorf("kmsemu: account id %q is not 12 digits", o.AccountID)
	}
	if len(o.Regions) == 0 {
		o.Regions = awsfacts.Regions()
	}
	for _, r := range o.Regions {
		if !awsfacts.IsRegion(r) {
			return fmt.Errorf("kmsemu: unknown Region %q", r)
		}
	}
	if o.ReplicaDelay < 0 || o.Consistency < 0 || o.MaxKeys < 0 || o.Parallelism < 0 {
		return fmt.Errorf("kmsemu: negative option: ReplicaDelay %v, Consistency %v, MaxKeys %d, Parallelism %d", o.ReplicaDelay, o.Consistency, o.MaxKeys, o.Parallelism)
	}
	if o.MaxKeys == 0 {
		o.MaxKeys = 100_000
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.WrappingKeys == nil {
		o.WrappingKeys = NewWrappingKeys()
	}
	return nil
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

// ServeHTTP answers one request: it waits for a server and for the latency,
// then answers, damaged if the plan of faults says so.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := e.requests.Add(1)
	arrived := e.opt.Now()
	if !e.enter(r.Context()) {
		return
	}
	defer e.leave()
	rule := e.faultAt(n)
	if rule != nil && rule.what == faultReset {
		reset(w)
		return
	}
	s := scratches.Get().(*scratch)
	defer s.release()
	body, err := s.readBody(r)
	if !pause(r.Context(), e.delay(n, arrived, rule)) {
		return
	}
	c := &call{e: e, now: e.opt.Now(), requestID: newUUID()}
	var resp response
	if err != nil {
		resp = failure(err)
	} else {
		resp = e.serve(c, r, s, body, rule)
	}
	for _, edit := range e.edits {
		edit(c, &resp)
	}
	e.observe(c, &resp, arrived)
	if rule != nil {
		rule.writeFaulty(w, r, resp, c.requestID)
		return
	}
	resp.write(w, c.requestID)
}

func (e *Emulator) faultAt(n uint64) *faultRule {
	if e.faults == nil {
		return nil
	}
	return e.faults.at(n)
}

// delay is how long the answer is held back.
func (e *Emulator) delay(n uint64, arrived time.Time, rule *faultRule) time.Duration {
	var d time.Duration
	if e.latency != nil {
		d = e.latency.At(e.opt.Seed, n, arrived.Sub(e.started))
	}
	if rule != nil && rule.what == faultStall {
		d += rule.after
	}
	return d
}

// serve makes the checks that come before any operation, in the order of the
// behaviour table, section 2: signature, operation, members. Quotas and
// planned errors come as soon as the operation is known (inferred).
func (e *Emulator) serve(c *call, r *http.Request, s *scratch, body []byte, rule *faultRule) response {
	err := e.authenticate(c, r, body)
	if err != nil {
		return failure(err)
	}
	if c.op, err = route(r); err != nil {
		return failure(err)
	}
	if rule != nil {
		if err, ok := rule.failure(); ok {
			return failure(err)
		}
	}
	c.in, err = s.decodeInput(body, c.op.input)
	c.loosen()
	if c.throttled() {
		return failure(errThrottled())
	}
	if err != nil {
		return failure(err)
	}
	if err := validate(c.in, c.schema()); err != nil {
		return failure(err)
	}
	e.advance(c.now)
	return e.handle(c)
}

// handle carries the operation out. The answer waits until everything that it
// may rest on is durable.
func (e *Emulator) handle(c *call) response {
	var mark uint64
	if e.store != nil {
		mark = e.store.mark()
	}
	out, err := c.op.handle(c)
	if e.store != nil && !c.settled {
		if lost := e.store.settle(mark); lost != nil {
			err = lost
		}
	}
	if err != nil {
		return failure(err)
	}
	return success(out)
}

// Observation is what an observer learns of one request. It holds no secret.
type Observation struct {
	Operation string // "" when it was not known
	Region    string // "" when it was not known
	Code      string // error code, "" for a success
	Status    int
	RequestID string
	Duration  time.Duration // from arrival to the answer, queue and latency included
}

func (e *Emulator) observe(c *call, resp *response, arrived time.Time) {
	if e.opt.Observe == nil {
		return
	}
	o := Observation{Code: resp.code, Status: resp.status, RequestID: c.requestID, Duration: e.opt.Now().Sub(arrived)}
	if c.op != nil {
		o.Operation = c.op.name
	}
	if c.realm != nil {
		o.Region = c.realm.region
	}
	e.opt.Observe(o)
}

// route finds the operation. Another method or path gives 404, another
// content type or target 400, all UnknownOperationException without a text
// (inferred, row WI-18).
func route(r *http.Request) (*operation, error) {
	if r.Method != http.MethodPost || r.URL.Path != "/" {
		return nil, errUnknownOperation(http.StatusNotFound)
	}
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(media), contentType) {
		return nil, errUnknownOperation(http.StatusBadRequest)
	}
	name, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	op := operationsByName[name]
	if !ok || op == nil {
		return nil, errUnknownOperation(http.StatusBadRequest)
	}
	return op, nil
}
