package wiretest_test

import (
	"fmt"
	"strings"

	"github.com/kmsmac/kmsmac/target/internal/wiretest"
)

// A client's own test is one line: wiretest.Run(t, open).
func ExampleGroups() {
	fmt.Println(strings.Join(wiretest.Groups(), ", "))
	// Output: answers, successes, broken, refused, TLS, ended by the caller, credentials, signature, reuse, many at once, counters
}
