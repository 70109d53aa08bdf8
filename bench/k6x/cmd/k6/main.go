// Command k6 is k6 with kmsmac's module, output and subcommand. It is made of
// k6's own command: every flag of k6 works. AGPL-3.0 applies to the binary.
package main

import (
	"go.k6.io/k6/cmd"

	"github.com/kmsmac/kmsmac/bench/k6x"
)

func main() {
	k6x.Register()
	cmd.Execute()
}
