package conformance_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/kmsmac/kmsmac/conformance"
	"github.com/kmsmac/kmsmac/target"
)

// mutant is a target of which one exchange is changed in one fact: a proxy
// between case and target.
type mutant struct {
	target.Target
	fact   conformance.Fact
	change func(ex *target.Exchange, before target.Exchange) bool
	onward bool // change the later exchanges too, where a case polls
	done   atomic.Bool

	mu   sync.Mutex
	n    int             // exchanges of the fact's operation so far
	last target.Exchange // the newest of them
}

func (m *mutant) edit(operation string, ex target.Exchange, err error) (target.Exchange, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if operation != m.fact.Operation || err != nil {
		return ex, err
	}
	before := m.last
	m.last = ex
	m.n++
	if (m.n-1 == m.fact.Nth || m.onward && m.n > m.fact.Nth) && m.change(&ex, before) {
		m.done.Store(true)
	}
	return ex, nil
}

func (m *mutant) Call(ctx context.Context, operation string, params map[string]any) (target.Exchange, error) {
	ex, err := m.Target.(target.Caller).Call(ctx, operation, params)
	return m.edit(operation, ex, err)
}

func (m *mutant) Send(ctx context.Context, req target.RawRequest) (target.Exchange, error) {
	ex, err := m.Target.(target.RawSender).Send(ctx, req)
	return m.edit(req.Operation, ex, err)
}

func (m *mutant) InRegion(region string) (target.Target, error) {
	away, err := m.Target.(target.Regional).InRegion(region)
	if err != nil {
		return nil, err
	}
	return &mutantAway{away, m}, nil
}

// mutantAway is the mutant in the second Region.
type mutantAway struct {
	target.Target
	home *mutant
}

func (m *mutantAway) Call(ctx context.Context, operation string, params map[string]any) (target.Exchange, error) {
	ex, err := m.Target.(target.Caller).Call(ctx, operation, params)
	return m.home.edit(operation, ex, err)
}

func (m *mutantAway) Send(ctx context.Context, req target.RawRequest) (target.Exchange, error) {
	ex, err := m.Target.(target.RawSender).Send(ctx, req)
	return m.home.edit(req.Operation, ex, err)
}

// mutation is one way to break a fact.
type mutation struct {
	name   string
	change func(ex *target.Exchange, before target.Exchange) bool // whether it changed anything
}

// mutations returns the ways to break the fact.
func mutations(f conformance.Fact) []mutation {
	kind, path, _ := strings.Cut(f.Name, " ")
	switch kind {
	case "status":
		return []mutation{{"status", func(ex *target.Exchange, _ target.Exchange) bool {
			ex.Status = map[bool]int{true: 204, false: 409}[ex.Status/100 == 2]
			return true
		}}}
	case "code":
		if f.Want == "any" {
			return []mutation{{"none", func(ex *target.Exchange, _ target.Exchange) bool {
				return editBody(ex, func(b map[string]any) bool { delete(b, "__type"); return true })
			}}}
		}
		return []mutation{{"other", func(ex *target.Exchange, _ target.Exchange) bool {
			if ex.Status/100 == 2 { // a success has no code: make it an error
				ex.Status = 400
			}
			return editBody(ex, func(b map[string]any) bool { b["__type"] = "MutatedException"; return true })
		}}}
	case "code_place":
		return []mutation{
			{"namespace", func(ex *target.Exchange, _ target.Exchange) bool {
				return editBody(ex, func(b map[string]any) bool {
					b["__type"] = fmt.Sprintf("com.amazonaws.kms#%v", b["__type"])
					return true
				})
			}},
			{"header only", func(ex *target.Exchange, _ target.Exchange) bool {
				return editBody(ex, func(b map[string]any) bool {
					ex.ResponseHeader = ex.ResponseHeader.Clone()
					ex.ResponseHeader.Set("x-amzn-errortype", fmt.Sprint(b["__type"]))
					delete(b, "__type")
					return true
				})
			}},
		}
	case "message":
		return []mutation{{"message", func(ex *target.Exchange, _ target.Exchange) bool {
			return editBody(ex, func(b map[string]any) bool {
				if _, there := b["message"]; there {
					delete(b, "message")
				} else {
					b["message"] = ""
				}
				return true
			})
		}}}
	case "text":
		return []mutation{{"text", func(ex *target.Exchange, _ target.Exchange) bool {
			return editBody(ex, func(b map[string]any) bool { b["message"] = "Mutated."; return true })
		}}}
	case "body":
		return []mutation{{"body", func(ex *target.Exchange, _ target.Exchange) bool { ex.ResponseBody = []byte("{}"); return true }}}
	case "header":
		return []mutation{
			{"gone", func(ex *target.Exchange, _ target.Exchange) bool {
				there := len(ex.ResponseHeader.Values(path)) > 0
				return editHeader(ex, func(h http.Header) { h.Del(path) }) && there
			}},
			{"other", func(ex *target.Exchange, _ target.Exchange) bool {
				return editHeader(ex, func(h http.Header) { h.Set(path, "mutated") })
			}},
		}
	case "members":
		return []mutation{{"one more", func(ex *target.Exchange, _ target.Exchange) bool {
			return editBody(ex, func(b map[string]any) bool {
				return editAt(b, path, func(m map[string]any) { m["MutatedMember"] = "x" })
			})
		}}, {"one less", func(ex *target.Exchange, _ target.Exchange) bool {
			return editBody(ex, func(b map[string]any) bool {
				fewer := false
				editAt(b, path, func(m map[string]any) {
					for _, name := range slices.Sorted(maps.Keys(m))[:min(1, len(m))] {
						delete(m, name)
						fewer = true
					}
				})
				return fewer
			})
		}}}
	case "member":
		return memberMutations(path, f.Want)
	}
	return nil
}

