package target

import (
	"context"
	"sync/atomic"
)

type dialsKey struct{}

// CountDials returns a context whose requests add to n the connections that
// targets open for them. A client with a pool may give a connection to another
// request than the one it was opened for; it counts for the one it was opened
// for.
func CountDials(ctx context.Context, n *atomic.Int64) context.Context {
	return context.WithValue(ctx, dialsKey{}, n)
}

// Dialled is for targets: it counts one connection that was opened for a
// request with this context.
func Dialled(ctx context.Context) {
	if n, ok := ctx.Value(dialsKey{}).(*atomic.Int64); ok {
		n.Add(1)
	}
}
