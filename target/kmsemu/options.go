package kmsemu

import (
	"errors"
	"fmt"
	"regexp"
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
	// for every account and Region; default none. It may be followed by
	// ":symmetric=N", as accounts have that one figure changed, and by
	// ":in=REGION" to enforce quotas in that Region only.
	Quota string
	// Latency is a distribution as ParseLatency reads it; default none.
	Latency string
	// Replay is a recording to take the latencies from instead; see NewReplay.
	Replay []LatencySpan
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
	// Data is a directory in which keys outlive the emulator; default none, keys
	// live in memory. It belongs to one emulator at a time. What was answered is
	// never lost, by whatever end: an answer waits until all that it rests on is
	// durable. Only the last use of a key may be forgotten.
	Data string
	// DataKey seals Data, if it is not empty: a passphrase, or the contents of a
	// key file. A directory is sealed from its first use on, or never.
	DataKey Passphrase
	// SeedKeys are made by New, before the first request; what Data holds
	// already is left as it is.
	SeedKeys []SeedKey
	// WrappingKeys is the pool of RSA keys for GetParametersForImport; default
	// a new one. Emulators may share a pool to save the time of making keys.
	WrappingKeys *WrappingKeys
}

var accountForm = regexp.MustCompile(`^[0-9]{12}$`)

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
	if len(o.DataKey) > 0 && o.Data == "" {
		return errors.New("kmsemu: a DataKey without Data")
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

// burden sets up quotas, latency, capacity and faults.
func (e *Emulator) burden(opt Options) (err error) {
	e.started = opt.Now()
	if opt.Quota != "" {
		if e.quotas, err = parseQuota(opt.Quota); err != nil {
			return err
		}
	}
	if opt.Latency != "" {
		if e.latency, err = ParseLatency(opt.Latency); err != nil {
			return err
		}
	}
	if opt.Replay != nil {
		if opt.Latency != "" {
			return errors.New("kmsemu: both Latency and Replay")
		}
		if e.latency, err = NewReplay(opt.Replay); err != nil {
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
