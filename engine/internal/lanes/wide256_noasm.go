//go:build !amd64 || purego

package lanes

func (s *stepped256) step(Many256, int, bool) {
	panic("lanes: no such kernel for many messages")
}
