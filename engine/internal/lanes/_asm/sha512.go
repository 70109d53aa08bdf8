package main

import "math/big"

// sha512Files prints the kernels of SHA-384 and SHA-512.
func sha512Files() []*File {
	return []*File{sha512Single(), sha512Scalar(), sha512Group(), sha512AVX2()}
}

// Offsets in type Mid512.
const (
	mid512Inner = 0
	mid512Outer = 64
	mid512Size  = 128
)

// Bits hashed before and with the inner tag by the outer hash: one block and
// the tag of SHA-512 or SHA-384.
const (
	outerBits512 = (128 + 64) * 8
	outerBits384 = (128 + 48) * 8
)

const endMark512 = 1 << 63 // the bit after the message, FIPS 180-4 section 5.1.2

// roundConstants512 are the first 64 bits of the fractions of the cube roots of
// the first eighty primes (FIPS 180-4 section 4.2.3).
func roundConstants512() []uint64 {
	var k []uint64
	for n := int64(2); len(k) < 80; n++ {
		if !big.NewInt(n).ProbablyPrime(0) {
			continue
		}
		k = append(k, cubeRootFraction(n))
	}
	return k
}

// cubeRootFraction is floor(cbrt(n)·2⁶⁴) mod 2⁶⁴, by bisection.
func cubeRootFraction(n int64) uint64 {
	target := new(big.Int).Lsh(big.NewInt(n), 192)
	root := new(big.Int)
	for bit := 67; bit >= 0; bit-- {
		root.SetBit(root, bit, 1)
		cube := new(big.Int).Exp(root, big.NewInt(3), nil)
		if cube.Cmp(target) > 0 {
			root.SetBit(root, bit, 0)
		}
	}
	return new(big.Int).And(root, new(big.Int).SetUint64(1<<64-1)).Uint64()
}