func memberMutations(path, want string) []mutation {
	edit := func(f func(m map[string]any, name string) bool) func(*target.Exchange, target.Exchange) bool {
		return func(ex *target.Exchange, _ target.Exchange) bool {
			return editBody(ex, func(b map[string]any) bool {
				parent, name := "", path
				if i := strings.LastIndexByte(path, '.'); i >= 0 {
					parent, name = path[:i], path[i+1:]
				}
				changed := false
				editAt(b, parent, func(m map[string]any) { changed = f(m, name) })
				return changed
			})
		}
	}
	if want == "differs" {
		return []mutation{{"as before", func(ex *target.Exchange, before target.Exchange) bool {
			same := !bytes.Equal(ex.ResponseBody, before.ResponseBody) && len(before.ResponseBody) > 0
			ex.ResponseBody = before.ResponseBody
			return same
		}}}
	}
	null := mutation{"null", edit(func(m map[string]any, name string) bool { m[name] = nil; return true })}
	if want == "not null" {
		return []mutation{null}
	}
	return []mutation{
		{"gone or there", edit(func(m map[string]any, name string) bool {
			if _, there := m[name]; there {
				delete(m, name)
			} else {
				m[name] = "mutated"
			}
			return true
		})},
		null,
		{"other value", edit(func(m map[string]any, name string) bool {
			other, ok := otherValue(m[name], want)
			m[name] = other
			return ok
		})},
	}
}

// otherValue returns a value that is not what is wanted: another one of the
// same type, for Base64 one bit off; a byte less where only the length is
// wanted, text where only a number is; nothing where any value will do.
func otherValue(v any, want string) (any, bool) {
	switch want {
	case "present":
		return v, false
	case "number", "about":
		return "mutated", true
	case "bytes long":
		b, err := base64.StdEncoding.DecodeString(fmt.Sprint(v))
		return base64.StdEncoding.EncodeToString(b[:max(len(b)-1, 0)]), err == nil
	}
	switch t := v.(type) {
	case []any:
		if want == "between" {
			return append(slices.Clone(t), make([]any, 1001)...), true // more than any list may have
		}
		return append(slices.Clone(t), "mutated"), true
	case bool:
		return !t, true
	case json.Number:
		return json.Number("-1"), true
	case string:
		if b, err := base64.StdEncoding.DecodeString(t); err == nil && len(b) >= 16 {
			b[0] ^= 1
			return base64.StdEncoding.EncodeToString(b), true
		}
		return "mutated" + t, true
	}
	return v, false
}

func editHeader(ex *target.Exchange, f func(http.Header)) bool {
	ex.ResponseHeader = ex.ResponseHeader.Clone()
	f(ex.ResponseHeader)
	return true
}

func editBody(ex *target.Exchange, f func(map[string]any) bool) bool {
	body := map[string]any{}
	if len(bytes.TrimSpace(ex.ResponseBody)) > 0 {
		dec := json.NewDecoder(bytes.NewReader(ex.ResponseBody))
		dec.UseNumber()
		if dec.Decode(&body) != nil {
			return false
		}
	}
	if !f(body) {
		return false
	}
	text, err := json.Marshal(body)
	ex.ResponseBody = text
	return err == nil
}

// editAt finds the object at path and changes it.
func editAt(body map[string]any, path string, f func(map[string]any)) bool {
	var v any = body
	for step := range strings.SplitSeq(path, ".") {
		if step == "" {
			continue
		}
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(at) {
				return false
			}
			v = at[i]
		}
	}
	m, ok := v.(map[string]any)
	if ok {
		f(m)
	}
	return ok
}
