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

// Known keys make known tags.
func ExampleParseSeedFile() {
	keys, err := kmsemu.ParseSeedFile([]byte(`
keys:
  - id: 11111111-2222-3333-4444-555555555555
    material: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
    aliases: [alias/known]
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	emulator, err := kmsemu.New(kmsemu.Options{SeedKeys: keys})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer emulator.Close()
	fmt.Println(keys[0])
	// Output: kmsemu.SeedKey{11111111-2222-3333-4444-555555555555 alias/known}
}
