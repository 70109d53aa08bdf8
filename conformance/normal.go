package conformance

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
)

// normaliser brings an answer to what it says of any key, in any account and
// Region, at any time: so that answers of two targets can be compared.
type normaliser struct {
	home, away string
	sent       time.Time
	asked      string // the request; "" if it is not known
	list       bool   // the answer lists what the account holds
}

// listOperations answer with what else the account holds.
var listOperations = []string{"ListKeys", "ListAliases", "ListRetirableGrants"}

// members flattens the body into facts: path to value.
func (n normaliser) members(body map[string]any) map[string]string {
	out := map[string]string{}
	n.object("", body, out)
	return out
}

func (n normaliser) object(path string, m map[string]any, out map[string]string) {
	for name, v := range m {
		switch {
		case path == "" && slices.Contains([]string{"__type", "code", "message", "Message"}, name):
			continue // facts of their own
		case path == "" && n.list && (name == "Truncated" || name == "NextMarker"):
			continue // depends on how much there is
		}
		at := name
		if path != "" {
			at = path + "." + name
		}
		n.value(at, v, out)
	}
	if len(m) == 0 && path != "" {
		out[path] = "{}"
	}
}

func (n normaliser) value(path string, v any, out map[string]string) {
	switch t := v.(type) {
	case map[string]any:
		n.object(path, t, out)
	case []any:
		n.array(path, t, out)
	case string:
		out[path] = n.member(path, t)
	case json.Number:
		out[path] = n.number(t)
	default:
		out[path] = show(v)
	}
}

// array flattens a list: texts in order, objects as the set of what they are
// like, because how many there are depends on what else the account holds.
func (n normaliser) array(path string, list []any, out map[string]string) {
	var texts []string
	for _, it := range list {
		m, isObject := it.(map[string]any)
		if !isObject {
			inner := map[string]string{}
			n.value("x", it, inner)
			texts = append(texts, inner["x"])
			continue
		}
		if key, _ := m["TagKey"].(string); strings.HasPrefix(key, "kmsmac:") {
			continue
		}
		if alias, _ := m["AliasName"].(string); alias != "" && !strings.Contains(alias, "alias/kmsmac-") {
			continue // somebody else's
		}
		inner := map[string]string{}
		n.object("", m, inner)
		text := fmt.Sprint(inner) // sorted by name
		if !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	out[path] = "[" + strings.Join(texts, ", ") + "]"
}

// member normalises one text by what its member holds.
func (n normaliser) member(path, s string) string {
	name := path[strings.LastIndexByte(path, '.')+1:]
	switch name {
	case "Mac", "ImportToken", "PublicKey", "CiphertextBlob", "Plaintext", "Signature", "PrivateKeyPlaintext", "PrivateKeyCiphertextBlob":
		if b, err := base64.StdEncoding.DecodeString(s); err == nil {
			return fmt.Sprintf("<%s>", sizeClass(name, len(b)))
		}
	case "NextMarker", "GrantToken":
		return "<" + name + ">"
	case "AWSAccountId":
		if accountForm.MatchString(s) {
			return "<account>"
		}
	case "Policy":
		var doc any
		if json.Unmarshal([]byte(s), &doc) == nil {
			s = show(doc)
		}
	}
	return fmt.Sprintf("%q", n.text(s))
}

// sizeClass is the length where it is a fact, and no more than presence where
// services are free to choose it.
func sizeClass(name string, size int) string {
	switch name {
	case "ImportToken", "CiphertextBlob", "PrivateKeyCiphertextBlob", "Signature":
		return "bytes"
	}
	return fmt.Sprintf("%d bytes", size)
}

// number normalises times to hours from the request.
func (n normaliser) number(v json.Number) string {
	f, err := v.Float64()
	if err != nil || f < 1e9 || f > 1e11 {
		return v.String()
	}
	if n.sent.IsZero() {
		return "<time>"
	}
	hours := math.Round((f - float64(n.sent.UnixMilli())/1000) / 3600)
	if math.Abs(hours) > 24*400 {
		return "<time>"
	}
	return fmt.Sprintf("<time %+d h>", int(hours))
}

var (
	keyIDInText  = regexp.MustCompile(`mrk-[0-9a-f]{32}|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`)
	longHex      = regexp.MustCompile(`\b[0-9a-f]{64}\b`)
	arnInText    = regexp.MustCompile(`arn:[a-z-]+:([a-z0-9-]+):([a-z0-9-]*):([0-9]{12}|\*+):`)
	ownName      = regexp.MustCompile(`kmsmac-[a-z0-9-]+`)
	regionInText = regexp.MustCompile(`\b(us|eu|ap|sa|ca|me|af|il|mx|cn)(-gov)?-[a-z]+-[0-9]\b`)
	stampInText  = regexp.MustCompile(`\b[0-9]{8}T[0-9]{6}Z\b|\b[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+Z?`)
	accountForm  = regexp.MustCompile(`^([0-9]{12}|\*+)$`)
	listInText   = regexp.MustCompile(`\[[^\[\]]*\]`)
)

// text normalises names, ids, ARNs, Regions and times in a text.
func (n normaliser) text(s string) string {
	s = arnInText.ReplaceAllStringFunc(s, func(m string) string {
		f := arnInText.FindStringSubmatch(m)
		return "arn:<partition>:" + f[1] + ":" + n.region(f[2]) + ":<account>:"
	})
	s = keyIDInText.ReplaceAllStringFunc(s, n.id)
	s = longHex.ReplaceAllString(s, "<id>")
	s = ownName.ReplaceAllString(s, "<name>")
	s = stampInText.ReplaceAllString(s, "<time>")
	s = regionInText.ReplaceAllStringFunc(s, n.region)
	return listInText.ReplaceAllStringFunc(s, func(m string) string {
		words := strings.Split(m[1:len(m)-1], ", ")
		slices.Sort(words)
		return "[" + strings.Join(words, ", ") + "]"
	})
}

// id says whether the id is one that the request named, if that is known.
func (n normaliser) id(id string) string {
	kind := "id"
	if strings.HasPrefix(id, "mrk-") {
		kind = "multi-Region id"
	}
	if n.asked != "" && !n.list && strings.Contains(n.asked, id) {
		return "<that " + kind + ">"
	}
	return "<" + kind + ">"
}

func (n normaliser) region(r string) string {
	switch r {
	case "":
		return ""
	case n.home:
		return "<home>"
	case n.away:
		return "<away>"
	}
	if n.home == "" {
		return "<home>" // not known: any will do
	}
	return "<region>"
}
