package kmsemu

import (
	"fmt"
	"sync"
	"testing"
)

// TestConcurrent mixes every kind of change with MACs on a key that nobody
// touches: each of its answers must be right, and the others one of the few
// that the moment allows.
func TestConcurrent(t *testing.T) {
	c := newClient(t, Options{})
	steady := c.imported("HMAC_256", secretOf(32))
	want := b64(hmacOf("HMAC_256", secretOf(32), []byte("some important message")))
	shared := c.replica(nil)
	name := c.alias("alias/shared", shared)
	rounds := 150
	if testing.Short() {
		rounds = 20
	}
	churn := []func(i int){
		func(int) { c.call("DisableKey", in{"KeyId": shared}) },
		func(int) { c.call("EnableKey", in{"KeyId": shared}) },
		func(i int) { c.call("TagResource", in{"KeyId": shared, "Tags": tags(fmt.Sprint(i%40), "v")}) },
		func(int) { c.call("UpdateAlias", in{"AliasName": name, "TargetKeyId": c.hmacKey()}) },
		func(i int) {
			c.call("RevokeGrant", in{"KeyId": shared, "GrantId": c.call("CreateGrant", grantReq.with("KeyId", shared)).str("GrantId") + "x"})
		},
		func(int) { c.call("ScheduleKeyDeletion", in{"KeyId": c.hmacKey(), "PendingWindowInDays": 7}).ok() },
		func(int) { c.clock.advance(1e9) },
		func(int) {
			c.in("us-west-2").call("UpdatePrimaryRegion", in{"KeyId": shared, "PrimaryRegion": "us-east-1"})
		},
		func(int) { c.call("UpdatePrimaryRegion", in{"KeyId": shared, "PrimaryRegion": "us-west-2"}) },
		func(int) {
			c.call("ListKeys", in{"Limit": 10}).ok()
			c.call("ListAliases", in{}).ok()
			c.call("ListGrants", in{"KeyId": shared}).ok()
		},
	}
	var wg sync.WaitGroup
	for _, f := range churn {
		wg.Go(func() {
			for i := range rounds {
				f(i)
			}
		})
	}
	for range 4 {
		wg.Go(func() {
			for range rounds {
				if a := c.call("GenerateMac", mac(steady)); a.str("Mac") != want {
					t.Errorf("GenerateMac: got %d %s, want tag %s", a.status, a.body, want)
					return
				}
				for _, id := range []string{shared, name} {
					a := c.call("GenerateMac", mac(id))
					if code := a.json["__type"]; a.status != 200 && code != "DisabledException" {
						t.Errorf("GenerateMac of %s: got %d %s", id, a.status, a.body)
						return
					}
				}
			}
		})
	}
	wg.Wait()
}
