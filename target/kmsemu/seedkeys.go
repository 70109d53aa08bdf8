package kmsemu

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// planted is a SeedKey on its way into the emulator.
type planted struct {
	key     *key
	state   *keyState // nil: the key exists already
	aliases []string  // to be made
}

// plant makes the keys of the options in one transaction. What exists already
// is left as it is, so that the same seed can be given at every start.
func (e *Emulator) plant(keys []SeedKey) error {
	if len(keys) == 0 {
		return nil
	}
	var list []planted
	taken := map[string]bool{} // ARNs of keys and aliases
	for i := range keys {
		p, err := e.plan(&keys[i])
		if err == nil {
			err = p.claim(taken)
		}
		if err != nil {
			return fmt.Errorf("kmsemu: seed key %d: %w", i+1, err)
		}
		list = append(list, p)
	}
	return e.change(e.opt.Now(), func(t *tx) error {
		for _, p := range list {
			if p.state != nil {
				t.addKey(p.key, p.state)
			}
			for _, name := range p.aliases {
				t.putAlias(&alias{realm: p.key.realm, name: name, created: t.now}, p.key)
			}
		}
		return nil
	})
}

// claim refuses what another key of the seed has taken.
func (p *planted) claim(taken map[string]bool) error {
	names := []string{p.key.arn}
	for _, a := range p.aliases {
		names = append(names, p.key.realm.arn(a))
	}
	for _, name := range names {
		if taken[name] {
			return fmt.Errorf("%s is there twice", name)
		}
		taken[name] = true
	}
	return nil
}

// plan checks one key of the seed as CreateKey, ImportKeyMaterial and
// CreateAlias would.
func (e *Emulator) plan(seed *SeedKey) (p planted, err error) {
	c, err := e.seedCall(seed)
	if err != nil {
		return p, err
	}
	if seed.ID == "" && len(seed.Aliases) == 0 {
		return p, errors.New("it has neither id nor alias, so nobody could know it")
	}
	if p.key, p.state, err = c.newKey(); err != nil {
		return p, err
	}
	if err := p.identify(c, seed); err != nil {
		return p, err
	}
	if err := p.fill(c, seed); err != nil {
		return p, err
	}
	if old := e.seeded(c.realm, seed); old != nil {
		if err := p.matches(old); err != nil {
			return p, err
		}
		p.key, p.state = old, nil
	}
	return p, p.name(c, seed)
}

// seedCall is a CreateKey request of the account itself.
func (e *Emulator) seedCall(seed *SeedKey) (*call, error) {
	region := seed.Region
	if region == "" {
		region = e.home()
	}
	r := e.realms[realmID{e.account, region}]
	if r == nil {
		return nil, fmt.Errorf("the Region %q is not served", region)
	}
	c := &call{e: e, op: operationsByName["CreateKey"], realm: r, now: e.opt.Now(), in: params{"KeySpec": "HMAC_256"},
		caller: caller{account: e.account, principal: r.rootARN()}}
	for name, v := range map[string]string{"KeySpec": seed.Spec, "KeyUsage": seed.Usage, "Description": seed.Description, "Policy": seed.Policy} {
		if v != "" {
			c.in[name] = v
		}
	}
	if strings.HasPrefix(c.in.str("KeySpec"), "HMAC_") && seed.Usage == "" {
		c.in["KeyUsage"] = usageMAC
	}
	if seed.External || seed.Material != nil {
		c.in["Origin"] = originExternal
	}
	if strings.HasPrefix(seed.ID, "mrk-") {
		c.in["MultiRegion"] = true
	}
	var tags []any
	for _, k := range slices.Sorted(maps.Keys(seed.Tags)) {
		tags = append(tags, params{"TagKey": k, "TagValue": seed.Tags[k]})
	}
	if tags != nil {
		c.in["Tags"] = tags
	}
	return c, validate(c.in, c.op.input)
}

func (p *planted) identify(c *call, seed *SeedKey) error {
	if seed.ID == "" {
		return nil
	}
	if !isKeyID(seed.ID) || seed.ID != strings.ToLower(seed.ID) {
		return fmt.Errorf("id %q is not a UUID in lower case, nor mrk- and 32 hexadecimal digits", seed.ID)
	}
	p.key.id, p.key.arn = seed.ID, c.realm.keyARN(seed.ID)
	return nil
}

// fill gives the key its material.
func (p *planted) fill(c *call, seed *SeedKey) error {
	p.key.makeMaterial(p.state)
	if m := seed.Material; m != nil {
		if want := specs[p.key.spec].size; len(m) != want || want == 0 {
			return fmt.Errorf("material of %d bytes, want %d for %s", len(m), want, p.key.spec)
		}
		imp := &imported{digest: sha256.Sum256(m), id: materialIDOf(m), model: doesNotExpire, validTo: seed.ValidTo}
		if !seed.ValidTo.IsZero() {
			imp.model = expires
		}
		p.state.imported, p.state.material = imp, &material{id: imp.id, secret: slices.Clone(m)}
		p.state.state = enabled
	} else if !seed.ValidTo.IsZero() {
		return errors.New("validTo without material")
	}
	if seed.Disabled {
		if p.state.state == pendingImport {
			return errors.New("a key without material is not Disabled but PendingImport")
		}
		p.state.state = disabled
	}
	return nil
}

// seeded finds the key of an earlier start, by its id or its first alias.
func (e *Emulator) seeded(r *realm, seed *SeedKey) *key {
	if seed.ID != "" {
		return r.key(seed.ID)
	}
	if a := r.alias(seed.Aliases[0]); a != nil {
		return a.target.Load().key
	}
	return nil
}

// matches refuses to take another key for the one of the seed.
func (p *planted) matches(old *key) error {
	if old.spec != p.key.spec || old.usage != p.key.usage || old.origin != p.key.origin {
		return fmt.Errorf("%s exists already as %s, %s, %s", old.arn, old.spec, old.usage, old.origin)
	}
	have, want := old.latest().imported, p.state.imported
	if have != nil && want != nil && have.digest != want.digest {
		return fmt.Errorf("%s exists already with other material", old.arn)
	}
	return nil
}

// name plans the aliases that do not exist yet. A key on its way out gets none.
func (p *planted) name(c *call, seed *SeedKey) error {
	if len(seed.Aliases) > maxAliases {
		return fmt.Errorf("%d aliases, want at most %d", len(seed.Aliases), maxAliases)
	}
	create := operationsByName["CreateAlias"].input
	for _, name := range seed.Aliases {
		if err := validate(params{"AliasName": name, "TargetKeyId": p.key.id}, create); err != nil {
			return err
		}
		if err := c.aliasName(name); err != nil {
			return err
		}
		if a := c.realm.alias(name); a != nil {
			if a.target.Load().key.id != p.key.id && p.state != nil {
				return fmt.Errorf("%s exists already", a.arn())
			}
			continue
		}
		if p.state == nil && notPending.check(p.key, p.key.latest().state) != nil {
			continue
		}
		p.aliases = append(p.aliases, name)
	}
	return nil
}
