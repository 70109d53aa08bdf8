package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"
	"sync/atomic"
	"time"
)

// Signer makes the Authorization header of SigV4 for one endpoint and Region. The
// signing key is derived once for each UTC day and pair of credentials. A Signer
// may be used concurrently.
//
// What is signed: Content-Length, Content-Type, Host, X-Amz-Date,
// X-Amz-Security-Token if there is one, and X-Amz-Target; all of them must go out
// as they were signed.
type Signer struct {
	region string
	head   string // canonical request up to the value of content-length
	host   string // from the line after content-length to the value of x-amz-date
	key    atomic.Pointer[signingKey]
}

// signingKey is the key of one day for one pair of credentials.
type signingKey struct {
	creds  *Credentials
	day    [8]byte
	secret [sha256.Size]byte
	intro  string // Authorization up to the value of Signature
	scope  string // from the line after the time to the hash, in the string to sign
	token  string // canonical line of the token; "" without one
	signed string // names of the signed headers, one line
}

const (
	scheme        = "AWS4-HMAC-SHA256"
	signedPlain   = "content-length;content-type;host;x-amz-date;x-amz-target"
	signedSession = "content-length;content-type;host;x-amz-date;x-amz-security-token;x-amz-target"
)

// NewSigner returns a signer for requests to e in region.
func NewSigner(e Endpoint, region string) *Signer {
	return &Signer{
		region: region,
		head:   "POST\n" + e.canonicalPath() + "\n\ncontent-length:",
		host:   "\ncontent-type:" + ContentType + "\nhost:" + e.Host + "\nx-amz-date:",
	}
}

// AuthorizationLen is the length of what Sign appends with creds, while date has
// the usual 16 bytes.
func (s *Signer) AuthorizationLen(creds *Credentials) int {
	n := len(scheme+" Credential=/20060102//kms/aws4_request, SignedHeaders=, Signature=") + 2*sha256.Size
	if creds.SessionToken == "" {
		return n + len(creds.AccessKeyID) + len(s.region) + len(signedPlain)
	}
	return n + len(creds.AccessKeyID) + len(s.region) + len(signedSession)
}

// Sign appends the value of Authorization to dst for a request of op whose body is
// p.Body and whose X-Amz-Date is date, as AppendDate gives it.
func (s *Signer) Sign(dst []byte, p *Pad, op Operation, creds *Credentials, date []byte) []byte {
	key := s.signingKey(creds, date)
	bodyHash := sha256.Sum256(p.Body)

	b := append(p.text[:0], s.head...)
	b = strconv.AppendInt(b, int64(len(p.Body)), 10)
	b = append(b, s.host...)
	b = append(b, date...)
	b = append(b, key.token...)
	b = append(b, "\nx-amz-target:"...)
	b = append(b, op.Target()...)
	b = append(b, key.signed...)
	b = hex.AppendEncode(b, bodyHash[:])
	requestHash := sha256.Sum256(b)

	b = append(b[:0], scheme+"\n"...)
	b = append(b, date...)
	b = append(b, key.scope...)
	b = hex.AppendEncode(b, requestHash[:])
	p.text = b

	dst = append(dst, key.intro...)
	return hex.AppendEncode(dst, p.mac.sum(key, b))
}

// signingKey returns the key for the day of date, deriving it when day or
// credentials are new. Two goroutines may derive the same key at the same time;
// one of the two stays.
func (s *Signer) signingKey(creds *Credentials, date []byte) *signingKey {
	day := [8]byte(date[:8])
	if k := s.key.Load(); k != nil && k.creds == creds && k.day == day {
		return k
	}
	k := deriveKey(creds, day, s.region)
	s.key.Store(k)
	return k
}

func deriveKey(creds *Credentials, day [8]byte, region string) *signingKey {
	scope := string(day[:]) + "/" + region + "/kms/aws4_request"
	signed, token := signedPlain, ""
	if creds.SessionToken != "" {
		signed, token = signedSession, "\nx-amz-security-token:"+creds.SessionToken
	}
	k := &signingKey{
		creds: creds, day: day, token: token,
		intro:  scheme + " Credential=" + creds.AccessKeyID + "/" + scope + ", SignedHeaders=" + signed + ", Signature=",
		scope:  "\n" + scope + "\n",
		signed: "\n\n" + signed + "\n",
	}
	step := []byte("AWS4" + creds.SecretAccessKey)
	for _, text := range []string{string(day[:]), region, "kms", "aws4_request"} {
		mac := hmac.New(sha256.New, step)
		mac.Write([]byte(text))
		step = mac.Sum(nil)
	}
	k.secret = [sha256.Size]byte(step)
	return k
}

// keyedMAC is a MAC that keeps the states after the padded keys, so that another
// text under the same key costs two compressions less and no allocation.
type keyedMAC struct {
	key *signingKey
	mac hash.Hash
	out []byte
}

// sum returns the tag of text; it is good until the next call.
func (m *keyedMAC) sum(key *signingKey, text []byte) []byte {
	if m.key != key {
		m.key, m.mac = key, hmac.New(sha256.New, key.secret[:])
	}
	m.mac.Reset()
	m.mac.Write(text)
	m.out = m.mac.Sum(m.out[:0])
	return m.out
}

// DateCache keeps the text of X-Amz-Date for the second it belongs to. Its zero
// value works and may be used concurrently.
type DateCache struct{ last atomic.Pointer[dateText] }

type dateText struct {
	second int64
	text   string
}

// Text returns t as X-Amz-Date wants it. It allocates once a second.
func (c *DateCache) Text(t time.Time) string {
	second := t.Unix()
	if d := c.last.Load(); d != nil && d.second == second {
		return d.text
	}
	d := &dateText{second, string(AppendDate(nil, t))}
	c.last.Store(d)
	return d.text
}
