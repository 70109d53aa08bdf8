package main

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/cpuid/v2"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/vectors"
)

// machineFindings are about this machine alone: nothing is sent.
func machineFindings(a *app, out string) []finding {
	return slices.Concat(
		[]finding{cpuFinding(), implFinding(a), engineFinding(), loadFinding()},
		[]finding{filesFinding(), portsFinding(portRange), listenFinding(a, defaultListen), outFinding(out)})
}

// fastFeatures are the CPU features that the engine's kernels use.
var fastFeatures = []cpuid.FeatureID{
	cpuid.SHA, cpuid.SHA512, cpuid.AVX2, cpuid.BMI2, cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512VL, cpuid.SHA2,
}

func cpuFinding() finding {
	var have []string
	for _, id := range fastFeatures {
		if cpuid.CPU.Has(id) {
			have = append(have, id.String())
		}
	}
	f := ok("cpu", "%s, %d CPUs, %s", firstOf(strings.TrimSpace(cpuid.CPU.BrandName), runtime.GOARCH), runtime.NumCPU(),
		firstOf(strings.Join(have, " "), "none of the features that kernels use"))
	if runtime.GOMAXPROCS(0) == 1 {
		f.Found += "; Go uses one of them"
		return f.warning("a generator and an emulator share that CPU: give this process more, or unset GOMAXPROCS, before measuring")
	}
	return f
}

// implFinding says which implementation of the engine serves, and why.
func implFinding(a *app) finding {
	if err := (implFlags{}).force(a); err != nil {
		return ok("engine", "%v", err).problem("unset " + implVariable + ", or give it a name from kmsmac vectors --impl list")
	}
	var parts []string
	plain := 0
	for alg := engine.HMACSHA224; alg <= engine.HMACSHA512; alg++ {
		choice := engine.Chosen(alg)
		if choice.Impl.Name() == "stdlib" {
			plain++
		}
		parts = append(parts, fmt.Sprintf("%s %s", alg, choice.Impl.Name()))
	}
	f := ok("engine", "%s", strings.Join(parts, ", "))
	if name := a.impl.impl.Name(); name != "" {
		f.Found = name + ", forced by " + a.impl.by
		return f.warning("figures are of " + name + ": unset " + implVariable + " to let the engine choose")
	}
	if plain == len(parts) && runtime.GOARCH == "amd64" {
		return f.warning("no kernel runs here: build without the tag purego, and look at GODEBUG")
	}
	return f
}

// engineFinding proves every implementation on RFC 4231.
func engineFinding() finding {
	checked := 0
	for _, impl := range engine.Impls() {
		for _, v := range vectors.RFC4231() {
			alg, err := engine.ParseAlgorithm(v.Algorithm)
			if err != nil || !impl.Supports(alg) {
				continue
			}
			key, err := impl.NewKey(alg, v.Key)
			if err != nil {
				return ok("vectors", "%s: %v", impl.Name(), err).problem("do not trust this build: report it with the line above")
			}
			tag := key.Sum(nil, v.Msg)
			key.Destroy()
			if subtle.ConstantTimeCompare(tag[:min(len(tag), len(v.Tag))], v.Tag) != 1 {
				return ok("vectors", "%s computes a wrong tag for %s", impl.Name(), v.ID).
					problem("do not trust this machine or build: run kmsmac vectors, and report what it prints")
			}
			checked++
		}
	}
	return ok("vectors", "%d tags of RFC 4231 are right, on %d implementations", checked, len(engine.Impls()))
}

// loadFinding looks at what else the machine does; Linux only.
func loadFinding() finding {
	raw, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ok("load", "not known on %s", runtime.GOOS)
	}
	word, _, _ := strings.Cut(string(raw), " ")
	load, err := strconv.ParseFloat(word, 64)
	f := ok("load", "%s processes want the %d CPUs", word, runtime.NumCPU())
	if err == nil && load > float64(runtime.NumCPU())/2 {
		return f.warning("timings will be of the other work too: wait, or use kmsmac gate, which compares in pairs")
	}
	return f
}

// wantFiles is the number of open files with which no preset comes short: 1000
// workers, each with a connection.
const wantFiles = 2048

func filesFinding() finding {
	n, known := openFileLimit()
	if !known {
		return ok("files", "this system does not tell a limit of open files")
	}
	f := ok("files", "at most %d open files", n)
	switch {
	case n < 256:
		return f.problem(fmt.Sprintf("raise it: ulimit -n %d; each request in flight has a connection", wantFiles))
	case n < wantFiles:
		return f.warning(fmt.Sprintf("more than %d requests in flight will fail: ulimit -n %d", n-64, wantFiles))
	}
	return f
}

// portRange is where Linux tells the range.
const portRange = "/proc/sys/net/ipv4/ip_local_port_range"

// portsFinding looks at the local ports that connections leave from; Linux
// only.
func portsFinding(file string) finding {
	raw, err := os.ReadFile(file)
	if err != nil {
		return ok("ports", "the range of local ports is not known on %s", runtime.GOOS)
	}
	var low, high int
	if _, err := fmt.Sscan(string(raw), &low, &high); err != nil || high < low {
		return ok("ports", "the range of local ports cannot be read")
	}
	f := ok("ports", "connections leave from ports %d to %d", low, high)
	if high-low < 4096 {
		return f.warning("a target that closes each connection uses them up in seconds: sysctl -w net.ipv4.ip_local_port_range='32768 60999'")
	}
	return f
}

// defaultListen is where kmsmac serve listens if it is not told.
const defaultListen = "127.0.0.1:4599"

// listenFinding tries what the embedded emulator needs, and address.
func listenFinding(a *app, address string) finding {
	var lc net.ListenConfig
	l, err := lc.Listen(a.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return ok("loopback", "nothing can listen on 127.0.0.1: %v", err).
			problem("bring the loopback interface up (ip link set lo up), or allow it in the sandbox: the embedded emulator serves there")
	}
	_ = l.Close()
	l, err = lc.Listen(a.ctx, "tcp", address)
	if err != nil {
		return ok("loopback", "kmsmac serve cannot have its port: %v", err).
			warning("another process has it: kmsmac serve --listen 127.0.0.1:0 takes a free one and prints it")
	}
	_ = l.Close()
	return ok("loopback", "works, and %s is free for kmsmac serve", l.Addr())
}

// outFinding tries to write where results go.
func outFinding(dir string) finding {
	dir = firstOf(dir, "kmsmac-results")
	_, before := os.Stat(dir)
	err := probeDir(dir)
	if errors.Is(before, os.ErrNotExist) {
		_ = os.Remove(dir)
	}
	where, absErr := filepath.Abs(dir)
	if absErr != nil {
		where = dir
	}
	if err != nil {
		return ok("results", "%v", err).problem("name a directory that can be written, with --out, or change into one: every measuring command writes its result")
	}
	return ok("results", "%s can be written", where)
}
