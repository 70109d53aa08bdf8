package conformance

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/kmsmac/kmsmac/target"
)

// scrubber takes out of exchanges what a record must not hold: what signs
// requests, tokens, wrapped and plain material, account ids, and names that
// belong to somebody else. What it takes out once it takes out wherever it
// comes back, in text, hexadecimal and Base64.
type scrubber struct {
	accounts map[string]bool    // the account under test, learned from answers
	signing  secrets            // access keys and session tokens, of all requests
	once     secrets            // signatures of the request at hand
	byLabel  map[string]secrets // of what is under way
	tokens   secrets            // those of the label at hand
	numbers  numbers            // of the values that were blotted out
	host     string             // this machine, as the tags of keys name it
}

// secrets are texts to take out, with their spellings.
type secrets map[string][][]byte

func newScrubber() *scrubber {
	return &scrubber{accounts: map[string]bool{}, signing: secrets{}, once: secrets{}, byLabel: map[string]secrets{}, tokens: secrets{}, numbers: numbers{}}
}

// turnTo makes the secrets of a label those that are looked for.
func (s *scrubber) turnTo(label string) {
	clear(s.once)
	if label == cleanUpLabel {
		delete(s.byLabel, label)
	}
	if s.byLabel[label] == nil {
		s.byLabel[label] = secrets{}
	}
	s.tokens = s.byLabel[label]
}

// forget drops the secrets of a case that has ended.
func (s *scrubber) forget(label string) {
	delete(s.byLabel, label)
	s.tokens = secrets{}
}

// maskedAccount stands for the account under test in records.
const maskedAccount = "000000000000"

// secretMembers are the members whose values a record leaves out, at any depth.
var secretMembers = map[string]bool{
	"ImportToken": true, "EncryptedKeyMaterial": true, "GrantToken": true, "GrantTokens": true,
	"Plaintext": true, "PrivateKeyPlaintext": true, "SharedSecret": true,
}

// secretHeaders are left out whole.
var secretHeaders = map[string]bool{
	"Authorization": true, "X-Amz-Security-Token": true, "Cookie": true, "Set-Cookie": true, "Proxy-Authorization": true,
}

// exchange returns the exchange as it may be kept.
func (s *scrubber) exchange(st step, ex target.Exchange) *recordedExchange {
	s.turnTo(st.label)
	s.learnSigning(ex.RequestHeader)
	request, response := s.members(ex.RequestBody), s.members(ex.ResponseBody)
	s.learnAccounts(ex)
	nth := st.nth
	x := &recordedExchange{
		Operation: st.operation, Nth: &nth, Try: st.try, Region: ex.Region, Sent: ex.Sent.UTC(), Done: ex.Done.UTC(),
		Attempts: ex.Attempts, Verified: ex.Verified, Proto: ex.Proto, Method: ex.Method, URL: s.url(ex.URL),
	}
	x.Row, x.Shared = splitLabel(st.label)
	if ex.Method != "" || len(ex.RequestBody) > 0 {
		x.Request = &recordedMessage{Headers: s.headers(ex.RequestHeader)}
		x.Request.setBody(s.bytes(request))
	}
	if ex.Status != 0 {
		x.Response = &recordedMessage{Status: ex.Status, Headers: s.headers(ex.ResponseHeader)}
		x.Response.setBody(s.bytes(foreignNames(ex.Operation, response, request)))
	}
	return x
}

// members blots out the secret members of a body, keeping every other byte,
// and remembers what they were.
func (s *scrubber) members(body []byte) []byte {
	return editStrings(body, func(path []string, value string) (string, bool) {
		if path[len(path)-1] == "TagValue" && value == s.host && value != "" {
			return "masked", true
		}
		if !slices.ContainsFunc(path, func(m string) bool { return secretMembers[m] }) {
			return value, false
		}
		learn(s.tokens, value)
		return blot(value, s.numbers.of(value)), true
	})
}

// numbers tell values apart by the order in which they came.
type numbers map[[sha256.Size]byte]int

func (n numbers) of(value string) int {
	id := sha256.Sum256([]byte(value))
	if n[id] == 0 {
		n[id] = len(n) + 1
	}
	return n[id]
}

// blot is a text of the same length and kind that says what happened; equal
// values give equal texts.
func blot(value string, number int) string {
	word := fmt.Sprintf("removed %d ", number)
	if raw, err := base64.StdEncoding.DecodeString(value); err == nil {
		return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(word, len(raw)/len(word)+1)[:len(raw)]))
	}
	return strings.Repeat(word, len(value)/len(word)+1)[:len(value)]
}

var credentialPart = regexp.MustCompile(`Credential=([^/,\s]+)|Signature=([0-9A-Za-z+/=]+)`)

