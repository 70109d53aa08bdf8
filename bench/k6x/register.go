package k6x

import (
	"go.k6.io/k6/js/modules"
	"go.k6.io/k6/output"
	"go.k6.io/k6/subcommand"
)

// ModuleName is what scripts import.
const ModuleName = "k6/x/kmsmac"

// Register names the module, the output and the subcommand to k6. It must be
// called once, before k6 runs, and panics if called again.
func Register() {
	modules.Register(ModuleName, New())
	output.RegisterExtension("kmsmac", newOutput)
	subcommand.RegisterExtension("merge", newMerge)
}
