package main

import (
	"crypto/fips140"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/klauspost/cpuid/v2"

	"github.com/kmsmac/kmsmac/results"
)

// switches are the environment variables that change what a run measures.
// None of them holds a secret.
var switches = []string{
	"AWS_NEW_RETRIES_2026", "AWS_ENABLE_DEFAULT_SOCKET_TIMEOUT_2026", "AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS",
	"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KMS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
	"GODEBUG", "GOGC", "GOMEMLIMIT", "GOMAXPROCS", "HTTPS_PROXY", "NO_PROXY", "KMSMAC_IMPL",
}

// measuredModules are the dependencies whose version changes what is measured.
var measuredModules = []string{
	"github.com/aws/aws-sdk-go-v2", "github.com/aws/aws-sdk-go-v2/service/kms", "github.com/aws/smithy-go",
	"github.com/minio/sha256-simd", "github.com/HdrHistogram/hdrhistogram-go",
}

// environment says where and with what this process runs; the caller adds the
// endpoint.
func environment(env func(string) string) results.Environment {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	e := results.Environment{
		Host: host, OS: runtime.GOOS, Arch: runtime.GOARCH, Kernel: kernel(),
		CPU: strings.TrimSpace(cpuid.CPU.BrandName), CPUs: runtime.NumCPU(),
		GOMAXPROCS: runtime.GOMAXPROCS(0), GOGC: gogc(env), Go: runtime.Version(), FIPS140: fips140.Enabled(),
		Modules: map[string]string{}, Switches: map[string]string{},
	}
	for _, name := range switches {
		if v := env(name); v != "" {
			e.Switches[name] = withoutUserinfo(v)
		}
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if slices.Contains(measuredModules, m.Path) {
				e.Modules[m.Path] = m.Version
			}
		}
	}
	return e
}

// withoutUserinfo drops "user:password@" from a URL: proxies carry them.
func withoutUserinfo(v string) string {
	scheme, rest, ok := strings.Cut(v, "://")
	if !ok {
		return v
	}
	if at := strings.LastIndex(strings.SplitN(rest, "/", 2)[0], "@"); at >= 0 {
		rest = rest[at+1:]
	}
	return scheme + "://" + rest
}

func gogc(env func(string) string) string {
	if v := env("GOGC"); v != "" {
		return v
	}
	return "100"
}

// kernel is the release that the system tells, where it is a file.
func kernel() string {
	raw, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(raw))
}
