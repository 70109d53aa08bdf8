package kmsemu

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"sort"
)

// The ciphertexts of symmetric keys: a version byte, the key's account, id and
// material id, each with its length, then AES-256-GCM with a random nonce. The
// encryption context is authenticated.

const ciphertextVersion = 1

// encrypt is Encrypt.
func encrypt(c *call) (reply, error) {
	alg := c.in.str("EncryptionAlgorithm")
	if alg == "" {
		alg = symmetricDefault
	}
	k, m, err := c.encryptionKey("KeyId", alg)
	if err != nil {
		return nil, err
	}
	if c.dryRun() {
		return nil, errDryRun()
	}
	blob, err := c.seal(k, m, alg, c.in.bytes("Plaintext"), c.in.context("EncryptionContext"))
	if err != nil {
		return nil, err
	}
	c.used(k)
	return reply{"CiphertextBlob": blob, "KeyId": k.arn, "EncryptionAlgorithm": alg}, nil
}

// encryptionKey finds a key for encryption with alg.
func (c *call) encryptionKey(memberName, alg string) (*key, *material, error) {
	k, m, err := c.cryptoKey(memberName, usageEncrypt)
	if err != nil {
		return nil, nil, err
	}
	return k, m, c.algorithm(k, alg)
}

func (c *call) seal(k *key, m *material, alg string, plain []byte, context map[string]string) ([]byte, error) {
	if alg == symmetricDefault {
		return k.sealSymmetric(m, plain, context)
	}
	pair, err := c.pair(k, m)
	if err != nil {
		return nil, err
	}
	public := pair.private.Public().(*rsa.PublicKey)
	blob, err := rsa.EncryptOAEPWithOptions(rand.Reader, public, plain, oaep(alg))
	if err != nil {
		return nil, errValidation("The plaintext is too long for " + alg + " with a key of " + k.spec)
	}
	return blob, nil
}

func oaep(alg string) *rsa.OAEPOptions {
	if alg == "RSAES_OAEP_SHA_1" {
		return &rsa.OAEPOptions{Hash: crypto.SHA1}
	}
	return &rsa.OAEPOptions{Hash: crypto.SHA256}
}

func (k *key) sealSymmetric(m *material, plain []byte, context map[string]string) ([]byte, error) {
	aead, err := newAEAD(m.secret)
	if err != nil {
		return nil, err
	}
	head := []byte{ciphertextVersion}
	for _, part := range []string{k.realm.account, k.id, m.id} {
		head = append(head, byte(len(part)))
		head = append(head, part...)
	}
	return aead.Seal(head, nil, plain, authenticated(head, context)), nil
}

