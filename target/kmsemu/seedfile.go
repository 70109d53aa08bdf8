package kmsemu

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// SeedKey is a key that New makes: known id, aliases and material. It may be
// secret, and prints as its id and aliases alone.
type SeedKey struct {
	// ID is a UUID in lower case, or mrk- and 32 hexadecimal digits for a
	// multi-Region key; default a random one, then at least one alias is needed.
	ID string
	// Region is where the key lives; default us-east-1, or the first of
	// Options.Regions when that is not served.
	Region string
	// Spec is the key spec, default HMAC_256.
	Spec string
	// Usage is the key usage; HMAC and symmetric keys need none.
	Usage string
	// Material is imported: the key's origin is EXTERNAL then.
	Material []byte
	// ValidTo is when Material expires; default never.
	ValidTo time.Time
	// External makes a key of origin EXTERNAL that waits for material.
	External bool
	// Disabled keys exist and cannot be used.
	Disabled bool
	// Description, Policy and Tags are as for CreateKey.
	Description string
	Policy      string
	Tags        map[string]string
	// Aliases begin with "alias/".
	Aliases []string
}

// String hides the material.
func (k SeedKey) String() string {
	return "kmsemu.SeedKey{" + strings.Join(append([]string{k.ID}, k.Aliases...), " ") + "}"
}

// GoString hides the material.
func (k SeedKey) GoString() string { return k.String() }

// seedText is a SeedKey as it is written in a file.
type seedText struct {
	ID          string            `yaml:"id"`
	Region      string            `yaml:"region"`
	Spec        string            `yaml:"spec"`
	Usage       string            `yaml:"usage"`
	Material    string            `yaml:"material"`
	ValidTo     time.Time         `yaml:"validTo"`
	Origin      string            `yaml:"origin"`
	Disabled    bool              `yaml:"disabled"`
	Description string            `yaml:"description"`
	Policy      string            `yaml:"policy"`
	Tags        map[string]string `yaml:"tags"`
	Aliases     []string          `yaml:"aliases"`
}

// ParseSeedFile reads keys from YAML or JSON:
//
//	keys:
//	  - id: 1234abcd-12ab-34cd-56ef-1234567890ab
//	    spec: HMAC_256
//	    aliases: [alias/session]
//	  - id: 4321abcd-12ab-34cd-56ef-1234567890ab
//	    region: eu-west-1
//	    spec: HMAC_512
//	    material: "Base64 of 64 bytes"
//	    tags: {team: payments}
//
// Members are named as in SeedKey, beginning in lower case; origin: EXTERNAL
// stands for External. Errors never quote material.
func ParseSeedFile(text []byte) ([]SeedKey, error) {
	var file struct {
		Keys []seedText `yaml:"keys"`
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("kmsemu: seed file: %s", withoutValues(err))
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("kmsemu: seed file: more than one document")
	}
	if len(file.Keys) == 0 {
		return nil, errors.New("kmsemu: seed file: no keys")
	}
	keys := make([]SeedKey, len(file.Keys))
	for i := range file.Keys {
		k, err := file.Keys[i].key()
		if err != nil {
			return nil, fmt.Errorf("kmsemu: seed file: key %d: %w", i+1, err)
		}
		keys[i] = k
	}
	return keys, nil
}

// withoutValues keeps the line of each problem and drops what the decoder
// quotes of the file.
func withoutValues(err error) string {
	var typed *yaml.TypeError
	if !errors.As(err, &typed) {
		return strings.TrimPrefix(err.Error(), "yaml: ")
	}
	var out []string
	for _, problem := range typed.Errors {
		if line, _, ok := strings.Cut(problem, ": cannot unmarshal "); ok {
			problem = line + ": a value of the wrong type"
		}
		field, _, _ := strings.Cut(problem, " in type ")
		out = append(out, field)
	}
	return strings.Join(out, "; ")
}

func (s *seedText) key() (SeedKey, error) {
	k := SeedKey{ID: s.ID, Region: s.Region, Spec: s.Spec, Usage: s.Usage, ValidTo: s.ValidTo, Disabled: s.Disabled,
		Description: s.Description, Policy: s.Policy, Tags: s.Tags, Aliases: s.Aliases}
	switch s.Origin {
	case "", originAWS:
	case originExternal:
		k.External = true
	default:
		return k, fmt.Errorf("origin %q is not AWS_KMS or EXTERNAL", s.Origin)
	}
	if s.Origin == originAWS && s.Material != "" {
		return k, errors.New("material is imported: its origin is EXTERNAL")
	}
	if s.Material == "" {
		return k, nil
	}
	var err error
	if k.Material, err = base64.StdEncoding.DecodeString(s.Material); err != nil {
		return k, errors.New("material is not Base64")
	}
	return k, nil
}
