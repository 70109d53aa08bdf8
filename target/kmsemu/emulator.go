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

	credentials map[string]*knownCredential // by access key id; never changes
	signingKeys signingKeys
	store       store // nil: memory only

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
	e := &Emulator{opt: opt, account: opt.AccountID, realms: map[realmID]*realm{}, sealer: sealer, seq: firstSeq}
	if err := e.deviate(opt.Deviations); err != nil {
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
	if o.ReplicaDelay < 0 || o.Consistency < 0 || o.MaxKeys < 0 {
		return fmt.Errorf("kmsemu: negative option: ReplicaDelay %v, Consistency %v, MaxKeys %d", o.ReplicaDelay, o.Consistency, o.MaxKeys)
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
	r.policy = r.defaultPolicy()
	e.realms[id] = r
}

// Close releases what the emulator holds. It must not be used afterwards.
func (e *Emulator) Close() error {
	if e.store == nil {
		return nil
	}
	return e.store.close()
}

// ServeHTTP answers one request.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{e: e, now: e.opt.Now(), requestID: newUUID()}
	resp := e.serve(c, r)
	for _, edit := range e.edits {
		edit(c, &resp)
	}
	resp.write(w, c.requestID)
}

// serve makes the checks that come before any operation, in the order of the
// behaviour table, section 2: signature, operation, members.
func (e *Emulator) serve(c *call, r *http.Request) response {
	body, err := readBody(r)
	if err != nil {
		return failure(err)
	}
	if err := e.authenticate(c, r, body); err != nil {
		return failure(err)
	}
	if c.op, err = route(r); err != nil {
		return failure(err)
	}
	if c.in, err = decodeInput(body, c.op.input); err != nil {
		return failure(err)
	}
	if err := validate(c.in, c.op.input); err != nil {
		return failure(err)
	}
	e.advance(c.now)
	out, err := c.op.handle(c)
	if err != nil {
		return failure(err)
	}
	return success(out)
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
