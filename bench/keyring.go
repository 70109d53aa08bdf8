package bench

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awsfacts"
)

// The tags that the keys of a run carry.
const (
	TagRun     = "kmsmac:run"     // the run id
	TagHost    = "kmsmac:host"    // where it ran
	TagExpires = "kmsmac:expires" // RFC 3339, UTC; cleanup takes the key after it
)

// deletionDays is the shortest waiting period (row DE-04).
const deletionDays = 7

// benchKey is one key of a run. Exactly one of local and pool is set.
type benchKey struct {
	name  string // as requests name it
	id    string // for deletion; empty for existing keys
	arn   string
	alias string
	spec  string
	alg   engine.Algorithm
	local *engine.Key // knows the secret
	pool  []known     // otherwise: messages with the tags the target gave for them
}

// known is a message with its tag.
type known struct{ msg, tag []byte }

// keyring makes the keys of a run and removes them.
type keyring struct {
	target   target.Target
	admin    target.KeyAdmin // nil if the target has none
	plan     Plan
	options  Options
	budget   *budget
	paced    bool
	lastMade time.Time

	keys     []*benchKey
	made     []*benchKey // created by us, whether usable or not
	imports  bool        // still believed to import
	warnings []string
	wrong    []string // wrong answers seen while setting up
}

func newKeyring(t target.Target, p Plan, o Options, b *budget) *keyring {
	r := &keyring{target: t, plan: p, options: o, budget: b, paced: t.Info().AWS, imports: true}
	r.admin, _ = t.(target.KeyAdmin)
	return r
}

// errBudget is returned when a limit is reached before the load starts.
var errBudget = errors.New("bench: the limit on requests or cost is too low to make the keys")

// open makes or finds the keys and learns how to verify replies.
func (r *keyring) open(ctx context.Context) error {
	if len(r.plan.Workload.Keys) > 0 {
		return r.openExisting(ctx)
	}
	if r.admin == nil {
		return fmt.Errorf("bench: %s cannot make keys: name existing ones", r.target.Info().Name)
	}
	specs := r.plan.Workload.KeySpecs
	for i := range r.plan.Workload.keys() {
		if err := r.make(ctx, specs[i%len(specs)]); err != nil {
			return err
		}
	}
	return nil
}

// make adds one key: imported if the target can, else one of the target's own.
func (r *keyring) make(ctx context.Context, spec string) error {
	k := &benchKey{spec: spec}
	k.alg, _ = target.AlgorithmOf(spec)
	if r.imports {
		err := r.makeImported(ctx, k)
		if err == nil {
			return r.finish(ctx, k)
		}
		if !cannotImport(err, r.paced) {
			return err
		}
		r.imports = false
		r.warnings = append(r.warnings, "the target cannot import keys, so replies are verified by consistency ("+err.Error()+")")
		k = &benchKey{spec: spec, alg: k.alg}
	}
	if err := r.create(ctx, k, target.OriginAWS); err != nil {
		return err
	}
	return r.finish(ctx, k)
}

// cannotImport says that the target does not know importing: it said that it
// does not support it, or has a page where a KMS has an answer, although it made
// a key like a KMS. Whatever else keeps a key from being imported is an error,
// which nobody should take for a property of the target.
func cannotImport(err error, aws bool) bool {
	e, ok := errors.AsType[*target.Error](err)
	if !ok {
		return false
	}
	return e.Kind == target.Unsupported || e.Kind == target.NotKMS && !aws && e.Operation != "CreateKey"
}

func (r *keyring) makeImported(ctx context.Context, k *benchKey) error {
	if err := r.create(ctx, k, target.OriginExternal); err != nil {
		return err
	}
	secret := make([]byte, k.alg.Size())
	defer clear(secret)
	if _, err := rand.Read(secret); err != nil {
		return fmt.Errorf("bench: no random secret: %w", err)
	}
	r.pace(ctx, "GetParametersForImport")
	err := r.ask(ctx, 2, func(ctx context.Context) error { return r.admin.ImportKey(ctx, k.id, secret) })
	if err != nil {
		return fmt.Errorf("bench: importing a key: %w", err)
	}
	k.local, err = r.options.NewKey(k.alg, secret)
	return err
}

