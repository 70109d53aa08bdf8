package kmsemu_test

import (
	"fmt"

	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// The endpoint answers any KMS client that is pointed at its URL.
func Example() {
	emulator, err := kmsemu.New(kmsemu.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer emulator.Close()
	server, err := emulator.Listen("127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	fmt.Println(server.URL[:17], kmsemu.Operations()[8])
	// Output: http://127.0.0.1: GenerateMac
}
