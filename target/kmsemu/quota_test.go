package kmsemu

import (
	"testing"
	"time"
)

func TestParseQuota(t *testing.T) {
	now := time.Now()
	rows := []struct {
		quota, region, operation string
		allowed                  int // in one second; -1 is without limit
	}{
		{"us-east-1", "us-east-1", "CreateKey", 5},
		{"us-east-1", "eu-west-1", "CreateKey", 5},
		{"us-east-1:symmetric=3", "us-east-1", "GenerateMac", 3},
		{"us-east-1:symmetric=3", "us-east-1", "CreateKey", 5},
		{"us-east-1:symmetric=1", "us-east-1", "VerifyMac", 1},
		{"us-east-1:in=eu-west-1", "eu-west-1", "CreateKey", 5},
		{"us-east-1:in=eu-west-1", "us-east-1", "CreateKey", -1},
		{"us-east-1:symmetric=3:in=eu-west-1", "eu-west-1", "GenerateMac", 3},
		{"us-east-1:in=eu-west-1:symmetric=3", "us-east-1", "GenerateMac", -1},
	}
	for _, r := range rows {
		q, err := parseQuota(r.quota)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for got < 10 && q.take(realmID{"1", r.region}, r.operation, 1, now) {
			got++
		}
		if got == 10 {
			got = -1
		}
		if got != r.allowed {
			t.Errorf("%s: %d times %s in %s, want %d", r.quota, got, r.operation, r.region, r.allowed)
		}
	}
}

func TestParseQuotaRefuses(t *testing.T) {
	for _, text := range []string{
		"nowhere", ":symmetric=3", "us-east-1:", "us-east-1:symmetric", "us-east-1:symmetric=0", "us-east-1:symmetric=-1",
		"us-east-1:symmetric=x", "us-east-1:in=nowhere", "us-east-1:in=", "us-east-1:other=1",
	} {
		if _, err := New(Options{Quota: text}); err == nil {
			t.Errorf("quota %q is taken", text)
		}
	}
}
