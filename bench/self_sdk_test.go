//go:build unix

package bench

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awskms"
)

// nullChild makes this test binary serve the null responder instead of testing.
const nullChild = "KMSMAC_TEST_NULL_RESPONDER"

func TestMain(m *testing.M) {
	if os.Getenv(nullChild) == "" {
		os.Exit(m.Run())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(l.Addr())
	ctx, cancel := context.WithCancel(context.Background())
	go func() { // the parent's end closes stdin
		_, _ = bufio.NewReader(os.Stdin).ReadByte()
		cancel()
	}()
	if err := ServeNull(ctx, l); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// startNullProcess serves from a process of its own, so that its CPU time is
// not in the figures.
func startNullProcess(b *testing.B) string {
	b.Helper()
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), nullChild+"=1")
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err1 != nil || err2 != nil || cmd.Start() != nil {
		b.Fatal("the null responder did not start")
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return "http://" + strings.TrimSpace(line)
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
func bareLoop(b *testing.B, client *kms.Client, d time.Duration) (perRequest time.Duration) {
	b.Helper()
	before, end := cpuTime(), time.Now().Add(d)
	counts := make([]int64, selfConcurrency)
	var wg sync.WaitGroup
	msg := make([]byte, 32)
	for i := range counts {
		wg.Go(func() {
			for time.Now().Before(end) {
				_, err := client.GenerateMac(context.Background(), &kms.GenerateMacInput{
					KeyId: aws.String("null"), MacAlgorithm: types.MacAlgorithmSpecHmacSha256, Message: msg,
				})
				if err != nil {
					b.Error(err)
					return
				}
				counts[i]++
			}
		})
	}
	wg.Wait()
	var n int64
	for _, c := range counts {
		n += c
	}
	return (cpuTime() - before) / time.Duration(max(n, 1))
}

func harnessLoop(b *testing.B, t target.Target, d time.Duration) (perRequest time.Duration) {
	b.Helper()
	before := cpuTime()
	c, err := calibrate(context.Background(), t, Plan{Workload: Workload{Generate: 1}}, selfConcurrency, d*5/6)
	if err != nil {
		b.Fatal(err)
	}
	// A sixth is warm-up and not counted: only the rate is known there.
	n := float64(c.service.TotalCount()) * 6 / 5
	return time.Duration(float64(cpuTime()-before) / n)
}

// BenchmarkAgainstBareSDK compares CPU time per request of the harness, records
// and verification included, with a bare loop over the same SDK: 60
// interleaved pairs. Run it with -benchtime 1x.
func BenchmarkAgainstBareSDK(b *testing.B) {
	url := startNullProcess(b)
	ours, err := awskms.New(context.Background(), awskms.Options{Endpoint: url, Region: "us-east-1", MaxConnections: selfConcurrency})
	if err != nil {
		b.Fatal(err)
	}
	defer ours.Close()
	key, err := engine.NewKey(engine.HMACSHA256, make([]byte, 32))
	if err != nil {
		b.Fatal(err)
	}
	bare := kms.New(kms.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(url), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		Retryer: aws.NopRetryer{}, HTTPClient: &http.Client{Transport: &http.Transport{MaxIdleConns: 100, MaxIdleConnsPerHost: 100}},
	})
	const round = 300 * time.Millisecond
	harnessLoop(b, checking{ours, key}, round)
	bareLoop(b, bare, round)
	for b.Loop() {
		var base, with, ratios []float64
		for i := range 60 {
			var x, y time.Duration
			if i%2 == 0 {
				x, y = bareLoop(b, bare, round), harnessLoop(b, checking{ours, key}, round)
			} else {
				y, x = harnessLoop(b, checking{ours, key}, round), bareLoop(b, bare, round)
			}
			base, with, ratios = append(base, float64(x)), append(with, float64(y)), append(ratios, float64(y)/float64(x))
		}
		b.ReportMetric(median(base), "bare-cpu-ns/request")
		b.ReportMetric(median(with), "harness-cpu-ns/request")
		b.ReportMetric(median(ratios), "ratio")
	}
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}
