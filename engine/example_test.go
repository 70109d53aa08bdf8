package engine_test

import (
	"fmt"
	"io"
	"strings"

	"github.com/kmsmac/kmsmac/engine"
)

func ExampleNewKey() {
	key, err := engine.NewKey(engine.HMACSHA256, []byte("Jefe"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer key.Destroy()
	tag := key.Sum(nil, []byte("what do ya want for nothing?"))
	fmt.Printf("%x\n", tag)
	fmt.Println(key.Verify([]byte("what do ya want for nothing?"), tag))
	fmt.Println(key.Verify([]byte("what do ya want for nothing!"), tag))
	// Output:
	// 5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843
	// true
	// false
}

func ExampleKey_Stream() {
	key, err := engine.NewKey(engine.HMACSHA224, []byte("Jefe"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer key.Destroy()
	s := key.Stream()
	defer s.Release()
	io.Copy(s, strings.NewReader("what do ya want "))
	io.WriteString(s, "for nothing?")
	fmt.Printf("%x\n", s.Sum(nil))
	// Output:
	// a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44
}
