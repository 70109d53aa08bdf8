package kmsemu

import (
	"bytes"
	"encoding/json"
	"strings"
)

// layOut rewrites valid JSON with the line breaks and spaces of the documents
// that KMS returns: two spaces for each object, arrays on the line.
func layOut(doc string) string {
	var out strings.Builder
	dec := json.NewDecoder(strings.NewReader(doc))
	dec.UseNumber()
	p := printer{dec: dec, out: &out}
	if err := p.value(0); err != nil {
		return doc
	}
	return out.String()
}

// printer copies JSON tokens, so the order of members stays.
type printer struct {
	dec *json.Decoder
	out *strings.Builder
}

func (p *printer) value(depth int) error {
	t, err := p.dec.Token()
	if err != nil {
		return err
	}
	switch t {
	case json.Delim('{'):
		return p.object(depth)
	case json.Delim('['):
		return p.array(depth)
	}
	return p.scalar(t)
}

func (p *printer) object(depth int) error {
	p.out.WriteString("{")
	for i := 0; p.dec.More(); i++ {
		if i > 0 {
			p.out.WriteString(",")
		}
		p.out.WriteString("\n" + strings.Repeat("  ", depth+1))
		name, err := p.dec.Token()
		if err != nil {
			return err
		}
		if err := p.scalar(name); err != nil {
			return err
		}
		p.out.WriteString(" : ")
		if err := p.value(depth + 1); err != nil {
			return err
		}
	}
	p.out.WriteString("\n" + strings.Repeat("  ", depth) + "}")
	_, err := p.dec.Token()
	return err
}

func (p *printer) array(depth int) error {
	p.out.WriteString("[ ")
	for i := 0; p.dec.More(); i++ {
		if i > 0 {
			p.out.WriteString(", ")
		}
		if err := p.value(depth); err != nil {
			return err
		}
	}
	p.out.WriteString(" ]")
	_, err := p.dec.Token()
	return err
}

func (p *printer) scalar(t json.Token) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(t); err != nil {
		return err
	}
	p.out.Write(bytes.TrimSpace(b.Bytes()))
	return nil
}
