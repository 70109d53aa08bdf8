package bench

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/target"
)

// TestProgressUnderOverload: what is due is what the schedule says, also while
// the pacer waits for room; what is in flight is no more than there are workers.
func TestProgressUnderOverload(t *testing.T) {
	for _, tc := range []struct {
		name    string
		poisson bool
		queue   int
	}{
		{"room in the queue", false, 1000}, {"a full queue", false, 5}, {"a full queue, Poisson", true, 5},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var seen []Progress
			p := Plan{
				Arrivals: Arrivals{Rate: 100, Poisson: tc.poisson}, Workers: 2, QueueLimit: tc.queue, Duration: 4 * time.Second, Warmup: NoTime, Drain: NoTime,
				Workload: Workload{Generate: 1},
			}
			set := func(f *fakeKMS) { f.delay, f.quick = always(400*time.Millisecond), 1 } // carries 5/s
			bubble(t, p, Options{Observer: func(p Progress) { seen = append(seen, p) }}, set, func(_ *fakeKMS, rep *Report, err error) {
				if err != nil {
					t.Fatal(err)
				}
				i := slices.IndexFunc(seen, func(s Progress) bool { return s.Phase == PhaseMeasure && s.Elapsed == 3*time.Second })
				if i < 0 {
					t.Fatalf("no progress after three seconds: %+v", seen)
				}
				s := seen[i]
				if s.Offered < 99 || s.Offered > 101 || s.Achieved < 4 || s.Achieved > 6 || s.InFlight != 2 {
					t.Errorf("offered %v, achieved %v, in flight %d; want 100, 5, 2", s.Offered, s.Achieved, s.InFlight)
				}
				// 14 or 16 of 300 were sent: an answer may come at the very instant.
				// Of Poisson arrivals, 300 is the mean.
				if s.Waiting < 283 || s.Waiting > 287 {
					t.Errorf("%d wait after three seconds, want 285", s.Waiting)
				}
				if l := rep.Loads[0]; tc.poisson == false && *l.OfferedRate != 100 {
					t.Errorf("offered %v in all, want 100", *l.OfferedRate)
				}
			})
		})
	}
}

// TestConnectionsCountForTheirOperation: a row has the connections that its own
// requests opened.
func TestConnectionsCountForTheirOperation(t *testing.T) {
	p := Plan{Arrivals: Arrivals{Rate: 100}, Duration: time.Second, Warmup: NoTime}
	bubbleOn(t, p, func(f *fakeKMS) target.Target { return dialling{f} }, func(rep *Report, err error) {
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range rep.Loads {
			want := map[string]int64{OpGenerate: 0, OpVerify: l.Requests}[l.Operation]
			if l.ConnectionsOpened != want {
				t.Errorf("%s: %d connections for %d requests, want %d", l.Operation, l.ConnectionsOpened, l.Requests, want)
			}
		}
	})
}

// dialling opens a connection for each VerifyMac.
type dialling struct{ *fakeKMS }

func (d dialling) VerifyMac(ctx context.Context, req target.VerifyMacRequest) (target.VerifyMacReply, error) {
	target.Dialled(ctx)
	return d.fakeKMS.VerifyMac(ctx, req)
}

// TestWhatIsNoAnswerAboutImport: only a target that says so cannot import.
func TestWhatIsNoAnswerAboutImport(t *testing.T) {
	at := func(op string, kind target.Kind, status int) error {
		return &target.Error{Operation: op, Kind: kind, Status: status, Err: errors.New("as it is")}
	}
	for _, tc := range []struct {
		name     string
		step     string
		err      error
		switches bool
	}{
		{"import unsupported", "ImportKey", at("GetParametersForImport", target.Unsupported, 400), true},
		{"origin unsupported", "", nil, true},
		{"no such route", "ImportKey", at("GetParametersForImport", target.NotKMS, 404), true},
		{"a page", "ImportKey", at("GetParametersForImport", target.NotKMS, 500), true},
		{"creating answers a page", "CreateKey", at("CreateKey", target.NotKMS, 500), false},
		{"connection", "ImportKey", at("ImportKeyMaterial", target.Connection, 0), false},
		{"internal", "ImportKey", at("GetParametersForImport", target.Internal, 500), false},
		{"unknown code", "ImportKey", at("ImportKeyMaterial", target.Other, 400), false},
		{"material refused", "ImportKey", at("ImportKeyMaterial", target.Import, 400), false},
		{"creating refused", "CreateKey", at("CreateKey", target.Validation, 400), false},
		{"creating breaks", "CreateKey", at("CreateKey", target.Connection, 0), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := Plan{Arrivals: Arrivals{Rate: 10}, Duration: time.Second}
			bubbleOn(t, p, func(f *fakeKMS) target.Target {
				if tc.step == "" {
					return noOrigin{f}
				}
				f.failing[tc.step] = tc.err
				return f
			}, func(rep *Report, err error) {
				switched := err == nil && rep.Loads[0].VerifiedBy == VerifiedByConsistency &&
					strings.Contains(strings.Join(rep.Warnings, " "), "cannot import")
				if switched != tc.switches {
					t.Errorf("switched to consistency: %v, %v; want %v", switched, err, tc.switches)
				}
			})
		})
	}
}

// noOrigin knows keys of its own alone.
type noOrigin struct{ *fakeKMS }

func (n noOrigin) CreateKey(ctx context.Context, req target.CreateKeyRequest) (target.KeyMetadata, error) {
	if req.Origin == target.OriginExternal {
		return target.KeyMetadata{}, refuse("CreateKey", target.Unsupported)
	}
	return n.fakeKMS.CreateKey(ctx, req)
}
