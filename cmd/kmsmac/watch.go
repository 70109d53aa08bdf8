package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"time"

	"github.com/kmsmac/kmsmac/bench"
	"github.com/kmsmac/kmsmac/target/awskms"
)

// watchFlags let people look at the generator while it works.
type watchFlags struct {
	Pprof   string `placeholder:"DIR" help:"Write CPU and heap profiles of the generator itself."`
	Metrics string `placeholder:"HOST:PORT" help:"Serve Prometheus metrics while running; port 0 takes a free one."`
}

// watch starts what was asked for. The returned function ends it and may be
// called once.
func (f watchFlags) watch(a *app, rec *record) (observe func(bench.Progress), end func() error, err error) {
	observe, end = func(bench.Progress) {}, func() error { return nil }
	if f.Metrics != "" {
		m := &metrics{}
		stop, err := m.serve(a, f.Metrics)
		if err != nil {
			return nil, nil, err
		}
		observe, end = m.observe, stop
	}
	if f.Pprof != "" {
		stop, err := profile(f.Pprof)
		if err != nil {
			return nil, nil, errors.Join(unknownf("no profile can be written: %w", err), end())
		}
		rec.warn("the figures include the profiler: %s", f.Pprof)
		before := end
		end = func() error { return errors.Join(stop(), before()) }
	}
	return observe, end, nil
}

// profile writes cpu.pprof from now on, and heap.pprof at the end.
func profile(dir string) (stop func() error, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	cpu, err := os.Create(filepath.Join(dir, "cpu.pprof"))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, errors.Join(err, cpu.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		heap, err := os.Create(filepath.Join(dir, "heap.pprof"))
		if err != nil {
			return errors.Join(err, cpu.Close())
		}
		return errors.Join(pprof.Lookup("allocs").WriteTo(heap, 0), heap.Close(), cpu.Close())
	}, nil
}

// serve answers GET /metrics until stop.
func (m *metrics) serve(a *app, addr string) (stop func() error, err error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, unknownf("cannot serve metrics: %w", err)
	}
	a.say("metrics on http://%s/metrics", l.Addr())
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m)
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	return func() error {
		err := srv.Close()
		if served := <-done; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}, nil
}

// measuredGOGC is the garbage collection target of a measuring client: through
// the SDK it saves a tenth of the CPU time and keeps collections out of the
// latencies.
const measuredGOGC = 400

// setGOGC sets the process's garbage collection target for a load and returns
// its text form and what sets it back.
func (f clientFlags) setGOGC(a *app) (text string, restore func(), err error) {
	text = firstOf(f.GOGC, a.env("GOGC"), strconv.Itoa(measuredGOGC))
	if f.Client == awskms.RoadSDKUser {
		if f.GOGC != "" {
			return "", nil, usagef("--gogc is not for --client sdk-user, which measures with your settings")
		}
		return gogc(a.env), func() {}, nil
	}
	percent := -1
	if text != "off" {
		percent, err = strconv.Atoi(text)
		if err != nil || percent < 1 {
			return "", nil, usagef("the garbage collection target %q is neither a percentage above 0 nor off", text)
		}
	}
	old := debug.SetGCPercent(percent)
	return text, func() { debug.SetGCPercent(old) }, nil
}

// lateFile makes its file at the first write, so that a run that measures
// nothing leaves none.
type lateFile struct {
	path string
	file *os.File
}

func (l *lateFile) Write(p []byte) (int, error) {
	if l.file == nil {
		f, err := os.Create(l.path)
		if err != nil {
			return 0, err
		}
		l.file = f
	}
	return l.file.Write(p)
}

// Close syncs and closes the file, if there is one.
func (l *lateFile) Close() error {
	if l.file == nil {
		return nil
	}
	err := errors.Join(l.file.Sync(), l.file.Close())
	if err != nil {
		return fmt.Errorf("the interval log: %w", err)
	}
	return nil
}
