package lanes

// Mid512 is a key's two midstates for SHA-384 or SHA-512. It is as secret as
// the key. Make one per key with SetSHA384 or SetSHA512; the zero value is no
// key. The kernels know its layout.
type Mid512 struct {
	inner, outer [8]uint64 // words in the order of FIPS 180-4
	size         uint64    // bytes of a tag: 64 or 48
}

// SetSHA512 makes m from the midstates of SHA-512, words in the order of
// FIPS 180-4 (a to h).
func (m *Mid512) SetSHA512(inner, outer *[8]uint64) { *m = Mid512{*inner, *outer, 64} }

// SetSHA384 is SetSHA512 for SHA-384.
func (m *Mid512) SetSHA384(inner, outer *[8]uint64) { *m = Mid512{*inner, *outer, 48} }

// Wipe clears m.
func (m *Mid512) Wipe() { *m = Mid512{} }
