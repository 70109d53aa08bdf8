package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
)

// editStrings changes string values of a JSON text and keeps every other byte
// of it: spacing, order and the spelling of numbers are facts too. edit gets
// the names of the members on the way to the value. A text that is no JSON is
// searched for the secret members by pattern.
func editStrings(text []byte, edit func(path []string, value string) (string, bool)) []byte {
	if len(bytes.TrimSpace(text)) == 0 {
		return text
	}
	e := &jsonEditor{text: text, dec: json.NewDecoder(bytes.NewReader(text)), edit: edit}
	e.dec.UseNumber()
	if e.value(nil) != nil || len(bytes.TrimSpace(text[e.dec.InputOffset():])) > 0 {
		return editBroken(text, edit)
	}
	return append(e.out, text[e.done:]...)
}

type jsonEditor struct {
	text []byte
	dec  *json.Decoder
	edit func([]string, string) (string, bool)
	out  []byte
	done int64 // of text, what is in out
	deep int
}

// maxDepth bounds how deep a text may nest: deeper is nobody's answer.
const maxDepth = 1000

var errTooDeep = errors.New("conformance: JSON nested too deep")

// value reads one value and edits the strings in it.
func (e *jsonEditor) value(path []string) error {
	if e.deep++; e.deep > maxDepth {
		return errTooDeep
	}
	defer func() { e.deep-- }()
	tok, err := e.dec.Token()
	if err != nil {
		return err
	}
	switch t := tok.(type) {
	case string:
		e.replace(path, t)
	case json.Delim:
		for e.dec.More() {
			inner := path
			if t == '{' {
				name, err := e.dec.Token()
				if err != nil {
					return err
				}
				text, _ := name.(string) // the decoder admits nothing else
				inner = append(path[:len(path):len(path)], text)
			}
			if err := e.value(inner); err != nil {
				return err
			}
		}
		_, err = e.dec.Token()
	}
	return err
}

// replace edits the string that was just read.
func (e *jsonEditor) replace(path []string, value string) {
	if len(path) == 0 {
		return
	}
	changed, ok := e.edit(path, value)
	if !ok {
		return
	}
	end := e.dec.InputOffset()
	start := e.start(end)
	quoted, err := json.Marshal(changed)
	if err != nil {
		return // cannot happen: a string
	}
	e.out = append(append(e.out, e.text[e.done:start]...), quoted...)
	e.done = end
}

// start is where the string literal that ends at end begins: at the last quote
// that is not escaped.
func (e *jsonEditor) start(end int64) int64 {
	for i := end - 2; i > e.done; i-- {
		if e.text[i] != '"' {
			continue
		}
		slashes := 0
		for j := i - 1; j >= 0 && e.text[j] == '\\'; j-- {
			slashes++
		}
		if slashes%2 == 0 {
			return i
		}
	}
	return e.done
}

var memberInText = regexp.MustCompile(`"([A-Za-z]+)"\s*:\s*\[?\s*"([^"]*)"?`)

// editBroken edits what looks like members of a text that is no JSON.
func editBroken(text []byte, edit func([]string, string) (string, bool)) []byte {
	var out []byte
	done := 0
	for _, m := range memberInText.FindAllSubmatchIndex(text, -1) {
		changed, ok := edit([]string{string(text[m[2]:m[3]])}, string(text[m[4]:m[5]]))
		if ok {
			out = append(append(out, text[done:m[4]]...), changed...)
			done = m[5]
		}
	}
	return append(out, text[done:]...)
}
