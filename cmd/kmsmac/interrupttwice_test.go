//go:build unix

package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// TestInterruptedTwice: the second Ctrl-C ends the process at once, whatever it
// waits for; what was measured until then is in the log.
func TestInterruptedTwice(t *testing.T) {
	emu, err := kmsemu.New(kmsemu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer emu.Close()
	out := filepath.Join(t.TempDir(), "out")
	measured, cleaning := make(chan struct{}, 1), make(chan struct{}, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch op := r.Header.Get("X-Amz-Target"); {
		case strings.HasSuffix(op, ".ScheduleKeyDeletion"):
			_, _ = io.Copy(io.Discard, r.Body) // or the server would not see the client go
			tell(cleaning)
			<-r.Context().Done() // never answered
			return
		case strings.HasSuffix(op, ".GenerateMac") && committed(filepath.Join(out, "intervals.hlog")) > 0:
			tell(measured)
		}
		emu.ServeHTTP(w, r)
	}))
	defer srv.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	child := exec.Command(self, "bench", "kms", "--no-calibrate", "--target", srv.URL, "--rate", "50", "--warmup", "0s", "--mix", "generate=1", "--duration", "10m", "--timeout", "5m", "--out", out)
	child.Args[0], child.Stderr = "kmsmac", &stderr
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = child.Wait(); close(ended) }()
	defer func() { _ = child.Process.Kill(); <-ended }()
	for _, c := range []chan struct{}{measured, cleaning} {
		select {
		case <-c:
		case <-ended:
			t.Fatalf("it ended by itself; stderr:\n%s", stderr.String())
		}
		_ = child.Process.Signal(syscall.SIGTERM)
	}
	begin := time.Now()
	<-ended
	// Left alone, it would have waited 30 s for the deletion of its key.
	if code, took := child.ProcessState.ExitCode(), time.Since(begin); code != exitInterrupted || took > 15*time.Second {
		t.Errorf("exit %d after %v, want %d at once; stderr:\n%s", code, took, exitInterrupted, stderr.String())
	}
	if committed(filepath.Join(out, "intervals.hlog")) == 0 {
		t.Error("the log holds nothing")
	}
}

// tell sends without waiting; once is enough.
func tell(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
