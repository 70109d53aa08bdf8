package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/kmsmac/kmsmac/target/awsfacts"
)

// showData prints the facts that plans rest on.
func showData(a *app, region string) error {
	if !awsfacts.IsRegion(region) {
		return usagef("unknown Region %q: AWS has %s", region, strings.Join(awsfacts.Regions(), ", "))
	}
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("AWS KMS, as of %s; --quota, --price, --key-price and --free-requests override", awsfacts.AsOf)
	say("\nSymmetric request quota of a Region, per second and account (code %s)\n  source: %s", awsfacts.SymmetricQuotaCode, awsfacts.SourceQuotas)
	for _, name := range awsfacts.Regions() {
		say("  %-16s %7d  %s", name, awsfacts.SymmetricPerSecond(name), awsfacts.Partition(name))
	}
	say("\nRequest quotas in %s, per second and account; the shared ones draw on one bucket", region)
	for _, q := range awsfacts.Quotas(region) {
		say("  %-32s %7d  %s", q.Operation, q.PerSecond, map[bool]string{true: "shared", false: "own"}[q.Shared])
	}
	say("\nResource quotas\n  source: %s\n  %-32s %7d", awsfacts.SourceResources, "keys per account and Region", awsfacts.MaxKeys)
	say("\nPrices of the standard partition, in US dollars\n  source: %s", awsfacts.SourcePrices)
	say("  %-32s %7.2f", "10,000 requests", awsfacts.Per10000Requests.USD())
	say("  %-32s %7.2f", "a key for a month", awsfacts.PerKeyMonth.USD())
	say("  %-32s %7s", "free requests a month", strconv.Itoa(awsfacts.FreeRequestsPerMonth))
	return writeOutput(a, "-", func(w io.Writer) error {
		_, err := io.WriteString(w, b.String())
		return err
	})
}
