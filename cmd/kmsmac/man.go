package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/kmsmac/kmsmac/conformance"
)

// profileNames are the profiles of the conformance suite, for people.
func profileNames() []string {
	return append(conformance.Profiles(), conformance.ProfileFull, conformance.ProfileGolden)
}

type manCmd struct{}

// Run prints the manual page in roff, made from the same model as the help.
func (manCmd) Run(a *app) error {
	p, err := newParser(new(cli), a.streams)
	if err != nil {
		return err
	}
	_, err = a.streams.out.Write(manual(p.Model))
	return err
}

// roff is a manual page in the making.
type roff struct{ bytes.Buffer }

func (r *roff) macro(format string, args ...any) { fmt.Fprintf(&r.Buffer, "."+format+"\n", args...) }

// text writes a paragraph; no line of it can be taken for a macro.
func (r *roff) text(s string) {
	for line := range strings.Lines(s) {
		line = escape(strings.TrimRight(line, "\n"))
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			line = `\&` + line
		}
		r.WriteString(line + "\n")
	}
}

func escape(s string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
}

func manual(app *kong.Application) []byte {
	r := new(roff)
	r.macro(`TH KMSMAC 1 "" "kmsmac %s" "User Commands"`, tool().Version)
	r.macro("SH NAME")
	r.text("kmsmac - tells whether a KMS does HMAC right, and how fast")
	r.macro("SH SYNOPSIS")
	r.macro("B kmsmac")
	r.text("COMMAND [FLAGS]")
	r.macro("SH SESSION")
	r.macro("nf")
	r.text(session)
	r.macro("fi")
	r.macro("SH FLAGS OF EVERY COMMAND")
	r.flags(app.Flags)
	r.macro("SH COMMANDS")
	for _, leaf := range app.Leaves(true) {
		r.macro(`SS "%s"`, escape(strings.TrimPrefix(leaf.Path(), app.Name+" ")+arguments(leaf)))
		r.text(leaf.Help)
		r.flags(leaf.Flags)
	}
	r.macro("SH EXIT STATUS")
	for _, row := range [][2]string{
		{"0", "all well, or warnings alone"}, {"1", "an expectation, limit or comparison failed, a wrong tag; doctor: a problem"},
		{"2", "usage, or refused by a limit on money"}, {"3", "could not find out"}, {"130", "interrupted; what was measured is written"},
	} {
		r.macro("TP")
		r.macro("B %s", row[0])
		r.text(row[1])
	}
	r.macro("SH SEE ALSO")
	r.text("A page for each command, with sessions, files and exit codes: https://github.com/kmsmac/kmsmac/tree/main/docs/commands")
	return r.Bytes()
}

func arguments(n *kong.Node) (s string) {
	for _, p := range n.Positional {
		s += " " + p.Summary()
	}
	return s
}

func (r *roff) flags(flags []*kong.Flag) {
	for _, f := range flags {
		if f.Hidden || f.Name == "help" {
			continue
		}
		r.macro("TP")
		r.macro("B %s", escape(f.Summary()))
		help := f.Help
		if f.HasDefault && !strings.Contains(help, "default") && f.Default != "" {
			help += fmt.Sprintf(" (default %s)", f.Default)
		}
		r.text(help)
	}
}
