//go:build unix

package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/internal/proof"
)

// answerKeys are the known keys of the run that looks for wrong answers.
const answerKeys = 64

func answerKey(i int) (id string, secret []byte) {
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", i), bytes.Repeat([]byte{byte(i + 1)}, 32)
}

// expected is a request with the answer it must get.
type expected struct {
	op, body string
	request  []byte
	status   int
	contains string
}

// proveAnswers sends n requests for keys with known material while other keys
// are created, disabled, enabled and deleted beside them, and compares every
// answer with what it must be.
func proveAnswers(t *testing.T, n int) proof.Row {
	t.Helper()
	s := startProofEmulator(t, "--seed-file", answerSeed(t))
	var sent, lost, wrong atomic.Int64
	check := func(c *proofConn, e *expected) bool {
		sent.Add(1)
		status, body, err := c.do(e.request)
		switch {
		case err != nil:
			lost.Add(1)
			t.Errorf("lost: %v", err)
			return false
		case status != e.status || !bytes.Contains(body, []byte(e.contains)):
			wrong.Add(1)
			t.Errorf("%s %s: got %d %s, want %d with %s", e.op, e.body, status, body, e.status, e.contains)
		}
		return wrong.Load() < 10
	}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			c, err := s.dial()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			if i%4 == 3 {
				s.churn(t, c, func() bool { return sent.Load() < int64(n) }, check)
				return
			}
			rng := rand.New(rand.NewPCG(7, uint64(i)))
			list := answers(rng)
			signedAt := time.Time{}
			for k := 0; sent.Load() < int64(n); k++ {
				if time.Since(signedAt) > time.Minute { // signatures hold for five
					for j := range list {
						list[j].request = s.signed(list[j].op, list[j].body)
					}
					signedAt = time.Now()
				}
				if !check(c, &list[k%len(list)]) {
					return
				}
			}
		})
	}
	wg.Wait()
	return proof.Row{Name: "emulator-answers", Figure: fmt.Sprintf("%d lost, %d wrong of %d", lost.Load(), wrong.Load(), sent.Load()),
		Goal: fmt.Sprintf("0 of %d", n), Met: lost.Load() == 0 && wrong.Load() == 0 && sent.Load() >= int64(n)}
}

func answerSeed(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("keys:\n")
	for i := range answerKeys {
		id, secret := answerKey(i)
		fmt.Fprintf(&b, "  - {id: %s, material: %s}\n", id, base64.StdEncoding.EncodeToString(secret))
	}
	path := filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// answers draws requests whose answers are known: tags, tags that are right,
// tags that are not.
func answers(rng *rand.Rand) []expected {
	list := make([]expected, 0, 600)
	for range 200 {
		id, secret := answerKey(rng.IntN(answerKeys))
		message := make([]byte, 1+rng.IntN(300))
		for i := range message {
			message[i] = byte(rng.Uint32())
		}
		tag := hmacOf(secret, string(message))
		tag64 := base64.StdEncoding.EncodeToString(tag)
		head := fmt.Sprintf(`{"KeyId":%q,"MacAlgorithm":"HMAC_SHA_256","Message":%q`, id, base64.StdEncoding.EncodeToString(message))
		tag[rng.IntN(len(tag))] ^= 1 << rng.IntN(8)
		list = append(list, expected{op: "GenerateMac", body: head + "}", status: 200, contains: `"Mac":"` + tag64 + `"`},
			expected{op: "VerifyMac", body: head + `,"Mac":"` + tag64 + `"}`, status: 200, contains: `"MacValid":true`},
			expected{op: "VerifyMac", body: head + `,"Mac":"` + base64.StdEncoding.EncodeToString(tag) + `"}`, status: 400, contains: "KMSInvalidMacException"})
	}
	return list
}

// churn makes, disables, enables and deletes keys of its own: what each step
// answers is known, because nobody else touches them.
func (s *proofServer) churn(t *testing.T, c *proofConn, more func() bool, check func(*proofConn, *expected) bool) {
	for more() {
		status, body, err := c.do(s.signed("CreateKey", `{"KeySpec":"HMAC_256","KeyUsage":"GENERATE_VERIFY_MAC"}`))
		_, rest, found := bytes.Cut(body, []byte(`"KeyId":"`))
		if err != nil || status != 200 || !found {
			t.Errorf("CreateKey: %d %s, %v", status, body, err)
			return
		}
		id := string(rest[:36])
		key := fmt.Sprintf(`{"KeyId":%q`, id)
		mac := key + `,"Message":"bQ==","MacAlgorithm":"HMAC_SHA_256"}`
		for _, e := range []expected{
			{op: "GenerateMac", body: mac, status: 200, contains: `"Mac":"`},
			{op: "DisableKey", body: key + "}", status: 200},
			{op: "GenerateMac", body: mac, status: 400, contains: `"DisabledException"`},
			{op: "EnableKey", body: key + "}", status: 200},
			{op: "GenerateMac", body: mac, status: 200, contains: `"Mac":"`},
			{op: "ScheduleKeyDeletion", body: key + `,"PendingWindowInDays":7}`, status: 200, contains: `"PendingDeletion"`},
			{op: "GenerateMac", body: mac, status: 400, contains: `"KMSInvalidStateException"`},
			{op: "DescribeKey", body: key + "}", status: 200, contains: `"Enabled":false`},
		} {
			e.request = s.signed(e.op, e.body)
			if !check(c, &e) {
				return
			}
		}
	}
}
