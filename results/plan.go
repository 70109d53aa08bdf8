package results

import (
	"bytes"
	"encoding/json"
	"math/big"
)

// UnmarshalJSON keeps every number as it was written, or the plan would not have
// its hash any more: those that a float64 cannot hold, as large seeds, come as
// json.Number, all others as float64.
func (p *Plan) UnmarshalJSON(raw []byte) error {
	type plain Plan
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode((*plain)(p)); err != nil {
		return err
	}
	for name, v := range p.Settings {
		p.Settings[name] = floats(v)
	}
	return nil
}

// floats replaces the numbers in v that a float64 holds.
func floats(v any) any {
	switch v := v.(type) {
	case json.Number:
		f, err := v.Float64()
		exact, ok := new(big.Rat).SetString(v.String())
		if err != nil || ok && exact.IsInt() && exact.Cmp(new(big.Rat).SetFloat64(f)) != 0 {
			return v
		}
		return f
	case map[string]any:
		for name, one := range v {
			v[name] = floats(one)
		}
	case []any:
		for i, one := range v {
			v[i] = floats(one)
		}
	}
	return v
}
