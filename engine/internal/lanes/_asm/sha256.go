package main

// sha256Files prints the kernels of SHA-224 and SHA-256.
func sha256Files() []*File {
	return nil
}
