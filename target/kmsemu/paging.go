package kmsemu

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
)

// Markers are opaque to clients: operation and the number of the last item,
// with a checksum, so that garbage is told from a marker (row LI-08).

const noItem = 0 // items are numbered from 1

// marker returns the number of the last item of the page before; 0 when there
// was none.
func (c *call) marker() (after uint64, err error) {
	if !c.in.has("Marker") {
		return noItem, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(c.in.str("Marker"))
	if err != nil || len(raw) != 12 || binary.BigEndian.Uint32(raw[8:]) != crc32.ChecksumIEEE(raw[:8]) {
		if c.wrong(markerRestarts) {
			return noItem, nil
		}
		return 0, fault("InvalidMarkerException", "")
	}
	return binary.BigEndian.Uint64(raw), nil
}

func newMarker(last uint64) string {
	b := binary.BigEndian.AppendUint64(nil, last)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	return base64.RawURLEncoding.EncodeToString(b)
}

// page is one page of a list. last is the number of its last item when there
// are more, else 0; NextMarker is there only when Truncated (row LI-01).
func page[T any](items []T, name string, last uint64) reply {
	if items == nil {
		items = []T{}
	}
	r := reply{name: items, "Truncated": last != noItem}
	if last != noItem {
		r["NextMarker"] = newMarker(last)
	}
	return r
}
