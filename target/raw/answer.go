package raw

import "bytes"

// answer is the answer to a request. Its spans are parts of the reader's buffer.
type answer struct {
	status      int
	minor       byte  // of HTTP/1.x: 0 or 1
	length      int64 // Content-Length; -1 without
	chunked     bool
	encoded     bool // there was a Transfer-Encoding
	closing     bool // Connection: close
	staying     bool // Connection: keep-alive
	keepAlive   bool // another request may follow on the connection
	date        span
	contentType span
	requestID   span
	errorType   span
	body        []byte
}

func (a *answer) protocol() string {
	if a.minor == 0 {
		return "HTTP/1.0"
	}
	return "HTTP/1.1"
}

// statusLine reads "HTTP/1.1 200 OK"; the text may be missing with its space.
func (a *answer) statusLine(line []byte) error {
	const form = "HTTP/1.x 200"
	if len(line) < len(form) || string(line[:7]) != "HTTP/1." || line[7] != '0' && line[7] != '1' || line[8] != ' ' ||
		len(line) > len(form) && line[len(form)] != ' ' {
		return malformed("the status line is not that of HTTP/1.0 or HTTP/1.1")
	}
	a.minor = line[7] - '0'
	for _, c := range line[9:12] {
		if c < '0' || c > '9' {
			return malformed("the status is no number of three digits")
		}
		a.status = a.status*10 + int(c-'0')
	}
	if a.status < 100 {
		return malformed("the status is below 100")
	}
	return nil
}

// field reads one line of the header.
func (a *answer) field(buf []byte, line span) error {
	name, value, err := splitField(buf[line.from:line.to])
	if err != nil {
		return err
	}
	at := span{line.to - len(value), line.to}
	for at.to > at.from && isBlank(buf[at.to-1]) {
		at.to--
	}
	value = buf[at.from:at.to]
	switch {
	case is(name, "content-length"):
		return a.setLength(value)
	case is(name, "transfer-encoding"):
		if a.encoded || !is(value, "chunked") {
			return malformed("a Transfer-Encoding other than chunked")
		}
		a.encoded, a.chunked = true, true
	case is(name, "connection"):
		a.connection(value)
	case is(name, "date"):
		a.date.first(at)
	case is(name, "content-type"):
		a.contentType.first(at)
	case is(name, "x-amzn-requestid"), is(name, "x-amz-request-id"):
		a.requestID.first(at)
	case is(name, "x-amzn-errortype"):
		a.errorType.first(at)
	}
	return nil
}

// first keeps the first of several equal fields.
func (s *span) first(at span) {
	if s.to == 0 {
		*s = at
	}
}

func (a *answer) setLength(value []byte) error {
	if len(value) == 0 || len(value) > 18 {
		return malformed("a Content-Length that is no number")
	}
	var n int64
	for _, c := range value {
		if c < '0' || c > '9' {
			return malformed("a Content-Length that is no number")
		}
		n = n*10 + int64(c-'0')
	}
	if a.length >= 0 && a.length != n {
		return malformed("two different Content-Length")
	}
	a.length = n
	return nil
}

// connection reads the options of a Connection field, a list with commas.
func (a *answer) connection(value []byte) {
	for len(value) > 0 {
		var option []byte
		option, value, _ = bytes.Cut(value, []byte{','})
		option = bytes.Trim(option, " \t")
		switch {
		case is(option, "close"):
			a.closing = true
		case is(option, "keep-alive"):
			a.staying = true
		}
	}
}

// complete draws the conclusions from a whole header (RFC 9112, sections 6 and 9.3).
func (a *answer) complete() error {
	if a.encoded && a.minor == 0 {
		return malformed("a Transfer-Encoding in HTTP/1.0")
	}
	a.keepAlive = !a.closing && (a.minor == 1 || a.staying)
	if a.encoded && a.length >= 0 {
		a.keepAlive = false // chunks count, but somebody on the way may not think so
	}
	if a.length < 0 && !a.chunked && a.status != 204 && a.status != 304 {
		a.keepAlive = false // the end of the connection ends the body
	}
	return nil
}

// splitField splits a line at its colon. The value keeps blanks at its end.
func splitField(line []byte) (name, value []byte, err error) {
	i := bytes.IndexByte(line, ':')
	if i <= 0 {
		return nil, nil, malformed("a header line without a name")
	}
	name, value = line[:i], line[i+1:]
	for _, c := range name {
		if !tokenBytes[c] {
			return nil, nil, malformed("a header name with a character that has no place there")
		}
	}
	for len(value) > 0 && isBlank(value[0]) {
		value = value[1:]
	}
	for _, c := range value {
		if c < ' ' && c != '\t' || c == 0x7f {
			return nil, nil, malformed("a header value with a control character")
		}
	}
	return name, value, nil
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// is compares ASCII without regard to case; lower is in lower case.
func is(text []byte, lower string) bool {
	if len(text) != len(lower) {
		return false
	}
	for i := range len(lower) {
		c := text[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// tokenBytes are the characters of a field name (RFC 9110, section 5.6.2).
var tokenBytes = func() (t [256]bool) {
	for c := '0'; c <= '9'; c++ {
		t[c] = true
	}
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = true, true
	}
	for _, c := range "!#$%&'*+-.^_`|~" {
		t[c] = true
	}
	return t
}()

// chunkSize reads the line before a chunk: hexadecimal digits, then an extension
// that means nothing here.
func chunkSize(line []byte) (int, error) {
	size, digits := 0, 0
	for _, c := range line {
		var d byte
		switch {
		case c >= '0' && c <= '9':
			d = c - '0'
		case c >= 'a' && c <= 'f':
			d = c - 'a' + 10
		case c >= 'A' && c <= 'F':
			d = c - 'A' + 10
		case digits > 0 && (c == ';' || isBlank(c)):
			return size, nil
		default:
			return 0, malformed("a chunk without a size")
		}
		if digits++; digits > 7 { // 256 MiB, beyond any body, and an int everywhere
			return 0, malformed("a chunk with a size of more than seven digits")
		}
		size = size<<4 | int(d)
	}
	if digits == 0 {
		return 0, malformed("a chunk without a size")
	}
	return size, nil
}
