package engine

import (
	"bytes"
	"crypto/hmac"
	"encoding/hex"
	"fmt"
	"sync"
)

// selfTestTags are RFC 4231, section 4.2 (test case 1).
var selfTestTags = map[Algorithm]string{
	HMACSHA224: "896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22",
	HMACSHA256: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
	HMACSHA384: "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
	HMACSHA512: "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
}

// selfTestLengths are around every turn of the padding, in both block sizes.
var selfTestLengths = [...]int{0, 1, 31, 55, 56, 63, 64, 65, 111, 112, 119, 120, 127, 128, 129, 239, 240, 255, 256, 300}

// selfTest makes p prove itself before it is trusted: a published answer, then
// crypto/hmac at the critical lengths, singly and as one batch. It returns what
// was wrong, or nothing.
func (p *implementation) selfTest() string {
	for alg := HMACSHA224; alg <= HMACSHA512; alg++ {
		if p.hashers[alg] == nil {
			continue
		}
		if err := p.selfTestOf(alg); err != nil {
			return "failed its known-answer test: " + err.Error()
		}
	}
	return ""
}

func (p *implementation) selfTestOf(alg Algorithm) error {
	k, err := Impl{p}.NewKey(alg, selfTestSecret)
	if err != nil {
		return err
	}
	defer k.Destroy()
	if got := hex.EncodeToString(k.Sum(nil, []byte("Hi There"))); got != selfTestTags[alg] {
		return fmt.Errorf("RFC 4231 case 1 for %s gives %s", alg, got)
	}
	want := selfTestAnswers[alg]()
	var jobs []Job
	for i, n := range selfTestLengths {
		msg, tag := selfTestMessage[:n], want[i*alg.Size():][:alg.Size()]
		if !k.Verify(msg, tag) || !bytes.Equal(k.Sum(nil, msg), tag) {
			return fmt.Errorf("%s of %d bytes differs from crypto/hmac", alg, n)
		}
		jobs = append(jobs, Job{k, msg})
	}
	if !bytes.Equal((&Batch{eager: true}).Sum(nil, jobs), want) {
		return fmt.Errorf("%s in a batch differs from crypto/hmac", alg)
	}
	return nil
}

// selfTestSecret is that of RFC 4231's case 1, and long enough for FIPS mode.
var selfTestSecret = bytes.Repeat([]byte{0x0b}, 20)

// selfTestAnswers are crypto/hmac's tags at selfTestLengths, one after another.
var selfTestAnswers = [HMACSHA512 + 1]func() []byte{
	HMACSHA224: sync.OnceValue(func() []byte { return selfTestAnswer(HMACSHA224) }),
	HMACSHA256: sync.OnceValue(func() []byte { return selfTestAnswer(HMACSHA256) }),
	HMACSHA384: sync.OnceValue(func() []byte { return selfTestAnswer(HMACSHA384) }),
	HMACSHA512: sync.OnceValue(func() []byte { return selfTestAnswer(HMACSHA512) }),
}

func selfTestAnswer(alg Algorithm) (want []byte) {
	h := hmac.New(standardHashes[alg], selfTestSecret)
	for _, n := range selfTestLengths {
		h.Reset()
		h.Write(selfTestMessage[:n])
		want = h.Sum(want)
	}
	return want
}

// selfTestMessage has no two equal blocks.
var selfTestMessage = func() (m [300]byte) {
	for i := range m {
		m[i] = byte(i*i>>3 + i)
	}
	return m
}()
