package conformance

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/kmsmac/kmsmac/target"
)

// double is a target whose answers a test scripts, operation by operation.
type double struct {
	mu     sync.Mutex
	info   target.Info
	answer func(n int, operation string, params map[string]any) (status int, body string, err error)
	calls  []string
	ctxErr []error // state of the context at each call
}

func (d *double) Info() target.Info { return d.info }
func (d *double) Close() error      { return nil }

func (d *double) GenerateMac(context.Context, target.GenerateMacRequest) (target.GenerateMacReply, error) {
	return target.GenerateMacReply{}, &target.Error{Kind: target.Unsupported, Operation: "GenerateMac"}
}

func (d *double) VerifyMac(context.Context, target.VerifyMacRequest) (target.VerifyMacReply, error) {
	return target.VerifyMacReply{}, &target.Error{Kind: target.Unsupported, Operation: "VerifyMac"}
}

func (d *double) Call(ctx context.Context, operation string, params map[string]any) (target.Exchange, error) {
	d.mu.Lock()
	n := len(d.calls)
	d.calls = append(d.calls, operation)
	d.ctxErr = append(d.ctxErr, ctx.Err())
	d.mu.Unlock()
	status, body, err := d.answer(n, operation, params)
	return target.Exchange{Operation: operation, Status: status, ResponseHeader: http.Header{}, ResponseBody: []byte(body)}, err
}

// count returns how often the operation was called.
func (d *double) count(operation string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, c := range d.calls {
		if c == operation {
			n++
		}
	}
	return n
}

const doubleARN = "arn:aws:kms:us-east-1:111122223333:key/"

// goodAnswer is what a KMS with a tag of zeros answers.
func goodAnswer(operation string, params map[string]any) (int, string, error) {
	switch operation {
	case "CreateKey":
		body, err := json.Marshal(map[string]any{"KeyMetadata": map[string]any{"KeyId": "k1", "Arn": doubleARN + "k1"}})
		return 200, string(body), err
	case "GenerateMac":
		body, err := json.Marshal(map[string]any{
			"KeyId": doubleARN + "k1", "MacAlgorithm": params["MacAlgorithm"], "Mac": make([]byte, 32),
		})
		return 200, string(body), err
	}
	return 200, "{}", nil
}

func good(_ int, operation string, params map[string]any) (int, string, error) {
	return goodAnswer(operation, params)
}
