package capacity

import (
	"fmt"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/results"
)

// alternatives are ways that ask the KMS less often, each with the security
// property that it gives up.
func (r Request) alternatives() []results.CapacityAlternative {
	l, hosts := r.Local, max(1, r.hosts(r.Rate))
	average := r.AverageRate / r.Rate
	batched := r.Rate * (r.Generate/float64(l.Batch) + r.Verify)
	out := []results.CapacityAlternative{{
		Name: "derive a key, tag locally", Rate: float64(hosts*r.Keys) / l.DeriveEvery.Seconds(),
		Cores:   r.Rate * l.TagTime.Seconds() / CoreShare,
		Adds:    fmt.Sprintf("takes the KMS out of the path: a tag takes %s (%s)", l.TagTime, l.TagSource),
		Assumes: fmt.Sprintf("each host (there are %d) derives a key from each KMS key (GenerateMac over a label) every %s", hosts, short(l.DeriveEvery)),
		GivesUp: fmt.Sprintf("the secret stands in the hosts' memory: who reads it can make tags until the next derivation; IAM, CloudTrail and disabling the key act once in %s, not on each tag", short(l.DeriveEvery)),
	}}
	if r.Generate > 0 {
		fill := time.Duration(float64((l.Batch-1)*hosts) / (r.Rate * r.Generate) * 1e9)
		out = append(out, results.CapacityAlternative{
			Name: fmt.Sprintf("one tag for %d messages", l.Batch), Rate: batched, Cores: r.Rate * r.Generate * l.TagTime.Seconds() / CoreShare,
			Adds:    fmt.Sprintf("the first of a batch waits about %s until it is full", roundTime(fill)),
			Assumes: fmt.Sprintf("GenerateMac over the SHA-256 digests of %d messages (4,096 bytes hold 128); VerifyMac stays one for each message; each host (there are %d) fills its own batches", l.Batch, hosts),
			GivesUp: "a message's tag of its own: a verifier needs all digests of the batch, one failed request fails them all, and CloudTrail has one record for them",
		})
	}
	if r.Verify > 0 {
		out = append(out, results.CapacityAlternative{
			Name: "cache verified tags", Rate: r.Rate * (r.Generate + r.Verify*(1-l.CacheHits)), Cores: r.Rate * r.Verify * l.TagTime.Seconds() / CoreShare,
			Adds:    "a hit is answered from memory",
			Assumes: fmt.Sprintf("%.3g %% of verifications repeat one that succeeded a short time ago; entries are found by a keyed digest of message, tag and key", 100*l.CacheHits),
			GivesUp: "a key that is disabled, or a permission that is withdrawn, is honoured until the entry expires; CloudTrail does not see hits; who can write the cache can forge",
		})
	}
	for i := range out {
		a := &out[i]
		share := a.Rate / r.Rate
		if i == 0 {
			a.Month = r.cost(a.Rate, 1).Month // does not follow the load
		} else {
			n, _, _ := r.places(a.Rate)
			a.Month = r.cost(r.Rate*average*share, n).Month
		}
		a.Share = r.Quota.Used + a.Rate/r.Quota.PerSecond
	}
	return out
}

// short leaves out the zero parts at the end: 1h, not 1h0m0s.
func short(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// roundTime keeps two digits.
func roundTime(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for d/unit >= 100 {
		unit *= 10
	}
	return d.Round(unit)
}
