package raw_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/raw"
)

func Example() {
	kms := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"KeyId":"k","MacAlgorithm":"HMAC_SHA_256","MacValid":true}`)
	}))
	defer kms.Close()
	c, err := raw.New(raw.Options{Endpoint: kms.URL, Region: "us-east-1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	req := target.VerifyMacRequest{KeyID: "k", Algorithm: engine.HMACSHA256, Message: []byte("hello"), Tag: make([]byte, 32)}
	reply, err := c.VerifyMac(context.Background(), req)
	fmt.Println(reply.Valid, err, c.Counters().Attempts)
	// Output: true <nil> 1
}
