package awsfacts

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAsOfIsADate(t *testing.T) {
	if _, err := time.Parse(time.DateOnly, AsOf); err != nil {
		t.Error(err)
	}
	if !strings.Contains(PriceNote, AsOf) {
		t.Errorf("PriceNote %q has no date", PriceNote)
	}
}

func TestRegions(t *testing.T) {
	counts := map[string]int{}
	var keys []string
	for _, r := range Regions() {
		counts[Partition(r)]++
		keys = append(keys, Partition(r)+" "+r)
		if !IsRegion(r) {
			t.Errorf("%s is not taken for a Region", r)
		}
	}
	want := map[string]int{PartitionStandard: 34, PartitionChina: 2, PartitionSovereign: 1, PartitionGovCloud: 2}
	for p, n := range want {
		if counts[p] != n {
			t.Errorf("partition %s has %d Regions, want %d", p, counts[p], n)
		}
	}
	if len(counts) != len(want) {
		t.Errorf("partitions %v, want %v", counts, want)
	}
	if !slices.IsSorted(keys) || len(slices.Compact(slices.Clone(keys))) != len(keys) {
		t.Errorf("Regions are not sorted or not unique: %v", keys)
	}
	for region, want := range map[string]string{
		"us-east-1": PartitionStandard, "cn-north-1": PartitionChina, "us-gov-west-1": PartitionGovCloud, "eusc-de-east-1": PartitionSovereign,
	} {
		if got := Partition(region); got != want {
			t.Errorf("Partition(%q) = %q, want %q", region, got, want)
		}
	}
	for _, id := range []string{"", "eu-west-9", "EU-WEST-1", "eu-west-1 ", "us-east-1-fips", "aws-global"} {
		if IsRegion(id) || Partition(id) != "" {
			t.Errorf("%q: IsRegion %v, Partition %q, want false and empty", id, IsRegion(id), Partition(id))
		}
	}
}

func TestReturnedSlicesAreCopies(t *testing.T) {
	Regions()[0] = "changed"
	SymmetricOperations()[0] = "changed"
	if Regions()[0] == "changed" || SymmetricOperations()[0] == "changed" {
		t.Error("a caller's write reached the table")
	}
}

func TestEndpoint(t *testing.T) {
	for _, tc := range []struct {
		region     string
		fips, dual bool
		want       string
	}{
		{"us-east-1", false, false, "kms.us-east-1.amazonaws.com"},
		{"us-east-1", true, false, "kms-fips.us-east-1.amazonaws.com"},
		{"us-east-1", false, true, "kms.us-east-1.api.aws"},
		{"us-east-1", true, true, "kms-fips.us-east-1.api.aws"},
		{"us-gov-west-1", true, false, "kms-fips.us-gov-west-1.amazonaws.com"},
		{"cn-north-1", false, false, "kms.cn-north-1.amazonaws.com.cn"},
		{"cn-north-1", false, true, "kms.cn-north-1.api.amazonwebservices.com.cn"},
		{"eusc-de-east-1", false, false, "kms.eusc-de-east-1.amazonaws.eu"},
	} {
		got, err := Endpoint(tc.region, tc.fips, tc.dual)
		if err != nil || got != tc.want {
			t.Errorf("Endpoint(%s, %v, %v) = %q, %v, want %q", tc.region, tc.fips, tc.dual, got, err, tc.want)
		}
	}
	if got, err := Endpoint("moon-east-1", false, false); err == nil || !strings.Contains(err.Error(), `"moon-east-1"`) {
		t.Errorf("Endpoint of an unknown Region = %q, %v, want an error that names it", got, err)
	}
}

func TestEveryEndpointIsAWS(t *testing.T) {
	for _, r := range Regions() {
		for _, v := range []struct{ fips, dual bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
			host, err := Endpoint(r, v.fips, v.dual)
			if err != nil || !IsAWSHost(host) {
				t.Errorf("%s: %q, %v is not taken for AWS", r, host, err)
			}
		}
	}
}

