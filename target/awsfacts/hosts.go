package awsfacts

import (
	"fmt"
	"strings"
)

// dnsSuffixes are the DNS suffixes of a partition: IPv4 only, and dual stack.
// Source: the partition table of aws-sdk-go-v2 v1.47.7.
var dnsSuffixes = map[string]struct{ ipv4, dual string }{
	PartitionStandard:  {"amazonaws.com", "api.aws"},
	PartitionChina:     {"amazonaws.com.cn", "api.amazonwebservices.com.cn"},
	PartitionSovereign: {"amazonaws.eu", "api.amazonwebservices.eu"},
	PartitionGovCloud:  {"amazonaws.com", "api.aws"},
}

// Endpoint returns the host name of KMS in a Region, without scheme and port,
// as the AWS SDKs form it. fips asks for the FIPS endpoint and dualStack for
// the one reachable over IPv6 too. AWS does not run every variant in every
// Region: the name says nothing about whether a host answers there. The only
// error is a Region that is not known.
func Endpoint(region string, fips, dualStack bool) (string, error) {
	suffixes, ok := dnsSuffixes[Partition(region)]
	if !ok {
		return "", fmt.Errorf("awsfacts: unknown Region %q", region)
	}
	service, suffix := "kms", suffixes.ipv4
	if fips {
		service = "kms-fips"
	}
	if dualStack {
		suffix = suffixes.dual
	}
	return service + "." + region + "." + suffix, nil
}

// IsAWSHost reports whether a host belongs to AWS, so that calls to it may
// cost money. host is a name or an address, with or without a port, in any
// case, with or without the root's trailing dot. A name belongs to AWS when
// its last labels are exactly a DNS suffix of a known partition: amazonaws.com,
// api.aws, amazonaws.com.cn and so on. A VPC endpoint under a private name
// cannot be recognised.
func IsAWSHost(host string) bool {
	name := strings.ToLower(host)
	if i := strings.IndexByte(name, ':'); i >= 0 {
		name = name[:i]
	}
	name = "." + strings.TrimSuffix(name, ".")
	for _, s := range dnsSuffixes {
		if strings.HasSuffix(name, "."+s.ipv4) || strings.HasSuffix(name, "."+s.dual) {
			return true
		}
	}
	return false
}
