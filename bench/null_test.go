package bench

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awskms"
)

// startNull serves until the test ends and returns the URL.
func startNull(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- ServeNull(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the null responder ended with %v", err)
		}
	})
	return "http://" + l.Addr().String()
}

func TestNullResponder(t *testing.T) {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	base := startNull(t)
	for _, tc := range []struct {
		name, op, body string
		chunked        bool
		want           string // in the answer; "" is a closed connection
	}{
		{"generate", "GenerateMac", `{"KeyId":"k","Message":"AAAA","MacAlgorithm":"HMAC_SHA_224"}`, false, `"Mac":"` + strings.Repeat("A", 38) + `==","MacAlgorithm":"HMAC_SHA_224"`},
		{"verify", "VerifyMac", `{"MacAlgorithm":"HMAC_SHA_512"}`, false, `"MacValid":true`},
		{"another operation", "CreateKey", `{"MacAlgorithm":"HMAC_SHA_512"}`, false, "UnknownOperationException"},
		{"no algorithm", "GenerateMac", `{}`, false, "UnknownOperationException"},
		{"an algorithm that is cut off", "GenerateMac", `HMAC_SHA_51`, false, "UnknownOperationException"},
		{"unknown algorithm", "GenerateMac", `HMAC_SHA_999`, false, "UnknownOperationException"},
		{"longest body", "GenerateMac", `HMAC_SHA_256` + strings.Repeat(" ", maxNullBody-12), false, "HMAC_SHA_256"},
		{"body too long", "GenerateMac", `HMAC_SHA_256` + strings.Repeat(" ", maxNullBody-11), false, ""},
		{"chunked", "GenerateMac", `HMAC_SHA_256`, true, ""},
	} {
		var body io.Reader = strings.NewReader(tc.body)
		if tc.chunked {
			body = struct{ io.Reader }{body}
		}
		req, err := http.NewRequest(http.MethodPost, base, body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Amz-Target", "TrentService."+tc.op)
		resp, err := client.Do(req)
		if tc.want == "" {
			if err == nil {
				t.Errorf("%s: answered %s", tc.name, resp.Status)
				_ = resp.Body.Close()
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		got, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if !strings.Contains(string(got), tc.want) || (resp.StatusCode == 200) == strings.Contains(tc.want, "Unknown") {
			t.Errorf("%s: %s %s, want %s", tc.name, resp.Status, got, tc.want)
		}
	}
}

func TestReadNullDoesNotAllocate(t *testing.T) {
	const req = "POST / HTTP/1.1\r\nHost: h\r\ncontent-LENGTH: 31\r\nX-Amz-Target: TrentService.VerifyMac\r\nAuthorization: a b c\r\n\r\n{\"MacAlgorithm\":\"HMAC_SHA_384\"}"
	src := strings.NewReader("")
	in := bufio.NewReaderSize(src, 64<<10)
	n := testing.AllocsPerRun(100, func() {
		src.Reset(req)
		in.Reset(src)
		if got, err := readNull(in); err != nil || got != (nullRequest{true, "384"}) {
			t.Fatalf("%+v, %v", got, err)
		}
	})
	if n > 0 {
		t.Errorf("%v allocations for a request, want none", n)
	}
}

func FuzzReadNull(f *testing.F) {
	f.Add("POST / HTTP/1.1\r\nContent-Length: 12\r\nX-Amz-Target: .GenerateMac\r\n\r\nHMAC_SHA_256")
	f.Add("\n\n\n")
	f.Add("Content-Length: -1\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		in := bufio.NewReaderSize(strings.NewReader(text), 64<<10)
		for range 10 {
			if _, err := readNull(in); err != nil {
				return
			}
		}
	})
}

// The SDK's road, a tenth of a second for each half.
func TestCalibrateThroughTheSDK(t *testing.T) {
	c, err := awskms.New(t.Context(), awskms.Options{Endpoint: startNull(t), Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	p := Plan{Workload: Workload{KeySpecs: []string{"HMAC_224", "HMAC_512"}, CorruptShare: 0.5}}
	floor, err := calibrate(t.Context(), c, p, 1, 100*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	ceiling, err := calibrate(t.Context(), c, p, 8, 100*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if f, n := floor.service.ValueAtQuantile(50), ceiling.service.TotalCount(); f <= 0 || n < 8 || ceiling.span != 100*time.Millisecond {
		t.Errorf("floor %d ns, %d requests in %v", f, n, ceiling.span)
	}
}

func TestCalibrateRefusesWhatIsNoNullResponder(t *testing.T) {
	if _, err := Calibrate(t.Context(), newFake(), Plan{}); err == nil || !strings.Contains(err.Error(), "not_found") {
		t.Errorf("%v, want an error that says what was answered", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Calibrate(ctx, newFake(), Plan{}); err == nil {
		t.Error("a calibration that was cancelled is no error")
	}
	if _, err := Calibrate(t.Context(), newFake(), Plan{Workers: -1}); err == nil {
		t.Error("a plan that is not valid is no error")
	}
}

// zeros is a null responder in process.
type zeros struct{ *fakeKMS }

func (zeros) GenerateMac(_ context.Context, req target.GenerateMacRequest) (target.GenerateMacReply, error) {
	time.Sleep(2 * time.Millisecond)
	return target.GenerateMacReply{Tag: make([]byte, req.Algorithm.Size())}, nil
}

func (zeros) VerifyMac(context.Context, target.VerifyMacRequest) (target.VerifyMacReply, error) {
	time.Sleep(2 * time.Millisecond)
	return target.VerifyMacReply{Valid: true}, nil
}

func TestCalibrationFindsFloorAndCeiling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got, err := Calibrate(t.Context(), zeros{newFake()}, Plan{Concurrency: 10})
		if err != nil {
			t.Fatal(err)
		}
		want := results.Calibration{Client: "fake", CeilingPerSecond: 5000, Concurrency: 10}
		p := equivalent(2 * time.Millisecond)
		want.Floor = results.Latency{P50: p, P90: p, P99: p, P999: p, Max: p}
		if *got != want {
			t.Errorf("%+v, want %+v", *got, want)
		}
	})
}

func TestACalibratedRunIsLabelled(t *testing.T) {
	for _, tc := range []struct {
		ceiling float64
		want    bool
	}{{167, false}, {166, true}} { // 100/s are 60 % of 166.7
		p := Plan{Arrivals: Arrivals{Rate: 100}, Duration: 10 * time.Second, Warmup: NoTime}
		cal := &results.Calibration{CeilingPerSecond: tc.ceiling}
		bubble(t, p, Options{Calibration: cal}, nil, func(_ *fakeKMS, rep *Report, err error) {
			if err != nil || slices.Contains(rep.Loads[0].Labels, GeneratorLimited) != tc.want || rep.Loads[0].Calibration != cal {
				t.Errorf("ceiling %v: labels %v, %v, want generator_limited %v", tc.ceiling, rep.Loads[0].Labels, err, tc.want)
			}
		})
	}
}
