//go:build unix

package kmsemu

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"
)

// serverEnv makes the test binary a server: bare, or the emulator with
// credentials.
const serverEnv = "KMSEMU_SPEED_SERVER"

func TestMain(m *testing.M) {
	if kind := os.Getenv(serverEnv); kind != "" {
		speedServer(kind)
		return
	}
	os.Exit(m.Run())
}

const cannedReply = `{"KeyId":"arn:aws:kms:us-east-1:000000000000:key/2e5891a3-c964-448c-9f6c-2d1c7d1054b5","Mac":"Weepr2yODwosRoAgEl0/u6rwTlWnLTly43q24IIeTCI=","MacAlgorithm":"HMAC_SHA_256"}`

// speedServer serves on a free port, which it prints, and prints its CPU time
// in microseconds for each line on stdin.
func speedServer(kind string) {
	var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", contentType)
		io.WriteString(w, cannedReply)
	})
	if kind != "bare" {
		e, err := New(Options{Credentials: []Credential{{AccessKeyID: "test", SecretAccessKey: "test"}}})
		if err != nil {
			panic(err)
		}
		h = e
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	go http.Serve(l, h)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			panic(err)
		}
		fmt.Println(time.Duration(u.Utime.Nano() + u.Stime.Nano()).Microseconds())
	}
}

// speedTarget is such a server in a process of its own, with one connection.
type speedTarget struct {
	addr string
	in   io.Writer
	out  *bufio.Scanner
	conn net.Conn
	read *bufio.Reader
	raw  []byte // the request, signed
}

func startSpeed(b *testing.B, kind string, size, keys int) *speedTarget {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serverEnv+"="+kind)
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { in.Close(); cmd.Process.Kill(); cmd.Wait() })
	s := &speedTarget{in: in, out: bufio.NewScanner(out)}
	s.out.Scan()
	s.addr = s.out.Text()
	if s.conn, err = net.Dial("tcp", s.addr); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.conn.Close() })
	s.read = bufio.NewReader(s.conn)
	id := noUUID
	if kind != "bare" {
		for range keys {
			reply := s.do(b, speedRequest("CreateKey", `{"KeySpec":"HMAC_256","KeyUsage":"GENERATE_VERIFY_MAC"}`))
			_, rest, _ := bytes.Cut(reply, []byte(`"KeyId":"`))
			id = string(rest[:36])
		}
	}
	s.raw = speedRequest("GenerateMac", fmt.Sprintf(`{"KeyId":%q,"MacAlgorithm":"HMAC_SHA_256","Message":%q}`, arnOf("us-east-1", id), b64(make([]byte, size))))
	return s
}

// speedRequest is a signed request with the headers of the Go SDK.
func speedRequest(op, body string) []byte {
	c := &client{region: "us-east-1", id: "test", secret: "test", now: time.Now}
	r := c.request(op, body)
	r.Header.Set("Amz-Sdk-Invocation-Id", noUUID)
	r.Header.Set("Amz-Sdk-Request", "attempt=1; max=3")
	r.Header.Set("Accept-Encoding", "gzip")
	r.Header.Set("User-Agent", "aws-sdk-go-v2/1.47.7 ua/2.1 os/linux lang/go#1.26 md/GOOS#linux md/GOARCH#amd64 api/kms#1.62.4")
	c.sign(r, body, "kms")
	var buf bytes.Buffer
	r.Write(&buf)
	return buf.Bytes()
}

func (s *speedTarget) do(b *testing.B, raw []byte) []byte {
	b.Helper()
	s.conn.Write(raw)
	resp, err := http.ReadResponse(s.read, nil)
	if err != nil {
		b.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		b.Fatalf("got %d %s, %v", resp.StatusCode, body, err)
	}
	return body
}

// cpu returns the CPU time of n requests, in microseconds each.
func (s *speedTarget) cpu(b *testing.B, n int) float64 {
	b.Helper()
	used := func() (us float64) {
		fmt.Fprintln(s.in)
		s.out.Scan()
		fmt.Sscan(s.out.Text(), &us)
		return us
	}
	before := used()
	for range n {
		s.do(b, s.raw)
	}
	return (used() - before) / float64(n)
}

// BenchmarkHTTP compares the CPU time of a request with that of a bare handler
// over the same connection, in turns, and fails above 1.5 times.
func BenchmarkHTTP(b *testing.B) {
	for _, size := range []int{64, 4096} {
		for _, keys := range []int{10, 100_000} {
			b.Run(fmt.Sprintf("size=%d/keys=%d", size, keys), func(b *testing.B) {
				bare, emulator := startSpeed(b, "bare", size, 0), startSpeed(b, "emulator", size, keys)
				var base, ours, ratio []float64
				for b.Loop() {
					for range 9 {
						x, y := bare.cpu(b, 1500), emulator.cpu(b, 1500)
						base, ours, ratio = append(base, x), append(ours, y), append(ratio, y/x)
					}
				}
				b.ReportMetric(median(base), "bare-us/req")
				b.ReportMetric(median(ours), "us/req")
				b.ReportMetric(median(ratio), "ratio")
				b.Logf("CPU per request: bare %.1f us, emulator %.1f us, ratio %.2f", median(base), median(ours), median(ratio))
				if m := median(ratio); m > 1.5 {
					b.Errorf("CPU per request: %.2f times the bare handler's, want at most 1.5", m)
				}
			})
		}
	}
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}
