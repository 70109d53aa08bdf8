//go:build unix

package main

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// bareMain is the command that the emulator is compared with: net/http with a
// handler that answers a canned body, and its CPU time under /metrics.
func bareMain() {
	const canned = `{"KeyId":"arn:aws:kms:us-east-1:000000000000:key/2e5891a3-c964-448c-9f6c-2d1c7d1054b5","Mac":"Weepr2yODwosRoAgEl0/u6rwTlWnLTly43q24IIeTCI=","MacAlgorithm":"HMAC_SHA_256"}`
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listeningPrefix + "http://" + l.Addr().String())
	go func() {
		panic(http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				var u syscall.Rusage
				if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
					panic(err)
				}
				_, _ = fmt.Fprintf(w, "process_cpu_seconds_total %.6f\n", time.Duration(u.Utime.Nano()+u.Stime.Nano()).Seconds())
				return
			}
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			_, _ = io.WriteString(w, canned)
		})))
	}()
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// proofServer is a server under test in a process of its own.
type proofServer struct {
	url, addr string
}

// The credentials of the proof; the emulator checks every signature.
const proofID, proofSecret = "AKIDPROOF", "proof"

// startProof starts a command of this binary that ends with the test.
func startProof(t testing.TB, command string, args ...string) *proofServer {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Args[0] = command // TestMain makes this binary the command
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	url, err := listeningLine(out)
	if err != nil {
		t.Fatal(err)
	}
	return &proofServer{url: url, addr: strings.TrimPrefix(url, "http://")}
}

func startProofEmulator(t testing.TB, extra ...string) *proofServer {
	t.Helper()
	return startProof(t, "kmsmac", append([]string{"serve", "--listen", "127.0.0.1:0", "--until-eof", "--credentials", proofID + ":" + proofSecret, "--max-keys", "1000000"}, extra...)...)
}

// cpu is the CPU time that the server has used.
func (s *proofServer) cpu(t testing.TB) time.Duration {
	t.Helper()
	resp, err := http.Get(s.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "process_cpu_seconds_total "); ok {
			seconds, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			return time.Duration(seconds * float64(time.Second))
		}
	}
	t.Fatal("no CPU time in the metrics")
	return 0
}

// signed is a request as the Go SDK sends it, signed as of now.
func (s *proofServer) signed(op, body string) []byte {
	at := time.Now().UTC().Format("20060102T150405Z")
	headers := [][2]string{{"amz-sdk-invocation-id", "2e5891a3-c964-448c-9f6c-2d1c7d1054b5"}, {"amz-sdk-request", "attempt=1; max=1"},
		{"content-length", strconv.Itoa(len(body))}, {"content-type", "application/x-amz-json-1.1"}, {"host", s.addr}, {"x-amz-date", at}, {"x-amz-target", "TrentService." + op}}
	var canonical, names, wire strings.Builder
	for i, h := range headers {
		canonical.WriteString(h[0] + ":" + h[1] + "\n")
		wire.WriteString(h[0] + ": " + h[1] + "\r\n")
		if i > 0 {
			names.WriteByte(';')
		}
		names.WriteString(h[0])
	}
	scope := at[:8] + "/us-east-1/kms/aws4_request"
	request := "POST\n/\n\n" + canonical.String() + "\n" + names.String() + "\n" + hexDigest(body)
	key := []byte("AWS4" + proofSecret)
	for _, part := range append(strings.Split(scope, "/"), "AWS4-HMAC-SHA256\n"+at+"\n"+scope+"\n"+hexDigest(request)) {
		key = hmacOf(key, part)
	}
	return []byte("POST / HTTP/1.1\r\n" + wire.String() + "User-Agent: aws-sdk-go-v2/1.47.7 ua/2.1 os/linux lang/go#1.26 md/GOOS#linux md/GOARCH#amd64 api/kms#1.62.4\r\n" +
		"Accept-Encoding: gzip\r\nAuthorization: AWS4-HMAC-SHA256 Credential=" + proofID + "/" + scope + ", SignedHeaders=" + names.String() +
		", Signature=" + hex.EncodeToString(key) + "\r\n\r\n" + body)
}

func hexDigest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func hmacOf(key []byte, s string) []byte {
	h := hmac.New(sha256.New, key)
	_, _ = io.WriteString(h, s)
	return h.Sum(nil)
}

// proofConn is one connection that sends bytes made before, so that the client
// costs little.
type proofConn struct {
	net.Conn
	read *bufio.Reader
	body []byte
}

func (s *proofServer) dial() (*proofConn, error) {
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		return nil, err
	}
	return &proofConn{Conn: c, read: bufio.NewReader(c)}, nil
}

// do sends a request and returns status and body; the body is overwritten by
// the next.
func (c *proofConn) do(request []byte) (status int, body []byte, err error) {
	if _, err := c.Write(request); err != nil {
		return 0, nil, err
	}
	length := 0
	for first := true; ; first = false {
		line, err := c.read.ReadSlice('\n')
		if err != nil {
			return 0, nil, err
		}
		text := strings.TrimRight(string(line), "\r\n")
		if first {
			if _, err := fmt.Sscanf(text, "HTTP/1.1 %d", &status); err != nil {
				return 0, nil, fmt.Errorf("status line %q", text)
			}
			continue
		}
		if text == "" {
			break
		}
		if name, value, _ := strings.Cut(text, ":"); strings.EqualFold(name, "Content-Length") {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return 0, nil, err
			}
		}
	}
	if cap(c.body) < length {
		c.body = make([]byte, length)
	}
	c.body = c.body[:length]
	_, err = io.ReadFull(c.read, c.body)
	return status, c.body, err
}