func newAEAD(secret []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// authenticated is the head and the context in one unambiguous string.
func authenticated(head []byte, context map[string]string) []byte {
	names := make([]string, 0, len(context))
	for n := range context {
		names = append(names, n)
	}
	sort.Strings(names)
	out := append([]byte(nil), head...)
	for _, n := range names {
		for _, part := range []string{n, context[n]} {
			out = binary.BigEndian.AppendUint32(out, uint32(len(part)))
			out = append(out, part...)
		}
	}
	return out
}

// sealed is a parsed symmetric ciphertext.
type sealed struct {
	account, keyID, materialID string
	head, rest                 []byte
}

func parseSealed(blob []byte) (sealed, bool) {
	var part [3]string
	if len(blob) == 0 || blob[0] != ciphertextVersion {
		return sealed{}, false
	}
	at := 1
	for i := range part {
		if at >= len(blob) || at+1+int(blob[at]) > len(blob) {
			return sealed{}, false
		}
		end := at + 1 + int(blob[at])
		part[i] = string(blob[at+1 : end])
		at = end
	}
	return sealed{part[0], part[1], part[2], blob[:at], blob[at:]}, true
}

func errCiphertext() *apiError { return fault("InvalidCiphertextException", "") }

func errIncorrectKey() *apiError { // rows KU-06, KU-07
	return fault("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
}

// open decrypts. idMember names the optional key member: for a symmetric
// ciphertext it must name the key that made it, and says nothing of usage
// (row KU-06).
func (c *call) open(idMember, algMember, contextMember string) (*key, string, []byte, error) {
	alg := c.in.str(algMember)
	if alg == "" {
		alg = symmetricDefault
	}
	if !c.in.has("CiphertextBlob") {
		return nil, "", nil, errValidation("1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null")
	}
	if alg != symmetricDefault {
		return c.openRSA(idMember, alg)
	}
	k, plain, err := c.openSymmetric(idMember, c.in.context(contextMember))
	return k, alg, plain, err
}

func (c *call) openRSA(idMember, alg string) (*key, string, []byte, error) {
	if !c.in.has(idMember) {
		return nil, "", nil, errValidation("A key must be specified when the encryption algorithm is not SYMMETRIC_DEFAULT.")
	}
	k, m, err := c.encryptionKey(idMember, alg)
	if err != nil {
		return nil, "", nil, err
	}
	pair, err := c.pair(k, m)
	if err != nil {
		return nil, "", nil, err
	}
	plain, err := pair.private.(*rsa.PrivateKey).Decrypt(nil, c.in.bytes("CiphertextBlob"), oaep(alg))
	if err != nil {
		return nil, "", nil, errCiphertext()
	}
	return k, alg, plain, nil
}

func (c *call) openSymmetric(idMember string, context map[string]string) (*key, []byte, error) {
	var named *key
	if c.in.has(idMember) {
		var err error
		if named, _, err = c.find(c.in.str(idMember), keyOrAlias); err != nil {
			return nil, nil, err
		}
	}
	blob, ok := parseSealed(c.in.bytes("CiphertextBlob"))
	if !ok {
		return nil, nil, errCiphertext()
	}
	r := c.e.realms[realmID{blob.account, c.realm.region}]
	if r == nil || r.key(blob.keyID) == nil {
		return nil, nil, errCiphertext()
	}
	k, s, err := c.find(r.keyARN(blob.keyID), keyOnly)
	if err != nil {
		return nil, nil, err
	}
	if named != nil && named != k {
		return nil, nil, errIncorrectKey()
	}
	if err := usableStates.check(k, s.state); err != nil {
		return nil, nil, err
	}
	for m := s.material; m != nil; m = m.older {
		if m.id != blob.materialID {
			continue
		}
		aead, err := newAEAD(m.secret)
		if err != nil {
			return nil, nil, err
		}
		if plain, err := aead.Open(nil, nil, blob.rest, authenticated(blob.head, context)); err == nil {
			return k, plain, nil
		}
	}
	return nil, nil, errCiphertext()
}

// decrypt is Decrypt. Recipient is refused: there are no enclaves here.
func decrypt(c *call) (reply, error) {
	if err := c.noRecipient(); err != nil {
		return nil, err
	}
	k, alg, plain, err := c.open("KeyId", "EncryptionAlgorithm", "EncryptionContext")
	if err != nil {
		return nil, err
	}
	if c.dryRun() {
		return nil, errDryRun()
	}
	c.used(k)
	return reply{"KeyId": k.arn, "Plaintext": plain, "EncryptionAlgorithm": alg}, nil
}

// reEncrypt is ReEncrypt. A destination of another usage names the operation
// "ReEncrypt" (inferred, row KU-08).
func reEncrypt(c *call) (reply, error) {
	c.action = "ReEncryptFrom"
	source, sourceAlg, plain, err := c.open("SourceKeyId", "SourceEncryptionAlgorithm", "SourceEncryptionContext")
	if err != nil {
		return nil, err
	}
	alg := c.in.str("DestinationEncryptionAlgorithm")
	if alg == "" {
		alg = symmetricDefault
	}
	c.action = "ReEncryptTo"
	k, m, err := c.encryptionKey("DestinationKeyId", alg)
	if err != nil {
		return nil, err
	}
	if c.dryRun() {
		return nil, errDryRun()
	}
	blob, err := c.seal(k, m, alg, plain, c.in.context("DestinationEncryptionContext"))
	if err != nil {
		return nil, err
	}
	c.used(source)
	c.used(k)
	return reply{"CiphertextBlob": blob, "SourceKeyId": source.arn, "KeyId": k.arn,
		"SourceEncryptionAlgorithm": sourceAlg, "DestinationEncryptionAlgorithm": alg}, nil
}

// noRecipient refuses attestation documents: a documented gap.
func (c *call) noRecipient() error {
	if c.in.has("Recipient") {
		return fault("UnsupportedOperationException", "This emulator does not support Recipient.")
	}
	return nil
}