func TestIsAWSHost(t *testing.T) {
	for _, tc := range []struct {
		host string
		want bool
	}{
		{"kms.us-east-1.amazonaws.com", true},
		{"KMS.US-East-1.AmazonAWS.com", true},
		{"kms.us-east-1.amazonaws.com.", true},
		{"kms.us-east-1.amazonaws.com:443", true},
		{"kms.us-east-1.amazonaws.com.:443", true},
		{"kms.us-east-1.amazonaws.com:", true},
		{"amazonaws.com", true},
		{"vpce-1a2b.kms.eu-west-1.vpce.amazonaws.com", true},
		{"kms.cn-north-1.amazonaws.com.cn", true},
		{"kms.cn-north-1.api.amazonwebservices.com.cn", true},
		{"kms-fips.us-east-1.api.aws", true},
		{"kms.eusc-de-east-1.amazonaws.eu", true},

		{"", false},
		{".", false},
		{":443", false},
		{"evilamazonaws.com", false},
		{"kms.us-east-1.evilamazonaws.com", false},
		{"amazonaws.com.evil.example", false},
		{"amazonaws.com.evil.example:443", false},
		{"amazonaws.org", false},
		{"xapi.aws", false},
		{"aws", false},
		{"localhost", false},
		{"localhost.localstack.cloud:4566", false},
		{"127.0.0.1:4566", false},
		{"[::1]:4566", false},
		{"::1", false},
		{"kms.us-east-1.amazonaws.com..", false},
	} {
		if got := IsAWSHost(tc.host); got != tc.want {
			t.Errorf("IsAWSHost(%q) = %v, want %v", tc.host, got, tc.want)
		}
	}
}

func TestSymmetricPerSecond(t *testing.T) {
	counts := map[int]int{}
	for _, r := range Regions() {
		counts[SymmetricPerSecond(r)]++
	}
	if counts[100_000] != 3 || counts[20_000] != 6 || counts[10_000] != len(Regions())-9 {
		t.Errorf("Regions per quota %v, want 3 of 100,000, 6 of 20,000, the rest 10,000", counts)
	}
	for region, want := range map[string]int{"us-west-2": 100_000, "eu-central-1": 20_000, "eu-central-2": 10_000, "": 10_000} {
		if got := SymmetricPerSecond(region); got != want {
			t.Errorf("SymmetricPerSecond(%q) = %d, want %d", region, got, want)
		}
	}
}

func TestLimit(t *testing.T) {
	for _, tc := range []struct {
		region, operation string
		n                 int
		bucket            string
		ok                bool
	}{
		{"us-east-1", "GenerateMac", 100_000, "symmetric", true},
		{"eu-west-2", "VerifyMac", 20_000, "symmetric", true},
		{"us-east-1", "GetParametersForImport", 1, "GetParametersForImport", true},
		{"us-east-1", "CreateKey", 5, "CreateKey", true},
		{"us-east-1", "TagResource", 10, "TagResource", true},
		{"us-east-1", "ScheduleKeyDeletion", 15, "ScheduleKeyDeletion", true},
		{"us-east-1", "ListKeys", 500, "ListKeys", true},
		{"us-east-1", "DescribeKey", 2_000, "DescribeKey", true},
		{"us-east-1", "generatemac", 0, "", false},
		{"us-east-1", "", 0, "", false},
	} {
		n, bucket, ok := Limit(tc.region, tc.operation)
		if n != tc.n || bucket != tc.bucket || ok != tc.ok {
			t.Errorf("Limit(%s, %s) = %d, %q, %v, want %d, %q, %v", tc.region, tc.operation, n, bucket, ok, tc.n, tc.bucket, tc.ok)
		}
	}
	for _, op := range SymmetricOperations() {
		if n, ok := PerSecond(op); ok || n != 0 {
			t.Errorf("PerSecond(%s) = %d, %v: a shared quota is not its own", op, n, ok)
		}
	}
}

func TestQuotas(t *testing.T) {
	list := Quotas("eu-west-2")
	if len(list) != len(symmetricOperations)+len(perSecond) {
		t.Fatalf("%d quotas, want %d", len(list), len(symmetricOperations)+len(perSecond))
	}
	for _, q := range list {
		n, bucket, ok := Limit("eu-west-2", q.Operation)
		if !ok || n != q.PerSecond || (bucket == "symmetric") != q.Shared {
			t.Errorf("%+v, but Limit says %d, %q, %v", q, n, bucket, ok)
		}
	}
}
