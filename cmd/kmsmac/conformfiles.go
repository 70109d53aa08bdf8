package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/kmsmac/kmsmac/conformance"
	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
)

// recordFlags name the files that conform reads and writes besides its result.
type recordFlags struct {
	Record      string `placeholder:"FILE" help:"Keep every exchange in FILE, without secrets: a golden record, if the target is AWS."`
	Baseline    string `placeholder:"FILE" help:"Hold the target against a record instead of the behaviour table."`
	Expect      string `placeholder:"FILE" help:"Known deviations of the target (YAML): only changes fail."`
	WriteExpect string `placeholder:"FILE" help:"Write the deviations found as known ones."`
	JUnit       string `name:"junit" placeholder:"FILE" help:"Write the verdicts as JUnit XML."`
	Markdown    string `placeholder:"FILE" help:"Write a summary in Markdown."`
	HTML        string `name:"html" placeholder:"FILE" help:"Write a page."`
}

// readRecord reads a record whole. What is wrong with it names its line.
func readRecord(name string) (*conformance.Record, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, unknownf("the record cannot be read: %w", err)
	}
	defer f.Close()
	rec, err := conformance.ReadRecord(f)
	if err != nil {
		return nil, unknownf("%s: %w", name, err)
	}
	return rec, nil
}

func readKnown(name string) (*conformance.Known, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, unknownf("the known deviations cannot be read: %w", err)
	}
	defer f.Close()
	k, err := conformance.ReadKnown(f)
	if err != nil {
		return nil, usagef("%s: %w", name, err)
	}
	return k, nil
}

// recordFile is a record on its way: it has its name only when it is whole.
type recordFile struct {
	*conformance.Recorder
	name string
	file *os.File
}

// partSuffix marks a record that was not finished.
const partSuffix = ".part"

func createRecord(name string, h conformance.RecordHeader) (*recordFile, error) {
	if st, err := os.Stat(name); err == nil && st.IsDir() {
		return nil, unknownf("the record cannot be written: %s is a directory", name)
	}
	f, err := os.Create(name + partSuffix)
	if err != nil {
		return nil, unknownf("the record cannot be written: %w", err)
	}
	rec, err := conformance.NewRecorder(f, h)
	if err != nil {
		return nil, errors.Join(unknownf("%w", err), f.Close())
	}
	return &recordFile{rec, name, f}, nil
}

// finish ends the record, gives it its name and says what it is.
func (r *recordFile) finish(a *app, rec *record) error {
	end, err := r.Close(rec.file.Interrupted)
	if err = errors.Join(err, r.file.Close()); err == nil {
		err = os.Rename(r.file.Name(), r.name)
	}
	if err != nil {
		return unknownf("the record cannot be written: %w", err)
	}
	if end.Golden {
		a.say("record: %s, golden", r.name)
		return nil
	}
	a.say("record: %s, not golden: %s", r.name, strings.Join(end.NotGolden, "; "))
	return nil
}

// drop takes the record of a run away that did not begin.
func (r *recordFile) drop() {
	if r != nil {
		_ = r.file.Close()
		_ = os.Remove(r.file.Name())
	}
}

// redirections are what keeps a record from being golden before a request is
// sent: what may stand between the tool and AWS.
func redirections(a *app, f targetFlags) (reasons []string) {
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KMS"} {
		if v := a.env(name); v != "" {
			reasons = append(reasons, fmt.Sprintf("%s redirects to %s", name, withoutUserinfo(v)))
		}
	}
	for _, name := range []string{"AWS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
		if a.env(name) != "" {
			reasons = append(reasons, name+" trusts other certificates than the system's")
		}
	}
	if f.CAFile != "" {
		reasons = append(reasons, "--ca-file trusts other certificates than the system's")
	}
	return reasons
}

// recordHeader says what is recorded.
func (c conformCmd) recordHeader(a *app, o *opened, opts conformance.Options, rec *record) conformance.RecordHeader {
	info := o.Info()
	return conformance.RecordHeader{
		Tool: rec.file.Tool.Name + " " + rec.file.Tool.Version, SDK: rec.file.Environment.Modules["github.com/aws/aws-sdk-go-v2/service/kms"],
		Started: rec.file.Started, Target: withoutUserinfo(c.Target), Host: o.endpoint.Host, AWS: o.aws, Region: info.Region, Region2: opts.Region2,
		QuotaRegion: opts.QuotaRegion, RunID: rec.file.RunID, Seed: opts.Seed, Differential: opts.Differential,
		SymmetricPerSecond: opts.SymmetricPerSecond, Profile: c.Profile, NotGolden: redirections(a, c.targetFlags),
	}
}

// reports writes the section in the other forms that were asked for.
func (f recordFlags) reports(a *app, file *results.File) error {
	junit := func(w io.Writer) error { return render.JUnit(w, file) }
	markdown := func(w io.Writer) error { return render.Markdown(w, file) }
	page := func(w io.Writer) error { return render.HTML(w, file) }
	return errors.Join(writeReport(f.JUnit, junit), writeReport(f.Markdown, markdown), writeReport(f.HTML, page))
}

// writeReport writes a file whole or not at all; without a name, nothing.
func writeReport(name string, write func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	var b bytes.Buffer
	err := write(&b)
	if err == nil {
		_, err = results.WriteFile(name, b.Bytes())
	}
	if err != nil {
		return unknownf("%s cannot be written: %w", name, err)
	}
	return nil
}
