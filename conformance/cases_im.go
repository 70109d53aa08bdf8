package conformance

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"time"
)

var imUntestable = map[string]string{
	"IM-10": "is about the moments after CreateKey on real AWS; the suite waits them out",
	"IM-28": "needs a token that is 24 hours old",
	"IM-32": "cannot be reached with an HMAC key",
	"IM-39": "not reachable through the API",
}

// paramsFor are the members of GetParametersForImport.
func paramsFor(k Key, w Wrapping) Params {
	return Params{"KeyId": k.ID, "WrappingAlgorithm": w.Algorithm, "WrappingKeySpec": w.KeySpec}
}

// parameters wants a good answer of GetParametersForImport.
func parameters(k Key) Expectation {
	return okExactly(Members{"ImportToken": Present(), "KeyId": Is(k.ARN), "ParametersValidTo": ANumber(), "PublicKey": Present()})
}

// getsParameters asks for parameters with a wrapping and checks the key.
func getsParameters(w Wrapping, bits int) func(*Probe) {
	return func(p *Probe) {
		k := p.Shared(HMAC256.External())
		p.wantPublicKey(p.Call("GetParametersForImport", paramsFor(k, w)).Want(parameters(k)), bits)
	}
}

// wantPublicKey wants a DER SubjectPublicKeyInfo RSA key of the size.
func (p *Probe) wantPublicKey(a *Answer, bits int) {
	got, size := "not a DER RSA public key", 0
	parsed, _ := x509.ParsePKIXPublicKey(a.Bytes("PublicKey"))
	if key, isRSA := parsed.(*rsa.PublicKey); isRSA {
		size = key.N.BitLen()
		got = fmt.Sprintf("one of %d bits", size)
	}
	p.Check(a, "PublicKey", size == bits, fmt.Sprintf("a DER RSA public key of %d bits", bits), got)
}

// importsExactly imports material of the exact length into a new key.
func importsExactly(kind KeyKind) func(*Probe) {
	return func(p *Probe) {
		k := p.Fresh(kind.External())
		parcel := p.Parcel(k, p.Bytes(sizeOf[kind.Spec]), defaultWrapping)
		p.Call("ImportKeyMaterial", parcel.params(k)).Want(ok(nil))
		p.describe(k).Want(ok(Members{
			"KeyMetadata.Enabled": Is(true), "KeyMetadata.KeyState": Is("Enabled"),
			"KeyMetadata.ExpirationModel": Is("KEY_MATERIAL_DOES_NOT_EXPIRE"),
		}))
	}
}

// importLength imports material of another length into an HMAC_256 key.
func importLength(n int, want ...Expectation) func(*Probe) {
	return func(p *Probe) {
		k := p.Fresh(HMAC256.External())
		p.Call("ImportKeyMaterial", p.Parcel(k, p.Bytes(n), defaultWrapping).params(k)).Want(want...)
	}
}

// importWith imports into a new HMAC_256 key with changed members; a nil value
// leaves a member out.
func importWith(changes Params, want ...Expectation) func(*Probe) {
	return func(p *Probe) {
		k := p.Fresh(HMAC256.External())
		params := Params(p.Parcel(k, p.Bytes(32), defaultWrapping).params(k))
		for name, value := range changes {
			params = with(params, name, value)
		}
		p.Call("ImportKeyMaterial", params).Want(want...)
	}
}

// expiring sends an import whose expiry must be refused. The date is taken
// when the case runs.
func expiring(model string, after time.Duration) func(*Probe) {
	return func(p *Probe) {
		validTo := p.Now().Add(after).Truncate(time.Second)
		importWith(Params{"ExpirationModel": model, "ValidTo": validTo}, invalid(""))(p)
	}
}

// imported wants a good answer of ImportKeyMaterial.
func imported(k Key) Expectation { return ok(Members{"KeyId": Is(k.ARN)}) }

