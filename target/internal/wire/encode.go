package wire

import (
	"encoding/base64"
	"unicode/utf8"

	"github.com/kmsmac/kmsmac/target"
)

// EncodeGenerateMac writes the body of req to p.Body: members sorted and absent
// ones left out, as the Go SDK does (row SD-01). A nil message is an empty one.
func (p *Pad) EncodeGenerateMac(req *target.GenerateMacRequest) {
	b := appendCommon(p.Body[:0], req.DryRun, req.GrantTokens, req.KeyID)
	b = append(b, `,"MacAlgorithm":"`...)
	b = append(b, req.Algorithm.String()...)
	b = append(b, `","Message":"`...)
	b = base64.StdEncoding.AppendEncode(b, req.Message)
	p.Body = append(b, `"}`...)
}

// EncodeVerifyMac is EncodeGenerateMac for VerifyMac. A nil tag is an empty one.
func (p *Pad) EncodeVerifyMac(req *target.VerifyMacRequest) {
	b := appendCommon(p.Body[:0], req.DryRun, req.GrantTokens, req.KeyID)
	b = append(b, `,"Mac":"`...)
	b = base64.StdEncoding.AppendEncode(b, req.Tag)
	b = append(b, `","MacAlgorithm":"`...)
	b = append(b, req.Algorithm.String()...)
	b = append(b, `","Message":"`...)
	b = base64.StdEncoding.AppendEncode(b, req.Message)
	p.Body = append(b, `"}`...)
}

// appendCommon appends the members that sort before Mac, the brace included.
func appendCommon(b []byte, dryRun bool, grantTokens []string, keyID string) []byte {
	b = append(b, '{')
	if dryRun {
		b = append(b, `"DryRun":true,`...)
	}
	if grantTokens != nil {
		b = append(b, `"GrantTokens":[`...)
		for i, token := range grantTokens {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, token)
		}
		b = append(b, `],`...)
	}
	b = append(b, `"KeyId":`...)
	return appendString(b, keyID)
}

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string. What is not UTF-8 becomes U+FFFD:
// JSON cannot carry it.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < 0x7f {
			i++
			continue
		}
		r, size := rune(c), 1
		if c >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		b = append(b, s[start:i]...)
		b = appendEscaped(b, r)
		i += size
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

func appendEscaped(b []byte, r rune) []byte {
	if r == '"' || r == '\\' {
		return append(b, '\\', byte(r))
	}
	return append(b, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}
