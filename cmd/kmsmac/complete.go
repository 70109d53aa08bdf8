package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// completionCmd prints what a shell needs to complete command lines.
type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// completions are the scripts: each asks kmsmac itself, so that they do not
// grow old.
var completions = map[string]string{
	"bash": `# source <(kmsmac completion bash)
_kmsmac() {
	local line
	COMPREPLY=()
	while IFS= read -r line; do COMPREPLY+=("$line"); done < <(kmsmac complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _kmsmac kmsmac
`,
	"zsh": `#compdef kmsmac
# source <(kmsmac completion zsh), after compinit
_kmsmac() {
	local -a found
	found=("${(@f)$(kmsmac complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
	found=("${(@)found:#}")
	if (( ${#found} )); then compadd -- "${found[@]}"; else _files; fi
}
compdef _kmsmac kmsmac
`,
	"fish": `# kmsmac completion fish | source
complete -c kmsmac -a '(kmsmac complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`,
}

// Run prints the script.
func (c completionCmd) Run(a *app) error {
	_, err := fmt.Fprint(a.streams.out, completions[c.Shell])
	return err
}

// completeCmd is what the scripts call: it prints one candidate a line for the
// last word. It reads nothing and sends nothing.
type completeCmd struct {
	Words []string `arg:"" optional:"" passthrough:"" help:"The words of the command line; the last one is to be completed."`
}

// Run prints the candidates; none leaves the choice to the shell: files.
func (c completeCmd) Run(a *app) error {
	words := slices.Clone(c.Words)
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	p, err := newParser(new(cli), a.streams)
	if err != nil {
		return err
	}
	for _, s := range candidates(p.Model.Node, words) {
		if _, err := fmt.Fprintln(a.streams.out, s); err != nil {
			return err
		}
	}
	return nil
}

// candidates returns what the last word may become, sorted.
func candidates(root *kong.Node, words []string) (out []string) {
	if len(words) == 0 {
		words = []string{""}
	}
	last, before := words[len(words)-1], words[:len(words)-1]
	node, flags := root, slices.Clone(root.Flags)
	var open *kong.Flag // a flag whose value is due
	for _, w := range before {
		switch {
		case open != nil:
			open = nil
		case strings.HasPrefix(w, "--"):
			if f := flagOf(flags, w); f != nil && !f.IsBool() && !strings.Contains(w, "=") {
				open = f
			}
		default:
			for _, child := range node.Children {
				if child.Name == w {
					node = child
					flags = append(flags, child.Flags...)
					break
				}
			}
		}
	}
	switch name, value, assigned := strings.Cut(last, "="); {
	case open != nil:
		return starting(values(open), last)
	case assigned && strings.HasPrefix(name, "--"):
		if f := flagOf(flags, name); f != nil {
			for _, v := range starting(values(f), value) {
				out = append(out, name+"="+v)
			}
		}
		return out
	case strings.HasPrefix(last, "-"):
		for _, f := range flags {
			if !f.Hidden {
				out = append(out, "--"+f.Name)
			}
		}
		return starting(out, last)
	}
	for _, child := range node.Children {
		if !child.Hidden {
			out = append(out, child.Name)
		}
	}
	for _, arg := range node.Positional {
		out = append(out, enumOf(arg)...)
	}
	return starting(out, last)
}

func flagOf(flags []*kong.Flag, word string) *kong.Flag {
	name, _, _ := strings.Cut(strings.TrimPrefix(word, "--"), "=")
	for _, f := range flags {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// values are the choices of a flag that is no enumeration to the parser too.
func values(f *kong.Flag) []string {
	switch f.Name {
	case "target":
		return []string{string(kindEmulator), string(kindEngine), string(kindAWS), "http://127.0.0.1:4566", "http://127.0.0.1:5000"}
	case "profile":
		return profileNames()
	case "impl":
		return implNames()
	}
	return enumOf(f.Value)
}

func enumOf(v *kong.Value) []string {
	if v.Enum == "" {
		return nil
	}
	return v.EnumSlice()
}

func starting(all []string, prefix string) (out []string) {
	for _, s := range all {
		if strings.HasPrefix(s, prefix) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}
