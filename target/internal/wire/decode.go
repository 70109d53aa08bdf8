package wire

import (
	"encoding/base64"
	"errors"
	"fmt"
	"hash/maphash"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

// DecodeGenerateMac reads the body of a success. Members may stand in any order,
// unknown ones are skipped, of equal ones the last counts, null is absent. Mac
// must be there, in standard Base64 with padding (row WI-22) and as long as a tag
// of asked is; KeyId and MacAlgorithm may be absent, as the SDK lets them be. An
// algorithm that engine does not know is 0.
//
// The reply's tag is the only allocation when the key id was seen lately.
func (p *Pad) DecodeGenerateMac(body []byte, asked engine.Algorithm) (target.GenerateMacReply, error) {
	out, err := p.decode(body)
	if err != nil {
		return target.GenerateMacReply{}, err
	}
	if len(out.mac) == 0 {
		return target.GenerateMacReply{}, errNoMac
	}
	tag, err := decodeTag(out.mac, asked)
	if err != nil {
		return target.GenerateMacReply{}, err
	}
	return target.GenerateMacReply{KeyID: out.keyID, Algorithm: out.algorithm, Tag: tag}, nil
}

// DecodeVerifyMac is DecodeGenerateMac for VerifyMac: MacValid must be there. It
// may be false, which AWS never says (row VM-08).
func (p *Pad) DecodeVerifyMac(body []byte) (target.VerifyMacReply, error) {
	out, err := p.decode(body)
	if err != nil {
		return target.VerifyMacReply{}, err
	}
	if !out.hasValid {
		return target.VerifyMacReply{}, errNoMacValid
	}
	return target.VerifyMacReply{KeyID: out.keyID, Algorithm: out.algorithm, Valid: out.valid}, nil
}

var (
	errNoMac      = errors.New("the answer has no Mac")
	errNoMacValid = errors.New("the answer has no MacValid")
	errBase64     = errors.New("the answer's Mac is not standard Base64")
)

var strictBase64 = base64.StdEncoding.Strict()

// decodeTag reads Base64 strictly: line breaks, which the standard library skips,
// and bits beyond the last byte are refused.
func decodeTag(text []byte, alg engine.Algorithm) ([]byte, error) {
	var room [96]byte // 4/3 of the longest tag and a little more
	want := alg.Size()
	if len(text) != base64.StdEncoding.EncodedLen(want) {
		return nil, wrongLength(text, want)
	}
	n, err := strictBase64.Decode(room[:], text)
	if err != nil {
		return nil, errBase64
	}
	if n != want {
		return nil, wrongLength(text, want)
	}
	tag := make([]byte, n)
	copy(tag, room[:n])
	return tag, nil
}

func wrongLength(text []byte, want int) error {
	tag, err := strictBase64.AppendDecode(nil, text)
	if err != nil || base64.StdEncoding.EncodedLen(len(tag)) != len(text) {
		return errBase64
	}
	return fmt.Errorf("the answer's Mac has %d bytes, not %d", len(tag), want)
}

// answer is what the members of either operation's success say.
type answer struct {
	keyID           string
	algorithm       engine.Algorithm
	mac             []byte // Base64, part of the body or of the pad
	valid, hasValid bool
}

func (p *Pad) decode(body []byte) (answer, error) {
	var out answer
	s := scanner{text: body, ok: true}
	s.take('{')
	if s.peek() == '}' {
		s.pos++
	} else {
		for s.ok {
			p.member(&s, &out)
			if !s.more('}') {
				break
			}
		}
	}
	if !s.end() {
		return answer{}, errMalformed
	}
	return out, nil
}

// member takes one member, its colon and value included.
func (p *Pad) member(s *scanner, out *answer) {
	var name []byte
	name, p.name = s.str(p.name)
	s.take(':')
	null := s.ok && s.peek() == 'n' // skipped below, which checks the spelling
	switch string(name) {
	case "KeyId":
		out.keyID = ""
		if !null {
			out.keyID = p.ids.text(p.value(s))
			return
		}
	case "MacAlgorithm":
		out.algorithm = 0
		if !null {
			out.algorithm = algorithmOf(p.value(s))
			return
		}
	case "Mac":
		out.mac = nil
		if !null {
			out.mac = p.keep(s)
			return
		}
	case "MacValid":
		out.valid, out.hasValid = false, false
		if !null {
			out.boolean(s)
			return
		}
	}
	if s.ok {
		s.skip(1)
	}
}

// value takes a string that is used before the next member is read.
func (p *Pad) value(s *scanner) []byte {
	var v []byte
	v, p.name = s.str(p.name)
	return v
}

// keep takes a string that must last until the answer is read.
func (p *Pad) keep(s *scanner) []byte {
	var v []byte
	v, p.data = s.str(p.data)
	return v
}

func (out *answer) boolean(s *scanner) {
	switch {
	case s.word("true"):
		out.valid, out.hasValid = true, true
	case s.word("false"):
		out.hasValid = true
	default:
		s.fail()
	}
}

func algorithmOf(name []byte) engine.Algorithm {
	for a := engine.HMACSHA224; a <= engine.HMACSHA512; a++ {
		if string(name) == a.String() {
			return a
		}
	}
	return 0
}

// idCache keeps the text of key ids, which repeat from answer to answer.
type idCache struct {
	texts [32]string
	seed  maphash.Seed
	ready bool
}

// maxID bounds what is kept, far above the longest ARN.
const maxID = 2048

func (c *idCache) text(id []byte) string {
	if len(id) > maxID {
		return string(id)
	}
	if !c.ready {
		c.seed, c.ready = maphash.MakeSeed(), true
	}
	slot := &c.texts[maphash.Bytes(c.seed, id)%uint64(len(c.texts))]
	if *slot != string(id) {
		*slot = string(id)
	}
	return *slot
}
