package engine

// Stream computes the tag of one message that arrives in pieces. It is an
// io.Writer on a pooled hash state: get it from Key.Stream, call Release when
// done. Copies of a Stream are the same stream. One goroutine at a time.
//
// After Release every method panics with "engine: Stream.Write: stream is
// released" (with the method's own name), also when the pooled state already
// serves someone else. A Stream from an implementation in assembly computes
// with the standard library's hash.
type Stream struct {
	key      *Key
	state    *hashState
	approved *approvedState
	use      uint64 // the state's use that this stream is
}

// Stream starts a message. It panics as Key.Sum does.
func (k *Key) Stream() Stream {
	k.check("Key.Stream: key")
	if k.hasher != nil {
		s := k.hasher.start(k.mid)
		return Stream{key: k, state: s, use: s.uses.Load()}
	}
	a := k.approved.Load()
	if a == nil {
		k.refuse("Key.Stream: key")
	}
	s := a.start()
	return Stream{key: k, approved: s, use: s.uses.Load()}
}

// Write adds p to the message. It never fails and does not keep p.
func (s Stream) Write(p []byte) (int, error) {
	s.check("Stream.Write")
	if s.approved != nil {
		return s.approved.Write(unescaped(p))
	}
	return s.state.Write(unescaped(p))
}

// Sum appends the tag of what was written so far to dst and returns the longer
// slice. The message may go on afterwards. It panics with "engine: Stream.Sum:
// key is destroyed" when the key was.
func (s Stream) Sum(dst []byte) []byte {
	s.check("Stream.Sum")
	s.key.check("Stream.Sum: key")
	if s.approved != nil {
		return append(dst, s.approved.Sum(s.approved.tag[:0])...)
	}
	h := s.key.hasher
	outer := h.get()
	outer.restore(s.key.mid.outer)
	outer.Write(s.state.Sum(s.state.tag[:0]))
	dst = append(dst, outer.Sum(outer.tag[:0])...)
	h.put(outer)
	s.key.check("Stream.Sum: key")
	return dst
}

// Release wipes the state and gives it back. It panics when called twice.
func (s Stream) Release() {
	s.check("Stream.Release")
	if s.approved != nil {
		s.approved.release()
		return
	}
	s.key.hasher.put(s.state)
}

// check panics unless the state still serves this stream.
func (s Stream) check(caller string) {
	if s.key == nil {
		panic("engine: " + caller + ": stream was not made by Key.Stream")
	}
	var use uint64
	if s.approved != nil {
		use = s.approved.uses.Load()
	} else {
		use = s.state.uses.Load()
	}
	if use != s.use {
		panic("engine: " + caller + ": stream is released")
	}
}
