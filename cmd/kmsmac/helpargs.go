package main

import (
	"slices"
	"strings"
)

// helpAsked turns the words with which people ask for help into the flag: no
// word at all, "help COMMAND", and help on help; and --version into the command.
func helpAsked(args []string) []string {
	switch {
	case len(args) == 0, len(args) == 2 && args[0] == "help" && slices.Contains([]string{"help", "--help", "-h"}, args[1]):
		return []string{"--help"}
	case len(args) == 1 && args[0] == "--version":
		return []string{"version"}
	case args[0] == "help" && (len(args) == 1 || !strings.HasPrefix(args[1], "-")):
		return append(append([]string{}, args[1:]...), "--help")
	}
	return args
}
