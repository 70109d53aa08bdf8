package capacity

import (
	"math"
	"testing"
	"time"
)

func TestReplay(t *testing.T) {
	even := make([]time.Duration, 1000)
	for i := range even {
		even[i] = time.Duration(i) * 10 * time.Millisecond
	}
	burst := make([]time.Duration, 100) // all at once, again after 1 s
	for i := range burst {
		burst[i] = time.Duration(i/50) * time.Second
	}
	var uneven []time.Duration // the even ones are calm, the odd ones come four at a time
	for i := range 400 {
		uneven = append(uneven, time.Duration(i)*10*time.Millisecond, time.Duration(i/4)*40*time.Millisecond)
	}
	for _, row := range []struct {
		name         string
		trace        []time.Duration
		speed        float64
		places       int64
		quota, depth float64
		want         float64
	}{
		{"nothing", nil, 1, 1, 100, 100, 0},
		{"nothing, in many places", nil, 1, 1e12, 100, 100, 0},
		{"even, as much as allowed", even, 1, 1, 100, 1, 0},
		{"even, twice as much", even, 2, 1, 100, 1, 0.4995},
		{"in two places", even, 2, 2, 100, 1, 0},
		{"in three, twice as much as allowed", even, 6, 3, 100, 1, 0.4985},
		{"one in each", even, 1, 1000, 1, 1, 0},
		{"more places than arrivals", even, 1, 1e12, 1, 1, 0},
		{"bursts of half a bucket", burst, 1, 1, 100, 100, 0},
		{"bursts of two buckets", burst, 1, 1, 100, 25, 0.5},
		{"a place with half of each burst", burst, 1, 2, 100, 25, 0},
		{"the second place is worse", uneven, 1, 2, 100, 1, 0.75},
		{"the first place is worse", append([]time.Duration{0}, uneven...), 1, 2, 100, 1, 0.75},
	} {
		if got := Replay(row.trace, row.speed, row.places, row.quota, row.depth); math.Abs(got-row.want) > 0.003 {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
	for _, row := range []struct {
		name string
		replay
		want float64
	}{
		{"others take half", replay{speed: 1, places: 1, first: 1, quota: 100, depth: 1, others: 50}, 0.4995},
		{"others take all", replay{speed: 1, places: 1, first: 1, quota: 100, depth: 1, others: 100}, 0.999},
		{"a quarter beside others", replay{speed: 1, places: 2, first: 0.25, quota: 75, depth: 2, others: 50}, 0},
		{"three quarters in the second", replay{speed: 1, places: 2, first: 0.25, quota: 60, depth: 2}, 0.2},
		{"others take all of the first", replay{speed: 1, places: 2, first: 0.25, quota: 75, depth: 2, others: 75}, 248.0 / 250},
		{"none in the first", replay{speed: 1, places: 3, quota: 50, depth: 1, others: 50}, 0},
	} {
		if got, played := row.worst(even, 1); math.Abs(got-row.want) > 0.003 || played != len(even) {
			t.Errorf("%s: %v after %d arrivals, want %v after all", row.name, got, played, row.want)
		}
		if got, played := row.worst(even, 0.1); (got > 0.1) != (row.want > 0.1) || (played < len(even)) != (row.want > 0.1) {
			t.Errorf("%s, up to 10 %%: %v after %d arrivals, want %v", row.name, got, played, row.want)
		}
	}
}
