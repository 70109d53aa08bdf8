package awskms_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awskms"
)

// A failure says what it was without anybody reading error codes.
func ExampleClient_GenerateMac() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type":"DisabledException","message":"the key is disabled"}`)
	}))
	defer server.Close()

	client, err := awskms.New(context.Background(), awskms.Options{Endpoint: server.URL, Region: "eu-west-1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()

	_, err = client.GenerateMac(context.Background(), target.GenerateMacRequest{
		KeyID: "alias/orders", Algorithm: engine.HMACSHA256, Message: []byte("what is to be authenticated"),
	})
	fmt.Println(err)
	fmt.Println(target.KindOf(err) == target.Disabled, client.Counters().Attempts)
	// Output:
	// target: GenerateMac: DisabledException: the key is disabled
	// true 1
}
