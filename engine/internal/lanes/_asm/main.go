// Command _asm prints the assembly of package lanes and the Go declarations
// that belong to it. It is a plain text printer: a kernel is a Go function that
// writes instructions, so that unrolling, weaving and register renaming are
// ordinary loops. Its output depends on nothing but its source.
//
//	go run . -out ..
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// families lists every generator. Each returns the files it prints; a new
// family is one more line here.
var families = []func() []*File{
	sha256Files,
	sha512Files,
}

func main() {
	out := flag.String("out", "..", "directory to write to")
	flag.Parse()
	for _, family := range families {
		for _, f := range family() {
			if err := write(*out, f); err != nil {
				fmt.Fprintln(os.Stderr, "asm:", err)
				os.Exit(1)
			}
		}
	}
}

func write(dir string, f *File) error {
	base := filepath.Join(dir, f.Name)
	if err := os.WriteFile(base+".s", f.assembly(), 0o644); err != nil {
		return err
	}
	src, err := f.declarations()
	if err != nil {
		return fmt.Errorf("%s.go: %w", f.Name, err)
	}
	return os.WriteFile(base+".go", src, 0o644)
}