// learnSigning remembers what signed a request: services quote it in errors.
func (s *scrubber) learnSigning(h http.Header) {
	for name, values := range h {
		if !secretHeaders[http.CanonicalHeaderKey(name)] {
			continue
		}
		for _, v := range values {
			learn(s.once, v)
			for _, m := range credentialPart.FindAllStringSubmatch(v, -1) {
				learn(s.signing, m[1])
				learn(s.once, m[2])
			}
			if http.CanonicalHeaderKey(name) == "X-Amz-Security-Token" {
				learn(s.signing, v)
			}
		}
	}
}

// leastSecret is the shortest text that is looked for: a shorter one would be
// found in anything.
const leastSecret = 8

func learn(known secrets, value string) {
	if len(value) < leastSecret || known[value] != nil {
		return
	}
	known[value] = spellings([]byte(value))
	if raw, err := base64.StdEncoding.DecodeString(value); err == nil && len(raw) >= leastSecret {
		known[value] = append(known[value], spellings(raw)...)
	}
}

// spellings are the forms in which b may stand in a text: raw, hexadecimal,
// and Base64 at each of the three places where a longer text may hold it.
func spellings(b []byte) [][]byte {
	digits := []byte(hex.EncodeToString(b))
	out := [][]byte{slices.Clone(b), digits, bytes.ToUpper(digits)}
	for shift := range 3 {
		padded := append(make([]byte, shift), b...)
		whole := len(padded) / 3 * 4 // what follows b cannot change these
		skip := []int{0, 2, 3}[shift]
		for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			if core := enc.EncodeToString(padded)[:whole]; len(core) >= skip+leastSecret {
				out = append(out, []byte(core[skip:]))
			}
		}
	}
	return out
}

var (
	accountInAnswer = regexp.MustCompile(`arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:([0-9]{12}):|"AWSAccountId"\s*:\s*"([0-9]{12})"`)
	principalName   = regexp.MustCompile(`(arn:[a-z-]+:(?:iam|sts)::[0-9]{12}:(?:user|role|assumed-role|federated-user)/)[^\s"\\',]+`)
)

// learnAccounts takes an account that an answer names, and its request did
// not, for the one under test.
func (s *scrubber) learnAccounts(ex target.Exchange) {
	for _, m := range accountInAnswer.FindAllSubmatch(ex.ResponseBody, -1) {
		account := string(m[1]) + string(m[2])
		if account != maskedAccount && !bytes.Contains(ex.RequestBody, []byte(account)) {
			s.accounts[account] = true
		}
	}
}

var removed = []byte("[removed]")

// bytes takes out of a text all that was learned.
func (s *scrubber) bytes(b []byte) []byte {
	for _, known := range []secrets{s.tokens, s.signing, s.once} {
		for _, forms := range known {
			for _, form := range forms {
				b = replaceAll(b, form, removed)
			}
		}
	}
	for account := range s.accounts {
		for i, form := range spellings([]byte(account)) {
			with := removed
			if i == 0 {
				with = []byte(maskedAccount)
			}
			b = replaceAll(b, form, with)
		}
	}
	if !bytes.Contains(b, []byte("arn:")) {
		return b
	}
	return principalName.ReplaceAllFunc(b, func(m []byte) []byte {
		return append(principalName.FindSubmatch(m)[1], "masked"...)
	})
}

// replaceAll copies nothing when there is nothing to replace.
func replaceAll(b, old, with []byte) []byte {
	if !bytes.Contains(b, old) {
		return b
	}
	return bytes.ReplaceAll(b, old, with)
}

func (s *scrubber) text(t string) string { return string(s.bytes([]byte(t))) }

func (s *scrubber) headers(h http.Header) map[string][]string {
	out := map[string][]string{}
	for name, values := range h {
		if secretHeaders[http.CanonicalHeaderKey(name)] {
			continue
		}
		for _, v := range values {
			out[name] = append(out[name], s.text(v))
		}
	}
	return out
}

// url drops what presigned requests have in their query.
func (s *scrubber) url(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	u.User = nil
	query := u.Query()
	for name := range query {
		if strings.HasPrefix(strings.ToLower(name), "x-amz-") {
			query.Del(name)
		}
	}
	u.RawQuery = query.Encode()
	return s.text(u.String())
}

// foreignNames masks the aliases in a list that the run did not make: they
// are somebody's.
func foreignNames(operation string, body, request []byte) []byte {
	if operation != "ListAliases" {
		return body
	}
	return editStrings(body, func(path []string, value string) (string, bool) {
		at := strings.Index(value, "alias/")
		last := path[len(path)-1]
		if last != "AliasName" && last != "AliasArn" || at < 0 {
			return value, false
		}
		name := value[at:]
		if strings.HasPrefix(name, "alias/aws/") || strings.HasPrefix(name, "alias/kmsmac-") || bytes.Contains(request, []byte(name)) {
			return value, false
		}
		return value[:at] + "alias/masked", true
	})
}
