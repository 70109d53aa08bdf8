package wire_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/internal/wire"
)

func Example() {
	endpoint, err := wire.ParseEndpoint("http://127.0.0.1:4599")
	if err != nil {
		fmt.Println(err)
		return
	}
	signer := wire.NewSigner(endpoint, "us-east-1")
	creds := &wire.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}
	date := wire.AppendDate(nil, time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC))

	var pad wire.Pad // one for each request in flight
	pad.EncodeGenerateMac(&target.GenerateMacRequest{KeyID: "alias/a", Algorithm: engine.HMACSHA256, Message: []byte("hello")})
	header := signer.Sign(nil, &pad, wire.GenerateMac, creds, date)

	fmt.Printf("%s\n", pad.Body)
	scheme, _, _ := strings.Cut(string(header), ",")
	fmt.Println(scheme)
	// Output:
	// {"KeyId":"alias/a","MacAlgorithm":"HMAC_SHA_256","Message":"aGVsbG8="}
	// AWS4-HMAC-SHA256 Credential=test/20260309/us-east-1/kms/aws4_request
}
