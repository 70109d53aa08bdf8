package conformance

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/x509"
)

var kuUntestable = map[string]string{
	"KU-16": "is about other services",
}

// misuse sends an operation that the key's usage does not allow.
func misuse(kind KeyKind, operation string, params Params) func(*Probe) {
	return func(p *Probe) {
		k := p.Shared(kind)
		p.Call(operation, with(params, "KeyId", k.ID)).Want(wrongUsage(k, operation))
	}
}

var (
	signParams    = Params{"Message": some, "MessageType": "RAW", "SigningAlgorithm": "RSASSA_PSS_SHA_256"}
	encryptParams = Params{"Plaintext": some}
)

func verifyParams(algorithm string) Params {
	return Params{"Message": some, "MessageType": "RAW", "SigningAlgorithm": algorithm, "Signature": []byte("no signature")}
}

const incorrectKeyText = "The key ID in the request does not identify a CMK that can perform this operation."

// agree sends DeriveSharedSecret with a good public key of another party.
func (p *Probe) agree(k Key) *Answer {
	other, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		p.Inconclusive("no public key: %v", err)
	}
	der, err := x509.MarshalPKIXPublicKey(other.PublicKey())
	if err != nil {
		p.Inconclusive("no public key: %v", err)
	}
	return p.Call("DeriveSharedSecret", Params{"KeyId": k.ID, "KeyAgreementAlgorithm": "ECDH", "PublicKey": der})
}

func kuCases() []Case {
	return []Case{
		def("KU-01", misuse(HMAC224, "Sign", signParams)),
		def("KU-02", misuse(HMAC256, "Verify", verifyParams("RSASSA_PSS_SHA_256"))),
		def("KU-03", misuse(Symmetric, "Verify", verifyParams("ECDSA_SHA_256"))),
		def("KU-04", misuse(ECCSign, "Encrypt", encryptParams)),
		def("KU-05", misuse(HMAC256, "Encrypt", encryptParams)),
		def("KU-06", func(p *Probe) {
			sealed := p.Do("Encrypt", Params{"KeyId": p.Shared(Symmetric).ID, "Plaintext": some}).Bytes("CiphertextBlob")
			p.Call("Decrypt", Params{"KeyId": p.Shared(HMAC256).ID, "CiphertextBlob": sealed}).
				Want(fails("IncorrectKeyException", incorrectKeyText))
		}),
		def("KU-07", func(p *Probe) {
			k, other := p.Shared(Symmetric), p.Fresh(Symmetric)
			sealed := p.Do("Encrypt", Params{"KeyId": k.ID, "Plaintext": some}).Bytes("CiphertextBlob")
			p.Call("ReEncrypt", Params{"SourceKeyId": other.ID, "DestinationKeyId": other.ID, "CiphertextBlob": sealed}).
				Want(fails("IncorrectKeyException", incorrectKeyText))
		}),
		def("KU-08", func(p *Probe) {
			k := p.Shared(Symmetric)
			sealed := p.Do("Encrypt", Params{"KeyId": k.ID, "Plaintext": some}).Bytes("CiphertextBlob")
			p.Call("ReEncrypt", Params{"SourceKeyId": k.ID, "DestinationKeyId": p.Shared(HMAC256).ID, "CiphertextBlob": sealed}).
				Want(fails("InvalidKeyUsageException", ""))
		}),
		def("KU-09", misuse(HMAC256, "GenerateDataKey", Params{"KeySpec": "AES_256"})),
		def("KU-10", misuse(HMAC256, "GenerateDataKeyWithoutPlaintext", Params{"KeySpec": "AES_256"})),
		def("KU-11", func(p *Probe) {
			misuse(HMAC256, "GenerateDataKeyPair", Params{"KeyPairSpec": "ECC_NIST_P256"})(p)
			misuse(HMAC256, "GenerateDataKeyPairWithoutPlaintext", Params{"KeyPairSpec": "ECC_NIST_P256"})(p)
		}),
		def("KU-12", func(p *Probe) {
			for _, kind := range []KeyKind{ECCSign, Symmetric} {
				k := p.Shared(kind)
				p.agree(k).Want(wrongUsage(k, "DeriveSharedSecret"))
			}
		}),
		def("KU-13", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.agree(k).Want(wrongUsage(k, "DeriveSharedSecret"))
		}),
		def("KU-14", func(p *Probe) { p.Call("GetPublicKey", Params{"KeyId": p.Shared(HMAC256).ID}).Want(refused()) }),
		def("KU-15", func(p *Probe) {
			for _, kind := range []KeyKind{Symmetric, RSAEncrypt, RSASign, ECCSign} {
				k := p.Shared(kind)
				params := with(k.MAC(some), "MacAlgorithm", "HMAC_SHA_256")
				p.Call("GenerateMac", params).Want(wrongUsage(k, "GenerateMac"))
				p.Call("VerifyMac", with(params, "Mac", make([]byte, 32))).Want(wrongUsage(k, "VerifyMac"))
			}
		}),
	}
}
