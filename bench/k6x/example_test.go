package k6x_test

import (
	"fmt"

	"go.k6.io/k6/ext"

	"github.com/kmsmac/kmsmac/bench/k6x"
)

// A k6 of one's own registers the module and hands over to k6's command.
func ExampleRegister() {
	k6x.Register()
	for _, e := range ext.GetAll() {
		fmt.Println(e.Name, e.Type)
	}
	// Output:
	// k6/x/kmsmac js
	// merge subcommand
	// kmsmac output
}
