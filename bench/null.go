package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"

	"github.com/kmsmac/kmsmac/engine"
)

// ServeNull answers GenerateMac and VerifyMac over HTTP/1.1 on l as fast as it
// can, without looking at keys, signatures or messages: every tag is all zero
// bytes, every tag is valid. What a client takes against it is the client's
// own. It is for calibration, on loopback only, best in a process of its own.
//
// It returns after ctx has ended, when l and all connections are closed, or
// when l fails.
func ServeNull(ctx context.Context, l net.Listener) error {
	s := &nullServer{open: map[net.Conn]struct{}{}}
	stop := context.AfterFunc(ctx, func() {
		_ = l.Close()
		s.close()
	})
	defer stop()
	var conns sync.WaitGroup
	defer conns.Wait()
	defer s.close()
	for {
		c, err := l.Accept()
		if err != nil && ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("bench: null responder: %w", err)
		}
		if s.keep(c) {
			conns.Go(func() { s.serve(c) })
		}
	}
}

// nullServer keeps the open connections, so that it can close them.
type nullServer struct {
	mu     sync.Mutex
	open   map[net.Conn]struct{}
	closed bool
}

func (s *nullServer) keep(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = c.Close()
		return false
	}
	s.open[c] = struct{}{}
	return true
}

func (s *nullServer) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for c := range s.open {
		_ = c.Close()
	}
}

// serve answers requests until the client goes away or sends what is not a
// request.
func (s *nullServer) serve(c net.Conn) {
	defer func() {
		s.mu.Lock()
		delete(s.open, c)
		s.mu.Unlock()
		_ = c.Close()
	}()
	answers := nullAnswers()
	in := bufio.NewReaderSize(c, 64<<10)
	for {
		req, err := readNull(in)
		if err != nil {
			return
		}
		if _, err := c.Write(answers[req]); err != nil || req == nullUnknown {
			return
		}
	}
}

// nullRequest is all that the responder takes from a request.
type nullRequest struct {
	verify bool
	bits   string // of the hash: "224" to "512"
}

// nullUnknown is a request for anything else; the connection ends after its
// answer.
var nullUnknown = nullRequest{}

// maxNullBody is more than the longest message takes in Base64.
const maxNullBody = 32 << 10

var errNull = errors.New("not a request for the null responder")

// readNull reads one request without allocating. in must have room for a whole
// body.
func readNull(in *bufio.Reader) (nullRequest, error) {
	length, verify, known := -1, false, false
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return nullUnknown, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if v, ok := headerValue(line, "content-length"); ok {
			if length, err = strconv.Atoi(string(v)); err != nil || length < 0 || length > maxNullBody {
				return nullUnknown, errNull
			}
		} else if v, ok := headerValue(line, "x-amz-target"); ok {
			verify = bytes.HasSuffix(v, []byte(".VerifyMac"))
			known = verify || bytes.HasSuffix(v, []byte(".GenerateMac"))
		}
	}
	if length < 0 {
		return nullUnknown, errNull // chunked, or not a POST
	}
	body, err := in.Peek(length)
	if err != nil {
		return nullUnknown, err
	}
	req := nullRequest{verify: verify, bits: hashBits(body)}
	if _, err := in.Discard(length); err != nil {
		return nullUnknown, err
	}
	if !known || req.bits == "" {
		return nullUnknown, nil
	}
	return req, nil
}

// headerValue returns the value of a header line if it has that name.
func headerValue(line []byte, name string) ([]byte, bool) {
	if len(line) <= len(name) || line[len(name)] != ':' || !strings.EqualFold(string(line[:len(name)]), name) {
		return nil, false
	}
	return bytes.TrimSpace(line[len(name)+1:]), true
}

// hashBits finds the algorithm; its name stands nowhere else in a body.
func hashBits(body []byte) string {
	const prefix = "HMAC_SHA_"
	i := bytes.Index(body, []byte(prefix))
	if i < 0 || len(body) < i+len(prefix)+3 {
		return ""
	}
	switch bits := body[i+len(prefix):][:3]; string(bits) {
	case "224":
		return "224"
	case "256":
		return "256"
	case "384":
		return "384"
	case "512":
		return "512"
	}
	return ""
}

// nullAnswers holds the response to every request.
func nullAnswers() map[nullRequest][]byte {
	out := map[nullRequest][]byte{nullUnknown: nullResponse("400 Bad Request\r\nConnection: close", `{"__type":"UnknownOperationException"}`)}
	for _, alg := range engine.Algorithms() {
		bits := strings.TrimPrefix(alg.String(), "HMAC_SHA_")
		tag := base64.StdEncoding.EncodeToString(nullTag(alg))
		out[nullRequest{false, bits}] = nullResponse("200 OK", fmt.Sprintf(`{"KeyId":"null","Mac":%q,"MacAlgorithm":%q}`, tag, alg))
		out[nullRequest{true, bits}] = nullResponse("200 OK", fmt.Sprintf(`{"KeyId":"null","MacAlgorithm":%q,"MacValid":true}`, alg))
	}
	return out
}

func nullResponse(status, body string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 %s\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amzn-Requestid: 00000000-0000-0000-0000-000000000000\r\nContent-Length: %d\r\n\r\n%s",
		status, len(body), body)
}

// nullTag is the responder's tag of every message.
func nullTag(alg engine.Algorithm) []byte { return make([]byte, alg.Size()) }
