package awskms

import (
	"testing"

	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/kmsemu"
	"github.com/kmsmac/kmsmac/target/targettest"
)

// wrappingKeys are shared: making RSA keys is what costs time here.
var wrappingKeys = kmsemu.NewWrappingKeys()

// The same promises, kept through the SDK and over HTTP.
func TestSuite(t *testing.T) {
	for _, user := range []bool{false, true} {
		t.Run(map[bool]string{false: RoadSDK, true: RoadSDKUser}[user], func(t *testing.T) {
			server := kmsemu.Start(t, kmsemu.Options{WrappingKeys: wrappingKeys})
			targettest.Run(t, func(t *testing.T) target.Target {
				c, err := New(t.Context(), Options{Endpoint: server.URL, Region: "us-east-1", UserSettings: user})
				if err != nil {
					t.Fatal(err)
				}
				return c
			})
		})
	}
}

// What is wrong with a KMS shows through the client.
func TestDeviationsFail(t *testing.T) {
	for deviation, check := range map[string]string{
		"wrong-tag":       "tags/RFC 4231",
		"disable-ignored": "kinds/states",
	} {
		t.Run(deviation, func(t *testing.T) {
			server := kmsemu.Start(t, kmsemu.Options{Deviations: []string{deviation}, WrappingKeys: wrappingKeys})
			report := targettest.Examine(t.Context(), func() (target.Target, error) {
				return New(t.Context(), Options{Endpoint: server.URL, Region: "us-east-1"})
			})
			if !report.Failed(check) || report.Failed("admin/aliases") {
				t.Errorf("failures = %v, want %q among them", report.Failures, check)
			}
		})
	}
}
