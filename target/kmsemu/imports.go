package kmsemu

import (
	"crypto/sha256"
	"crypto/subtle"
	"slices"
	"time"
)

const (
	expires       = "KEY_MATERIAL_EXPIRES"
	doesNotExpire = "KEY_MATERIAL_DOES_NOT_EXPIRE"

	parametersValid = 24 * time.Hour       // row IM-04
	longestValidity = 365 * 24 * time.Hour // row IM-22
)

// getParametersForImport is GetParametersForImport. Inferred: wrapping
// algorithms other than RSAES_OAEP (rows IM-06, IM-07) are
// UnsupportedOperationException, and so is any import into a key pair, which
// the emulator does not offer.
func getParametersForImport(c *call) (reply, error) {
	k, err := c.importKey()
	if err != nil {
		return nil, err
	}
	alg, spec := c.in.str("WrappingAlgorithm"), c.in.str("WrappingKeySpec")
	if !slices.Contains(rsaEncryption, alg) || spec == "SM2" {
		return nil, fault("UnsupportedOperationException", "The wrapping algorithm %s with the wrapping key spec %s is not supported for key spec %s.", alg, spec, k.spec)
	}
	slot, spki, err := c.e.opt.WrappingKeys.take(spec)
	if err != nil {
		return nil, err
	}
	if err := c.e.keepWrapping(spec, slot); err != nil {
		return nil, err
	}
	validTo := c.now.Add(parametersValid)
	if c.wrong(parametersLong) {
		validTo = c.now.AddDate(0, 0, 100)
	}
	token, err := c.e.sealer.seal("import", importToken{KeyARN: k.arn, Spec: spec, Slot: slot, Algorithm: alg, ValidTo: validTo})
	if err != nil {
		return nil, err
	}
	return reply{"KeyId": k.arn, "ImportToken": token, "PublicKey": spki, "ParametersValidTo": epoch(validTo)}, nil
}

// importKey finds a key that material can be imported into: state first, then
// origin (as recorded for rotation, row RO-09).
func (c *call) importKey() (*key, error) {
	k, s, err := c.find(c.in.str("KeyId"), keyOnly)
	if err != nil {
		return nil, err
	}
	if err := importable.check(k, s.state); err != nil {
		return nil, err
	}
	if k.origin != originExternal && !(c.wrong(importOnAWSKey) && c.op.name == "GetParametersForImport") { // rows IM-01, IM-30
		return nil, errOrigin(k.arn, k.origin)
	}
	if specs[k.spec].size == 0 {
		return nil, fault("UnsupportedOperationException", "This emulator does not import key pairs.")
	}
	return k, nil
}

// importKeyMaterial is ImportKeyMaterial. Inferred: material of any other
// length than the spec's is IncorrectKeyMaterialException (rows IM-15 to
// IM-17), what cannot be unwrapped InvalidCiphertextException without a text
// (row IM-29), the members for symmetric keys UnsupportedOperationException
// (row IM-24). Low-entropy material is taken (row IM-38).
func importKeyMaterial(c *call) (reply, error) {
	k, err := c.importKey()
	if err != nil {
		return nil, err
	}
	imp, err := c.wantedExpiry(k)
	if err != nil {
		return nil, err
	}
	secret, err := c.unwrap(k)
	if err != nil {
		return nil, err
	}
	imp.digest = sha256.Sum256(secret)
	imp.id = materialIDOf(secret)
	err = c.change(k, importable, func(t *tx, s *keyState) (*keyState, error) {
		if !t.acceptable(k, s, imp) { // row IM-26
			return nil, fault("IncorrectKeyMaterialException", "")
		}
		s.imported = imp
		s.material = &material{id: imp.id, secret: secret}
		if s.state == pendingImport {
			s.state = enabled
		}
		return s, nil
	})
	if err != nil {
		return nil, err
	}
	out := reply{"KeyId": k.arn}
	if k.spec == symmetricDefault { // row IM-23
		out["KeyMaterialId"] = imp.id
	}
	return out, nil
}

// acceptable reports whether imp may be imported into k: a key takes the same
// material for ever, and so do all keys of a multi-Region set (row MR-15).
func (t *tx) acceptable(k *key, s *keyState, imp *imported) bool {
	if t.wrong(importOtherMaterial) {
		return true
	}
	ok := s.imported == nil || s.imported.digest == imp.digest
	if s.multi != nil {
		t.siblings(k, s.multi, func(o *key) {
			if other := o.latest().imported; other != nil && other.digest != imp.digest {
				ok = false
			}
		})
	}
	return ok
}

// wantedExpiry checks ExpirationModel and ValidTo (rows IM-18 to IM-22).
func (c *call) wantedExpiry(k *key) (*imported, error) {
	imp := &imported{model: c.in.str("ExpirationModel"), validTo: c.in.time("ValidTo"), forever: c.wrong(importExpiryIgnored)}
	if imp.model == "" {
		imp.model = expires
	}
	switch {
	case imp.model == expires && imp.validTo.IsZero():
		return nil, errValidation("A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES")
	case imp.model == doesNotExpire && !imp.validTo.IsZero():
		return nil, errValidation("A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE")
	case imp.model == expires && !imp.validTo.After(c.now):
		return nil, errValidation("The validTo date must be in the future")
	case imp.model == expires && imp.validTo.After(c.now.Add(longestValidity)):
		return nil, errValidation("The validTo date must not be more than 365 days in the future")
	}
	if k.spec != symmetricDefault && (c.in.has("ImportType") || c.in.has("KeyMaterialDescription") || c.in.has("KeyMaterialId")) {
		return nil, fault("UnsupportedOperationException", "ImportType, KeyMaterialDescription and KeyMaterialId are only supported for symmetric encryption keys.")
	}
	return imp, nil
}

// unwrap opens the token and the material. A refusal does not burn the token
// (row IM-19).
func (c *call) unwrap(k *key) ([]byte, error) {
	token := &importToken{}
	if !c.e.sealer.open("import", c.in.bytes("ImportToken"), token) || token.KeyARN != k.arn && !c.wrong(importTokenUnchecked) { // row IM-27
		return nil, fault("InvalidImportTokenException", "")
	}
	if !c.now.Before(token.ValidTo) && !c.wrong(importTokenUnchecked) { // row IM-28
		return nil, fault("ExpiredImportTokenException", "")
	}
	secret, err := c.e.opt.WrappingKeys.unwrap(token, c.in.bytes("EncryptedKeyMaterial"))
	if err != nil {
		return nil, fault("InvalidCiphertextException", "")
	}
	if subtle.ConstantTimeEq(int32(len(secret)), int32(specs[k.spec].size)) == 0 && !c.wrong(importAnyLength) {
		return nil, fault("IncorrectKeyMaterialException", "")
	}
	return secret, nil
}

// deleteImportedKeyMaterial is DeleteImportedKeyMaterial (rows IM-34, KS-28,
// KS-29).
func deleteImportedKeyMaterial(c *call) (reply, error) {
	k, s, err := c.find(c.in.str("KeyId"), keyOnly)
	if err != nil {
		return nil, err
	}
	if err := materialDrops.check(k, s.state); err != nil {
		return nil, err
	}
	if k.origin != originExternal { // row IM-35
		return nil, errOrigin(k.arn, k.origin)
	}
	out := reply{"KeyId": k.arn}
	err = c.change(k, materialDrops, func(_ *tx, s *keyState) (*keyState, error) {
		if id := s.materialID(k); id != "" {
			out["KeyMaterialId"] = id
		}
		if c.wrong(deleteMaterialKeeps) {
			return nil, nil
		}
		s.dropMaterial()
		return s, nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
