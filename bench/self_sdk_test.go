//go:build unix

package bench

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
)

// childMode makes this test binary do something else than testing.
const childMode = "KMSMAC_TEST_CHILD"

func TestMain(m *testing.M) {
	switch mode, what, _ := strings.Cut(os.Getenv(childMode), "="); mode {
	case "":
		os.Exit(m.Run())
	case "null":
		os.Exit(serveNullChild())
	case "emulator":
		os.Exit(serveEmulatorChild(what))
	case "self":
		flag.Parse() // testing.Benchmark reads the flags
		os.Exit(benchSelf(os.Stdout, what))
	}
	fmt.Fprintln(os.Stderr, "unknown "+childMode)
	os.Exit(2)
}

// untilEOF returns a context that ends when standard input does: the parent has
// closed it, or died.
func untilEOF() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = bufio.NewReader(os.Stdin).ReadByte()
		cancel()
	}()
	return ctx, cancel
}

func serveNullChild() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("http://" + l.Addr().String())
	ctx, cancel := untilEOF()
	defer cancel()
	if err := ServeNull(ctx, l); err != nil {
		return 1
	}
	return 0
}

// child is this binary in another mode. Its first line is the URL it serves.
type child struct {
	url   string
	in    io.Closer
	lines *bufio.Reader
	cmd   *exec.Cmd
}

func startSelf(mode string) (*child, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childMode+"="+mode)
	cmd.Stderr = os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{in: in, lines: bufio.NewReader(out), cmd: cmd}
	line, err := c.lines.ReadString('\n')
	c.url = strings.TrimSpace(line)
	return c, err
}

// end closes the child's input, reads what it says last, and waits for it.
func (c *child) end() (last string, err error) {
	err = c.in.Close()
	raw, readErr := io.ReadAll(c.lines)
	return string(raw), errors.Join(err, readErr, c.cmd.Wait())
}

// checking verifies each tag with the engine, as a run on imported keys does;
// the null responder's tags cannot be right, so only the time counts.
type checking struct {
	target.Target
	key *engine.Key
}

func (c checking) GenerateMac(ctx context.Context, req target.GenerateMacRequest) (target.GenerateMacReply, error) {
	reply, err := c.Target.GenerateMac(ctx, req)
	c.key.Verify(req.Message, reply.Tag)
	return reply, err
}

const selfConcurrency = 16

// bareLoop is the peer: nothing but the SDK in as many goroutines.
func bareLoop(client *kms.Client, d time.Duration) (perRequest time.Duration, err error) {
	before, end := cpuTime(), time.Now().Add(d)
	counts, errs := make([]int64, selfConcurrency), make([]error, selfConcurrency)
	var wg sync.WaitGroup
	msg := make([]byte, 32)
	for i := range counts {
		wg.Go(func() {
			for time.Now().Before(end) && errs[i] == nil {
				_, errs[i] = client.GenerateMac(context.Background(), &kms.GenerateMacInput{
					KeyId: aws.String("null"), MacAlgorithm: types.MacAlgorithmSpecHmacSha256, Message: msg,
				})
				counts[i]++
			}
		})
	}
	wg.Wait()
	var n int64
	for _, c := range counts {
		n += c
	}
	return (cpuTime() - before) / time.Duration(max(n, 1)), errors.Join(errs...)
}

// harnessLoop is the whole harness in a closed loop against a null responder:
// CPU time a request, records included.
func harnessLoop(t target.Target, d time.Duration) (perRequest time.Duration, err error) {
	p := Plan{Concurrency: selfConcurrency, Duration: d, Warmup: NoTime, Workload: Workload{Generate: 1}}.WithDefaults()
	keys, err := nullKeys(p)
	if err != nil {
		return 0, err
	}
	r, err := newRunner(t, p, keys, newBudget(p, Estimate{}))
	if err != nil {
		return 0, err
	}
	before := cpuTime()
	r.run(context.Background(), func() { r.col.take() })
	r.col.take()
	used := cpuTime() - before
	n := &r.col.classes[0].counts
	if n.sent() == 0 || n.sent() > n.outcomes[succeeded] {
		return 0, fmt.Errorf("%d of %d requests failed: %v", n.sent()-n.outcomes[succeeded], n.sent(), n.errors)
	}
	return used / time.Duration(n.sent()), nil
}

func bareClient(url string) *kms.Client {
	return kms.New(kms.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(url), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		Retryer: aws.NopRetryer{}, HTTPClient: &http.Client{Transport: &http.Transport{MaxIdleConns: 100, MaxIdleConnsPerHost: 100}},
	})
}

func median(v []float64) float64 { return results.Quantile(v, 0.5) }
