package main

import "strings"

// helpAsked turns the words with which people ask for help into the flag: no
// word at all, and "help COMMAND".
func helpAsked(args []string) []string {
	switch {
	case len(args) == 0:
		return []string{"--help"}
	case args[0] == "help" && (len(args) == 1 || !strings.HasPrefix(args[1], "-")):
		return append(append([]string{}, args[1:]...), "--help")
	}
	return args
}
