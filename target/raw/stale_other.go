//go:build !unix

package raw

// stale is not known here: a connection that the server has closed shows when the
// request fails.
func (k *conn) stale() bool { return false }
