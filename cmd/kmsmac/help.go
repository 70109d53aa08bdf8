package main

import (
	"strings"

	"github.com/alecthomas/kong"
)

// withDefault is the help of a flag with its default, where a placeholder
// stands in the default's place or a switch is on.
func withDefault(v *kong.Value) string {
	text := kong.DefaultHelpValueFormatter(v)
	shown := v.Default
	switch {
	case !v.HasDefault || v.Default == "" || v.Flag == nil || strings.Contains(text, "(default"):
		return text
	case v.IsBool() && v.Default == "true":
		shown = "on"
	case v.IsBool() || v.Flag.PlaceHolder == "":
		return text // kong shows it
	}
	return strings.TrimSuffix(text, ".") + " (default " + shown + ")."
}
