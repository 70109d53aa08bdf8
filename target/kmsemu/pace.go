package kmsemu

import (
	"net/http"
	"time"
)

// pace is how long a client may take to send its body, and as long again to
// take the answer. The zero value leaves that to the server.
type pace struct {
	patience time.Duration
	due      *connDue // nil: deadlines of the connection or stream
}

// reads begins to wait for the body.
func (p pace) reads(w http.ResponseWriter, r *http.Request) {
	if p.due != nil {
		p.due.within(p.patience)
		return
	}
	if p.patience == 0 {
		return
	}
	rc, until := http.NewResponseController(w), time.Now().Add(p.patience)
	_ = rc.SetReadDeadline(until)
	if r.Header["Expect"] != nil { // reading writes 100 Continue
		_ = rc.SetWriteDeadline(until)
	}
}

// read ends waiting for the body.
func (p pace) read(w http.ResponseWriter) {
	if p.due != nil {
		p.due.done()
		return
	}
	if p.patience > 0 {
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	}
}

// writes begins to wait for the client to take an answer that takes longer on
// purpose by slower.
func (p pace) writes(w http.ResponseWriter, slower time.Duration) {
	if p.due != nil {
		p.due.within(p.patience + slower)
		return
	}
	if p.patience > 0 {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(p.patience + slower))
	}
}
