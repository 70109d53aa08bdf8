package kmsemu

import (
	"strings"
)

// authorization is a parsed Authorization header of SigV4.
type authorization struct {
	accessKeyID   string
	date          string // of the credential scope: 20060102
	region        string
	service       string
	signedHeaders []string
	signature     string
}

const sigV4 = "AWS4-HMAC-SHA256"

// parseAuthorization reads
//
//	AWS4-HMAC-SHA256 Credential=ID/DATE/REGION/SERVICE/aws4_request, SignedHeaders=A;B, Signature=HEX
//
// The texts are those of other AWS services behind the same front end
// (rows AU-01, AU-02).
func parseAuthorization(value string) (a authorization, err error) {
	if value == "" {
		return a, fault("MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	rest, ok := strings.CutPrefix(value, sigV4+" ")
	if !ok {
		return a, errIncomplete("Authorization header requires 'Credential', 'Signature' and 'SignedHeaders' parameters. Authorization=%s", value)
	}
	var credential, signed string
	for f := range strings.SplitSeq(rest, ",") {
		name, v, ok := strings.Cut(strings.TrimSpace(f), "=")
		if !ok {
			return a, errIncomplete("'%s' not a valid key=value pair (missing equal-sign) in Authorization header: '%s'.", strings.TrimSpace(f), value)
		}
		switch name {
		case "Credential":
			credential = v
		case "SignedHeaders":
			signed = v
		case "Signature":
			a.signature = v
		}
	}
	for _, p := range [...]struct{ name, value string }{{"Credential", credential}, {"SignedHeaders", signed}, {"Signature", a.signature}} {
		if p.value == "" {
			return a, errIncomplete("Authorization header requires '%s' parameter. Authorization=%s", p.name, value)
		}
	}
	a.signedHeaders = strings.Split(signed, ";")
	return a, a.parseScope(credential)
}

func (a *authorization) parseScope(credential string) error {
	var term string
	rest := credential
	for _, part := range [...]*string{&term, &a.service, &a.region, &a.date} { // from the end: an access key id may itself hold slashes
		i := strings.LastIndexByte(rest, '/')
		if i < 0 {
			return errIncomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '%s'", credential)
		}
		rest, *part = rest[:i], rest[i+1:]
	}
	a.accessKeyID = rest
	if term != "aws4_request" {
		return errSignature("Credential should be scoped with a valid terminator: 'aws4_request', not '%s'. ", term)
	}
	return nil
}

func errIncomplete(format string, args ...any) *apiError {
	return fault("IncompleteSignatureException", format, args...)
}

func errSignature(format string, args ...any) *apiError {
	return fault("InvalidSignatureException", format, args...)
}
