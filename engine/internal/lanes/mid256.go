package lanes

// Mid256 is a key's two midstates for SHA-224 or SHA-256, in the order that the
// kernels want. It is as secret as the key. Make one per key with SetSHA224 or
// SetSHA256; the zero value is no key.
type Mid256 struct {
	// Each state is F E B A H G D C: the two registers of SHA-NI, low word first.
	inner, outer [8]uint32
	// row is the offset of the hash's row in the table of outer paddings.
	row uint64
}

const (
	rowSHA256 = 0
	rowSHA224 = 64
)

// SetSHA256 makes m from the midstates of SHA-256, words in the order of
// FIPS 180-4 (a to h).
func (m *Mid256) SetSHA256(inner, outer *[8]uint32) { m.set(inner, outer, rowSHA256) }

// SetSHA224 is SetSHA256 for SHA-224.
func (m *Mid256) SetSHA224(inner, outer *[8]uint32) { m.set(inner, outer, rowSHA224) }

func (m *Mid256) set(inner, outer *[8]uint32, row uint64) {
	for i, from := range kernelOrder256 {
		m.inner[i], m.outer[i] = inner[from], outer[from]
	}
	m.row = row
}

// Wipe clears m.
func (m *Mid256) Wipe() { *m = Mid256{} }

// kernelOrder256 lists which natural word stands where in a kernel's state.
var kernelOrder256 = [8]uint8{5, 4, 1, 0, 7, 6, 3, 2}
