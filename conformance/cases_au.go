package conformance

import (
	"time"

	"github.com/kmsmac/kmsmac/target"
)

var auUntestable = map[string]string{
	"AU-06": "needs credentials that have expired",
	"AU-13": "a page of all services, contradicted by KMS itself; the statuses that it names are only warned of",
}

// The access key of nobody: an example of AWS's own pages, and no account's
// secret.
const (
	unknownCaller = "AKIAIOSFODNN7EXAMPLE"
	wrongSecret   = "not-the-secret-of-this-account"
)

// mismatchText is what KMS says to a signature that it does not find itself.
const mismatchText = "The request signature we calculated does not match the signature you provided. " +
	"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

// badSignature wants an error of the signature, with status 400. Status 403,
// which AWS's page of common errors names, only warns.
func badSignature(code, text string) Expectation {
	e := fails(code, text)
	e.WarnStatus = 403
	return e
}

func invalidSignature(text string) Expectation {
	return badSignature("InvalidSignatureException", text)
}

// signed sends a request that any caller may send, signed so.
func (p *Probe) signed(s target.Signature) *Answer {
	return p.Raw(target.RawRequest{Operation: "ListKeys", Body: []byte(`{"Limit":1}`), Signature: s})
}

func auCases() []Case {
	signs := func(id string, s target.Signature, want Expectation) Case {
		return def(id, func(p *Probe) { p.signed(s).Want(want) }).needs(FeatureAuth).raw()
	}
	return []Case{
		signs("AU-01", target.Signature{None: true}, badSignature("MissingAuthenticationTokenException", "")),
		signs("AU-02", target.Signature{Authorization: "AWS4-HMAC-SHA256 Credential, SignedHeaders, Signature"},
			badSignature("IncompleteSignatureException", "... not a valid key=value pair (missing equal-sign) in Authorization header: ...")),
		signs("AU-03", target.Signature{AccessKeyID: unknownCaller, SecretAccessKey: wrongSecret},
			badSignature("UnrecognizedClientException", "The security token included in the request is invalid.")),
		signs("AU-04", target.Signature{SecretAccessKey: wrongSecret}, invalidSignature(mismatchText+"...")),
		def("AU-05", func(p *Probe) {
			now := time.Now()
			p.signed(target.Signature{Time: now.Add(-10 * time.Minute)}).
				Want(invalidSignature("Signature expired: ... is now earlier than ... (... - 5 min.)"))
			p.signed(target.Signature{Time: now.Add(10 * time.Minute)}).Want(invalidSignature("Signature not yet current..."))
		}).needs(FeatureAuth).raw(),
		signs("AU-07", target.Signature{Region: "nowhere-1"},
			invalidSignature("Credential should be scoped to a valid region, not 'nowhere-1'. ")),
		signs("AU-08", target.Signature{Service: "s3"}, invalidSignature("Credential should be scoped to correct service: 'kms'. ")),
		signs("AU-09", target.Signature{BodyAfter: []byte(`{"Limit":2}`)}, invalidSignature(mismatchText)),
		def("AU-10", func(p *Probe) {
			k := p.Shared(HMAC256)
			body := `{"KeyId":"` + k.ID + `","MacAlgorithm":"INVALID","Message":""}`
			p.Raw(target.RawRequest{Operation: "GenerateMac", Body: []byte(body), Signature: target.Signature{SecretAccessKey: wrongSecret}}).
				Want(invalidSignature(mismatchText))
		}).needs(FeatureAuth).raw(),
		def("AU-11", func(p *Probe) {
			k := p.Fresh(HMAC256)
			p.putPolicy(k, policy(administers(k)))
			p.Call("VerifyMac", k.Verify(some, make([]byte, 32))).Want(denied(""))
		}).needs(FeatureAuth),
		def("AU-12", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.Call("GenerateMac", k.MAC(some)).Want(madeBy(k))
		}).needs(FeatureAuth),
	}
}
