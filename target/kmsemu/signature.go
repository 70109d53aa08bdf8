package kmsemu

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	dateLayout = "20060102T150405Z"
	clockSkew  = 5 * time.Minute // row AU-05
)

// checkSignature verifies a SigV4 signature: clock, signed headers, signature
// (rows AU-04, AU-05, AU-09).
func (e *Emulator) checkSignature(a *authorization, known *knownCredential, r *http.Request, body []byte, now time.Time) error {
	stamp := r.Header.Get("X-Amz-Date")
	at, err := time.Parse(dateLayout, stamp)
	if err != nil {
		return errIncomplete("Date must be in ISO-8601 'basic format'. Got '%s'. See http://en.wikipedia.org/wiki/ISO_8601", stamp)
	}
	if err := checkClock(at, now); err != nil && !e.dev[clockUnchecked] {
		return err
	}
	if a.date != stamp[:8] {
		return errSignature("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s', from '%s'.", a.date, stamp[:8], stamp)
	}
	var room, place [1024]byte // requests of the SDKs fit
	canonical, err := appendCanonical(room[:0], a, r, body)
	if err != nil {
		return err
	}
	toSign := appendToSign(place[:0], a, stamp, canonical)
	var got [sha256.Size]byte
	if len(a.signature) == hex.EncodedLen(len(got)) {
		_, err = hex.Decode(got[:], []byte(a.signature))
	} else {
		err = hex.ErrLength
	}
	if want := e.signingKeys.get(known, a).sign(toSign); err != nil || !hmac.Equal(got[:], want[:]) {
		return errSignature("The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	return nil
}

// checkClock refuses requests signed more than five minutes from now.
func checkClock(at, now time.Time) error {
	now = now.UTC().Truncate(time.Second)
	early, late := now.Add(-clockSkew), now.Add(clockSkew)
	if at.Before(early) {
		return errSignature("Signature expired: %s is now earlier than %s (%s - 5 min.)", at.Format(dateLayout), early.Format(dateLayout), now.Format(dateLayout))
	}
	if at.After(late) {
		return errSignature("Signature not yet current: %s is still later than %s (%s + 5 min.)", at.Format(dateLayout), late.Format(dateLayout), now.Format(dateLayout))
	}
	return nil
}

// appendToSign adds the text that the signature is made of.
func appendToSign(b []byte, a *authorization, stamp string, canonical []byte) []byte {
	for i, part := range [...]string{sigV4, stamp, a.date, a.region, a.service, "aws4_request"} {
		if i > 0 {
			b = append(b, "\n\n///"[i-1])
		}
		b = append(b, part...)
	}
	sum := sha256.Sum256(canonical)
	return hex.AppendEncode(append(b, '\n'), sum[:])
}

// appendCanonical adds the canonical request. The host and every x-amz header
// must be signed.
func appendCanonical(b []byte, a *authorization, r *http.Request, body []byte) ([]byte, error) {
	if !slices.Contains(a.signedHeaders, "host") {
		return nil, errSignature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	for name := range r.Header {
		if len(name) < 6 || !strings.EqualFold(name[:6], "x-amz-") {
			continue
		}
		if !slices.ContainsFunc(a.signedHeaders, func(s string) bool { return strings.EqualFold(s, name) }) {
			return nil, errSignature("'%s' must be a 'SignedHeader' in the AWS Authorization.", strings.ToLower(name))
		}
	}
	b = append(b, r.Method...)
	b = append(b, '\n')
	b = append(b, r.URL.EscapedPath()...)
	b = append(b, '\n')
	b = append(b, canonicalQuery(r)...)
	b = append(b, '\n')
	for _, name := range a.signedHeaders {
		b = append(b, name...)
		b = append(b, ':')
		b = appendHeader(b, r, name)
		b = append(b, '\n')
	}
	b = append(b, '\n')
	for i, name := range a.signedHeaders {
		if i > 0 {
			b = append(b, ';')
		}
		b = append(b, name...)
	}
	b = append(b, '\n')
	sum := sha256.Sum256(body)
	return hex.AppendEncode(b, sum[:]), nil
}

// canonicalQuery sorts the query; requests of this protocol have none.
func canonicalQuery(r *http.Request) string {
	if r.URL.RawQuery == "" {
		return ""
	}
	return strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20")
}

// appendHeader adds the value of a header, runs of spaces made one.
func appendHeader(b []byte, r *http.Request, name string) []byte {
	if name == "host" {
		return append(b, r.Host...)
	}
	for i, v := range headerValues(r.Header, name) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendTrimmed(b, v)
	}
	if name == "content-length" && r.Header["Content-Length"] == nil {
		b = strconv.AppendInt(b, r.ContentLength, 10)
	}
	return b
}

// canonicalNames are the headers that SDKs sign, as net/http spells them.
var canonicalNames = map[string]string{
	"accept-encoding": "Accept-Encoding", "amz-sdk-invocation-id": "Amz-Sdk-Invocation-Id", "amz-sdk-request": "Amz-Sdk-Request",
	"content-type": "Content-Type", "user-agent": "User-Agent", "x-amz-content-sha256": "X-Amz-Content-Sha256", "x-amz-date": "X-Amz-Date",
	"x-amz-security-token": "X-Amz-Security-Token", "x-amz-target": "X-Amz-Target", "x-amz-user-agent": "X-Amz-User-Agent",
}

// headerValues finds a header by its name in lower case, however it is spelled.
func headerValues(h http.Header, name string) []string {
	if values, ok := h[canonicalNames[name]]; ok {
		return values
	}
	for key, values := range h {
		if strings.EqualFold(key, name) {
			return values
		}
	}
	return nil
}

func appendTrimmed(b []byte, v string) []byte {
	if v == strings.TrimSpace(v) && !strings.Contains(v, "  ") {
		return append(b, v...)
	}
	return append(b, strings.Join(strings.Fields(v), " ")...)
}

func hmacSHA256(key []byte, s string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(s))
	return h.Sum(nil)
}

// signingKey signs under a derived key. The hashes under way are kept ready.
type signingKey struct{ hashes sync.Pool }

func newSigningKey(key []byte) *signingKey {
	return &signingKey{sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

func (k *signingKey) sign(text []byte) (signature [sha256.Size]byte) {
	h := k.hashes.Get().(hash.Hash)
	h.Reset()
	h.Write(text)
	h.Sum(signature[:0])
	k.hashes.Put(h)
	return signature
}

// signingKeys remembers derived keys: four HMACs saved for each request. Only
// known credentials, dates within the clock skew and served Regions get here,
// and the keys of past dates are dropped, so it stays small. The zero value is
// empty.
type signingKeys struct {
	mu   sync.RWMutex
	date string // of the newest
	keys map[signingKeyID]*signingKey
}

type signingKeyID struct{ accessKeyID, date, region string }

func (s *signingKeys) get(known *knownCredential, a *authorization) *signingKey {
	id := signingKeyID{known.AccessKeyID, a.date, a.region}
	s.mu.RLock()
	key := s.keys[id]
	s.mu.RUnlock()
	if key != nil {
		return key
	}
	secret := []byte("AWS4" + known.SecretAccessKey)
	for _, part := range []string{a.date, a.region, a.service, "aws4_request"} {
		secret = hmacSHA256(secret, part)
	}
	key = newSigningKey(secret)
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.date > s.date {
		s.date, s.keys = a.date, map[signingKeyID]*signingKey{}
	}
	s.keys[id] = key
	return key
}