func imCases() []Case {
	ownOrigin := func(operation string, params func(*Probe, Key) Params) func(*Probe) {
		return func(p *Probe) {
			k := p.Fresh(HMAC256)
			p.Call(operation, params(p, k)).Want(wrongOrigin(k).known())
		}
	}
	return []Case{
		def("IM-01", ownOrigin("GetParametersForImport", func(_ *Probe, k Key) Params { return paramsFor(k, defaultWrapping) })),
		def("IM-02", func(p *Probe) {
			k := p.Shared(HMAC256.External())
			p.Call("GetParametersForImport", paramsFor(k, Wrapping{"RSAES_OAEP_SHA_256", "RSA_4096"})).Want(parameters(k))
		}).imports(),
		def("IM-03", getsParameters(defaultWrapping, 2048)).imports(),
		def("IM-04", func(p *Probe) {
			k := p.Shared(HMAC256.External())
			p.Call("GetParametersForImport", paramsFor(k, defaultWrapping)).
				Want(ok(Members{"ParametersValidTo": Near(p.Now().Add(24*time.Hour), time.Hour)}))
		}).imports(),
		def("IM-05", func(p *Probe) {
			getsParameters(Wrapping{"RSAES_OAEP_SHA_1", "RSA_2048"}, 2048)(p)
			getsParameters(Wrapping{"RSAES_OAEP_SHA_256", "RSA_3072"}, 3072)(p)
		}).imports(),
		def("IM-06", func(p *Probe) {
			k := p.Shared(HMAC256.External())
			p.Call("GetParametersForImport", paramsFor(k, Wrapping{"RSAES_PKCS1_V1_5", "RSA_2048"})).Want(refused())
		}).imports(),
		def("IM-07", func(p *Probe) {
			k := p.Shared(HMAC256.External())
			p.Call("GetParametersForImport", paramsFor(k, Wrapping{"RSA_AES_KEY_WRAP_SHA_256", "RSA_2048"})).
				Want(parameters(k).as("given"), refused().as("refused"))
		}).imports(),
		def("IM-08", func(p *Probe) {
			k := p.Shared(HMAC256.External())
			p.Call("GetParametersForImport", with(paramsFor(k, defaultWrapping), "KeyId", p.Alias(k))).Want(refused())
		}).imports(),
		def("IM-09", func(p *Probe) {
			k := p.Shared(HMAC256.External())
			p.Call("GetParametersForImport", paramsFor(k, Wrapping{"ROT13", "RSA_2048"})).
				Want(badEnum("ROT13", "wrappingAlgorithm", "RSAES_OAEP_SHA_256"))
			p.Call("GetParametersForImport", paramsFor(k, Wrapping{"RSAES_OAEP_SHA_256", "RSA_1024"})).
				Want(badEnum("RSA_1024", "wrappingKeySpec", "RSA_2048", "RSA_4096"))
		}).imports(),
		def("IM-11", importsExactly(HMAC224)).imports(),
		def("IM-12", importsExactly(HMAC256)).imports(),
		def("IM-13", importsExactly(HMAC384)).imports(),
		def("IM-14", importsExactly(HMAC512)).imports(),
		def("IM-15", func(p *Probe) {
			for _, n := range []int{33, 64, 128} {
				importLength(n, ok(nil).as("longer is accepted"), refused().as("the length must match"))(p)
			}
		}).imports(),
		def("IM-16", importLength(20, refused())).imports(),
		def("IM-17", importLength(131, refused())).imports(),
		def("IM-18", importWith(Params{"ExpirationModel": nil}, invalid("A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"))).imports(),
		def("IM-19", func(p *Probe) {
			k := p.Fresh(HMAC256.External())
			parcel := p.Parcel(k, p.Bytes(32), defaultWrapping)
			if a := p.Call("ImportKeyMaterial", with(parcel.params(k), "ExpirationModel", nil)); a.Status == 200 { // row IM-18
				p.Inconclusive("an import without ExpirationModel and ValidTo was not refused")
			}
			p.Call("ImportKeyMaterial", parcel.params(k)).Want(ok(nil))
		}).imports(),
		def("IM-20", expiring("KEY_MATERIAL_DOES_NOT_EXPIRE", 48*time.Hour)).imports(),
		def("IM-21", expiring("KEY_MATERIAL_EXPIRES", -time.Hour)).imports(),
		def("IM-22", expiring("KEY_MATERIAL_EXPIRES", 367*24*time.Hour)).imports(),
		def("IM-23", func(p *Probe) {
			k := p.Fresh(HMAC256.External())
			p.Call("ImportKeyMaterial", p.Parcel(k, p.Bytes(32), defaultWrapping).params(k)).Want(
				okExactly(Members{"KeyId": Is(k.ARN)}).as("no KeyMaterialId"),
				okExactly(Members{"KeyId": Is(k.ARN), "KeyMaterialId": Matching("[0-9a-f]{64}")}).as("KeyMaterialId"))
		}).imports(),
		def("IM-24", func(p *Probe) {
			k := p.Fresh(HMAC256.External())
			parcel := p.Parcel(k, p.Bytes(32), defaultWrapping)
			p.Call("ImportKeyMaterial", with(parcel.params(k), "ImportType", "NEW_KEY_MATERIAL")).Want(refused())
			p.Call("ImportKeyMaterial", with(parcel.params(k), "KeyMaterialDescription", "first")).Want(refused())
			p.Call("ImportKeyMaterial", with(parcel.params(k), "KeyMaterialId", string(bytes.Repeat([]byte("ab"), 32)))).Want(refused())
		}).imports(),
		def("IM-25", func(p *Probe) {
			secret := p.Bytes(32)
			k := p.FreshWith(HMAC256, secret)
			p.Call("ImportKeyMaterial", p.Parcel(k, secret, defaultWrapping).params(k)).Want(ok(nil))
		}).imports(),
		def("IM-26", func(p *Probe) {
			k := p.FreshWith(HMAC256, p.Bytes(32))
			p.Call("ImportKeyMaterial", p.Parcel(k, p.Bytes(32), defaultWrapping).params(k)).Want(failsSomehow("IncorrectKeyMaterialException"))
			p.Do("DeleteImportedKeyMaterial", Params{"KeyId": k.ID})
			p.Call("ImportKeyMaterial", p.Parcel(k, p.Bytes(32), defaultWrapping).params(k)).Want(failsSomehow("IncorrectKeyMaterialException"))
		}).imports(),
		def("IM-27", func(p *Probe) {
			k, other := p.Fresh(HMAC256.External()), p.Fresh(HMAC256.External())
			foreign := p.Parcel(other, p.Bytes(32), defaultWrapping)
			p.Call("ImportKeyMaterial", foreign.params(k)).Want(failsSomehow("InvalidImportTokenException"))
		}).imports(),
		def("IM-29", func(p *Probe) {
			k := p.Fresh(HMAC256.External())
			parcel := p.Parcel(k, p.Bytes(32), defaultWrapping)
			parcel.Wrapped = p.Bytes(256)
			parcel.Wrapped[0] = 0 // below every modulus
			p.Call("ImportKeyMaterial", parcel.params(k)).Want(failsSomehow("InvalidCiphertextException"))
			a := p.Do("GetParametersForImport", paramsFor(k, defaultWrapping))
			other := p.Wrap(a.Bytes("PublicKey"), p.Bytes(32), Wrapping{"RSAES_OAEP_SHA_1", "RSA_2048"})
			p.Call("ImportKeyMaterial", Parcel{Token: a.Bytes("ImportToken"), Wrapped: other}.params(k)).Want(failsSomehow("InvalidCiphertextException"))
		}).imports(),
		def("IM-30", ownOrigin("ImportKeyMaterial", func(p *Probe, k Key) Params {
			return Parcel{Token: p.Bytes(256), Wrapped: p.Bytes(256)}.params(k)
		})),
		def("IM-31", func(p *Probe) {
			k := p.Fresh(HMAC256.External())
			for _, member := range []string{"EncryptedKeyMaterial", "ImportToken"} {
				for _, n := range []int{0, 6145} {
					p.RawJSON("ImportKeyMaterial", with(Parcel{Token: p.Bytes(256), Wrapped: p.Bytes(256)}.params(k), member, make([]byte, n))).Want(invalid(""))
				}
			}
		}).imports().raw(),
		def("IM-33", func(p *Probe) {
			for _, kind := range hmacKinds {
				k := p.Shared(kind.WithMaterial())
				tag := p.Call("GenerateMac", k.MAC(some)).Want(byARN(madeBy(k), k)).Bytes("Mac")
				p.Call("VerifyMac", k.Verify(some, tag)).Want(byARN(verified(k), k))
			}
		}).imports(),
		def("IM-34", func(p *Probe) {
			k := p.Fresh(HMAC256.WithMaterial())
			p.Call("DeleteImportedKeyMaterial", Params{"KeyId": k.ID}).Want(ok(nil))
			p.describe(k).Want(ok(Members{
				"KeyMetadata.KeyState": Is("PendingImport"), "KeyMetadata.Enabled": Is(false), "KeyMetadata.ExpirationModel": Absent(),
				"KeyMetadata.MacAlgorithms": Is([]string{"HMAC_SHA_256"}),
			}))
		}).imports(),
		def("IM-35", ownOrigin("DeleteImportedKeyMaterial", func(_ *Probe, k Key) Params { return Params{"KeyId": k.ID} })),
		def("IM-36", expires).imports().within(30 * time.Second),
		def("IM-37", func(p *Probe) {
			secret := p.Bytes(32)
			tag := p.tag(p.FreshWith(HMAC256, secret), some)
			p.Call("GenerateMac", p.FreshWith(HMAC256, secret).MAC(some)).Want(ok(Members{"Mac": TheBytes(tag)}))
		}).imports(),
		def("IM-38", func(p *Probe) {
			k := p.Fresh(HMAC256.External())
			p.Call("ImportKeyMaterial", p.Parcel(k, make([]byte, 32), defaultWrapping).params(k)).
				Want(imported(k).as("accepted"), refused().as("refused"))
		}).imports(),
	}
}

// expires imports material for two seconds and waits until it is gone.
func expires(p *Probe) {
	k := p.Fresh(HMAC256.External())
	params := with(p.Parcel(k, p.Bytes(32), defaultWrapping).params(k), "ExpirationModel", "KEY_MATERIAL_EXPIRES")
	params["ValidTo"] = p.Now().Add(2 * time.Second)
	p.Do("ImportKeyMaterial", params)
	a := p.Until(p.describe(k), func(a *Answer) bool { return a.String("KeyMetadata.KeyState") != "Enabled" })
	a.Want(stateIs("PendingImport"))
}