func (r *keyring) create(ctx context.Context, k *benchKey, origin string) error {
	req := target.CreateKeyRequest{
		KeySpec: k.spec, Origin: origin, Description: "kmsmac load", Tags: []target.ResourceTag{
			{Key: TagRun, Value: r.options.RunID}, {Key: TagHost, Value: r.options.Host},
			{Key: TagExpires, Value: r.options.Expires.UTC().Format(time.RFC3339)},
		},
	}
	if origin == target.OriginAWS {
		r.pace(ctx, "CreateKey")
	}
	return r.ask(ctx, 1, func(ctx context.Context) error {
		md, err := r.admin.CreateKey(ctx, req)
		if err != nil {
			return fmt.Errorf("bench: creating a key: %w", err)
		}
		k.id, k.arn, k.name = md.KeyID, md.ARN, md.KeyID
		r.made = append(r.made, k)
		return nil
	})
}

// finish names the key, waits until it answers, and learns tags if need be.
func (r *keyring) finish(ctx context.Context, k *benchKey) error {
	switch r.plan.Workload.KeyNames {
	case ByARN:
		k.name = k.arn
	case ByAlias:
		k.alias = "alias/kmsmac-" + k.id
		r.pace(ctx, "CreateAlias")
		if err := r.ask(ctx, 1, func(ctx context.Context) error { return r.admin.CreateAlias(ctx, k.alias, k.id) }); err != nil {
			k.alias = ""
			return fmt.Errorf("bench: naming a key: %w", err)
		}
		k.name = k.alias
	}
	if err := r.learn(ctx, k); err != nil {
		return err
	}
	r.keys = append(r.keys, k)
	return nil
}

// pace keeps set-up against AWS within the quota of one operation.
func (r *keyring) pace(ctx context.Context, operation string) {
	if !r.paced {
		return
	}
	perSecond, ok := awsfacts.PerSecond(operation)
	if !ok {
		return
	}
	gap := time.Second/time.Duration(perSecond) + 50*time.Millisecond
	pause(ctx, gap-time.Since(r.lastMade))
	r.lastMade = time.Now()
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// settle is how long a new key may answer as if it were not there (row IM-10),
// and how long throttled set-up is repeated.
const settle = 20 * time.Second

// ask makes one request of n KMS calls, again while the target throttles or
// does not know its new key yet.
func (r *keyring) ask(ctx context.Context, n int64, do func(context.Context) error) error {
	begin, gap := time.Now(), 100*time.Millisecond
	for {
		if !r.budget.take(n) {
			return errBudget
		}
		one, cancel := context.WithTimeout(ctx, r.plan.Timeout)
		err := do(one)
		cancel()
		if err == nil || ctx.Err() != nil || !passing(err, r.paced) || time.Since(begin)+gap > settle {
			return err
		}
		pause(ctx, gap)
		gap = min(2*gap, 2*time.Second)
	}
}

// passing reports whether the failure can go away by itself: throttling, and
// on AWS also eventual consistency.
func passing(err error, aws bool) bool {
	switch target.KindOf(err) {
	case target.Throttled:
		return true
	case target.NotFound, target.InvalidState:
		return aws
	}
	return false
}

// close removes what the run made, even after ctx has ended. It returns the
// ARNs (or ids) of keys that could not be scheduled for deletion.
func (r *keyring) close(ctx context.Context) (left []string) {
	for _, k := range slices.Concat(r.keys, r.made) {
		k.local.Destroy()
	}
	if len(r.made) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second+time.Duration(len(r.made))*100*time.Millisecond)
	defer cancel()
	r.budget = &budget{}
	r.budget.left.Store(1 << 40) // set aside by newBudget
	for _, k := range r.made {
		if k.alias != "" {
			r.pace(ctx, "DeleteAlias")
			if err := r.ask(ctx, 1, func(ctx context.Context) error { return r.admin.DeleteAlias(ctx, k.alias) }); err != nil {
				r.warnings = append(r.warnings, "an alias was left behind: "+k.alias)
			}
		}
		r.pace(ctx, "ScheduleKeyDeletion")
		err := r.ask(ctx, 1, func(ctx context.Context) error {
			_, err := r.admin.ScheduleKeyDeletion(ctx, k.id, deletionDays)
			return err
		})
		if err != nil {
			left = append(left, cmp.Or(k.arn, k.id))
		}
	}
	return left
}
