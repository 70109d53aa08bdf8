package engine

// NewEagerBatch is a Batch whose gangs do all they can, also where it does not
// pay, so that tests meet every kernel in batches of every size.
func NewEagerBatch() *Batch { return &Batch{eager: true} }
