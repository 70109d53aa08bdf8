package bench

import "slices"

// Preset is a workload for one of the things that HMAC keys are used for. Its
// figures are typical ones, not measurements of anybody's service.
type Preset struct {
	Name     string
	Text     string // one line
	Workload Workload
}

var presets = []Preset{
	{"jwt", "tokens signed once and checked often: 120 to 900 bytes of header and claims, 1 in 100 forged", Workload{
		Generate: 20, Verify: 80, CorruptShare: 0.01, KeySpecs: []string{"HMAC_256"},
		Sizes: Sizes{{120, 300, 60}, {301, 900, 40}},
	}},
	{"card-token", "a token for each card number: 13 to 19 digits", Workload{
		Generate: 100, KeySpecs: []string{"HMAC_256"}, Sizes: Sizes{{13, 19, 1}},
	}},
	{"password", "password digests of 64 bytes under a pepper, checked at log-in, 1 in 20 mistyped", Workload{
		Generate: 5, Verify: 95, CorruptShare: 0.05, KeySpecs: []string{"HMAC_512"}, Sizes: Sizes{{64, 64, 1}},
	}},
	{"kdf", "keys derived from a label and a context: 16 to 128 bytes", Workload{
		Generate: 100, KeySpecs: []string{"HMAC_384"}, Sizes: Sizes{{16, 128, 1}},
	}},
	{"max", "the longest message that KMS takes, both operations", Workload{
		Generate: 50, Verify: 50, KeySpecs: []string{"HMAC_512"}, Sizes: Sizes{{MaxMessageSize, MaxMessageSize, 1}},
	}},
}

// Presets lists the presets. The slices in them belong to the caller.
func Presets() []Preset {
	out := slices.Clone(presets)
	for i := range out {
		w := &out[i].Workload
		w.KeySpecs, w.Sizes = slices.Clone(w.KeySpecs), slices.Clone(w.Sizes)
	}
	return out
}

// PresetNamed returns the preset of that name.
func PresetNamed(name string) (p Preset, ok bool) {
	for _, p := range Presets() {
		if p.Name == name {
			return p, true
		}
	}
	return Preset{}, false
}
