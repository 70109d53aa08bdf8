package results

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// adder adds encoded histograms to others without making one of each: the log
// of an hour holds tens of thousands, each with a handful of values, and a
// histogram of the project's shape takes 240 kB. What it does not recognise as
// of that shape it leaves to the library. It is for one goroutine.
type adder struct {
	values []int64 // the lowest value of each counter
	cookie []byte  // what the packed form begins with
	head   []byte  // what the inflated form begins with, but for the payload's length
	zip    io.ReadCloser
	raw    []byte
	buf    bytes.Buffer
}

// The form of HdrHistogram's V2 encoding: base64 of a cookie and a length of
// four bytes each, then deflated: a head of 40 bytes with the payload's length
// at its fifth byte, then the counters, a negative one for a run of zeros.
const (
	outerHead, innerHead   = 8, 40
	lengthFrom, lengthEnds = 4, 8 // in both heads
)

func newAdder() (*adder, error) {
	h := NewHistogram()
	if err := h.RecordValue(HighestNs); err != nil {
		return nil, err
	}
	a := &adder{}
	for _, bar := range h.Distribution() {
		a.values = append(a.values, bar.From)
	}
	text, err := EncodeHistogram(h)
	if err != nil {
		return nil, err
	}
	inner, err := a.inflate(text)
	if err != nil {
		return nil, err
	}
	a.cookie, a.head = bytes.Clone(a.raw[:lengthFrom]), bytes.Clone(inner[:innerHead])
	return a, nil
}

// add adds the histogram of text to total and returns the number of values that
// total cannot hold.
func (a *adder) add(total *hdrhistogram.Histogram, text string) (dropped int64, err error) {
	inner, err := a.inflate(text)
	if err != nil || !a.ours(inner) || !a.counters(inner[innerHead:], nil) {
		h, err := DecodeHistogram(text)
		if err != nil {
			return 0, err
		}
		return total.Merge(h), nil
	}
	a.counters(inner[innerHead:], func(i int, n int64) {
		if total.RecordValues(a.values[i], n) != nil {
			dropped += n
		}
	})
	return dropped, nil
}

// inflate returns the inner form, valid until the next call.
func (a *adder) inflate(text string) ([]byte, error) {
	raw, err := base64.StdEncoding.AppendDecode(a.raw[:0], []byte(text))
	if a.raw = raw; err != nil {
		return nil, fmt.Errorf("results: histogram is not base64: %w", err)
	}
	if len(raw) < outerHead {
		return nil, io.ErrUnexpectedEOF
	}
	packed := bytes.NewReader(raw[outerHead:])
	if a.zip == nil {
		a.zip, err = zlib.NewReader(packed)
	} else {
		err = a.zip.(zlib.Resetter).Reset(packed, nil)
	}
	if err != nil {
		a.zip = nil
		return nil, err
	}
	a.buf.Reset()
	limit := int64(innerHead + 10*(len(a.values)+1<<16))
	_, err = a.buf.ReadFrom(io.LimitReader(a.zip, limit)) // to its end, where the checksum is
	return a.buf.Bytes(), err
}

// ours reports whether inner is whole and of the project's shape.
func (a *adder) ours(inner []byte) bool {
	if !bytes.HasPrefix(a.raw, a.cookie) || int(binary.BigEndian.Uint32(a.raw[lengthFrom:])) != len(a.raw)-outerHead {
		return false
	}
	if len(inner) < innerHead || int(binary.BigEndian.Uint32(inner[lengthFrom:])) != len(inner)-innerHead {
		return false
	}
	return bytes.Equal(inner[:lengthFrom], a.head[:lengthFrom]) && bytes.Equal(inner[lengthEnds:innerHead], a.head[lengthEnds:])
}

// counters calls each, unless that is nil, for every counter above zero. It
// reports whether payload is well-formed; a caller that gets false has seen part
// of it, so it asks with nil first.
func (a *adder) counters(payload []byte, each func(index int, n int64)) bool {
	for i := 0; len(payload) > 0; {
		n, size := binary.Varint(payload)
		if size <= 0 || size > 8 || i >= len(a.values) { // from nine bytes on the two encodings differ
			return false
		}
		payload = payload[size:]
		switch {
		case n < 0:
			if n < -int64(len(a.values)) {
				return false
			}
			i -= int(n)
			continue
		case n > 0 && each != nil:
			each(i, n)
		}
		i++
	}
	return true
}
