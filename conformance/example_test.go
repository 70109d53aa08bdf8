package conformance_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/kmsmac/kmsmac/conformance"
	"github.com/kmsmac/kmsmac/target/inproc"
)

func Example() {
	engine := inproc.New(inproc.Options{})
	defer engine.Close()
	c, err := conformance.Run(context.Background(), engine, conformance.Options{Cases: []string{"RFC-1-SHA256", "GM-12"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range c.Cases {
		fmt.Println(r.ID, r.Verdict, r.Evidence, r.Reason)
	}
	// Output:
	// GM-12 not_applicable field the target offers GenerateMac and VerifyMac only, not other operations
	// RFC-1-SHA256 pass documented
}

func ExampleExplain() {
	e, err := conformance.Explain("GM-18")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.Row.Evidence.Class, e.Row.Evidence.Date, e.Row.Evidence.Source)
	fmt.Println(strings.Join(e.Steps, "\n"))
	// Output:
	// recorded 2023-04-13 LS test_invalid_generate_mac[HMAC_224-HMAC_SHA_256]
	// CreateKey {"KeySpec":"HMAC_224","KeyUsage":"GENERATE_VERIFY_MAC"}
	// GenerateMac {"KeyId":"<HMAC_224 key>","MacAlgorithm":"HMAC_SHA_256","Message":"<22 bytes>"}
	//   expect 400 InvalidKeyUsageException "Algorithm HMAC_SHA_256 is incompatible with key spec HMAC_224."
}

func ExamplePlan() {
	e, err := conformance.Plan(conformance.Options{Cases: []string{"RFC"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.Cases, "cases,", e.Keys, "keys,", e.Requests, "requests")
	for _, op := range e.SortedOperations() {
		fmt.Println(op, e.Operations[op])
	}
	// Output:
	// 28 cases, 24 keys, 152 requests
	// CreateKey 24
	// GenerateMac 28
	// GetParametersForImport 24
	// ImportKeyMaterial 24
	// ScheduleKeyDeletion 24
	// VerifyMac 28
}

// A record made by hand holds one answer; the emulator is held against it.
func ExampleReadRecord() {
	rec, err := conformance.ReadRecord(strings.NewReader(`{"header":{"schema":1}}
{"exchange":{"row":"RFC-2-SHA256","operation":"VerifyMac","response":{"status":200,"body":"{\"KeyId\":\"arn:aws:kms:eu-west-1:111122223333:key/0123abcd-0123-0123-0123-0123456789ab\",\"MacAlgorithm\":\"HMAC_SHA_256\",\"MacValid\":true}"}}}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	engine := inproc.New(inproc.Options{})
	defer engine.Close()
	c, err := conformance.Run(context.Background(), engine, conformance.Options{Baseline: rec, Cases: []string{"RFC-1-SHA256", "RFC-2-SHA256"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(rec.Rows(), "golden:", rec.Golden())
	for _, r := range c.Cases {
		fmt.Println(r.ID, r.Verdict, r.Reason)
	}
	// Output:
	// [RFC-2-SHA256] golden: false
	// RFC-1-SHA256 not_applicable the baseline holds no answer of this row
	// RFC-2-SHA256 pass
}
