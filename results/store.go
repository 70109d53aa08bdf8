package results

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// FileName is the name of the result file inside a result directory.
const FileName = "result.json"

// Hash is the plan's identity: lower-case hex SHA-256 of its canonical JSON
// (members sorted by name, no white space). Two plans with one hash do the
// same work. It fails only for settings that JSON cannot hold.
func (p Plan) Hash() (string, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("results: plan cannot be written: %w", err)
	}
	var canonical any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber() // seeds are 64 bits wide
	if err := dec.Decode(&canonical); err != nil {
		return "", fmt.Errorf("results: plan cannot be read back: %w", err)
	}
	if raw, err = json.Marshal(canonical); err != nil {
		return "", fmt.Errorf("results: plan cannot be written: %w", err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), nil
}

// MarshalJSON writes the known members in their order, then Unknown by name.
func (f *File) MarshalJSON() ([]byte, error) {
	type plain File
	raw, err := json.Marshal((*plain)(f))
	if err != nil || len(f.Unknown) == 0 {
		return raw, err
	}
	names := make([]string, 0, len(f.Unknown))
	for name := range f.Unknown {
		names = append(names, name)
	}
	slices.Sort(names)
	out := bytes.NewBuffer(raw[:len(raw)-1])
	for _, name := range names {
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(out, ",%s:%s", key, f.Unknown[name])
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// UnmarshalJSON keeps members that this version does not know in Unknown.
func (f *File) UnmarshalJSON(raw []byte) error {
	type plain File
	if err := json.Unmarshal(raw, (*plain)(f)); err != nil {
		return err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	for name := range knownMembers() {
		delete(all, name)
	}
	f.Unknown = nil
	if len(all) > 0 {
		f.Unknown = all
	}
	return nil
}

func knownMembers() map[string]bool {
	known := map[string]bool{}
	for field := range reflect.TypeFor[File]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		known[name] = true
	}
	return known
}

// Write stores f as FileName in dir, which it makes if need be, and returns
// the path. The file appears whole or not at all: it is written beside its
// place, synced, and renamed. A file that is already there is replaced. Account
// ids are masked; in the plan, the caller must have done so before it hashed it.
func Write(dir string, f *File) (string, error) {
	raw, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return "", fmt.Errorf("results: %w", err)
	}
	return WriteFile(filepath.Join(dir, FileName), append([]byte(MaskAccounts(string(raw))), '\n'))
}

// WriteFile stores data at path in the same way as Write does and returns the
// path. Folders on the way are made.
func WriteFile(path string, data []byte) (string, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("results: %w", err)
	}
	tmp, err := os.CreateTemp(dir, ".tmp-*")
	if err != nil {
		return "", fmt.Errorf("results: %w", err)
	}
	defer os.Remove(tmp.Name()) // fails after the rename, as it should
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return "", fmt.Errorf("results: %s was not written: %w", path, err)
	}
	syncDir(dir)
	return path, nil
}

// syncDir makes the rename durable where the system can; where it cannot
// (Windows) the file itself is synced all the same.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// maxFileBytes bounds what Read takes in: a result of a day-long run is a few
// megabytes.
const maxFileBytes = 256 << 20

// Read reads a result file, or the one inside a result directory. The error
// names the file and what is wrong: missing, truncated (with the offset), not
// a result file, written by a newer version, or a place in it that contradicts
// another or cannot be (an edit by hand).
//
// Of a run that was killed there is no result but an interval log (LogFileName);
// from it, or from a directory with nothing else, Read makes what can be said:
// a result that is interrupted and at best Inconclusive, whose warnings tell how
// many seconds it holds.
func Read(path string) (*File, error) {
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		path = inDirectory(path)
	}
	raw, err := readBounded(path)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(raw, logMagic) {
		return readCut(path, raw)
	}
	var head struct {
		Schema *int `json:"schema"`
		Tool   Tool `json:"tool"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, fmt.Errorf("results: %s: %s", path, jsonFault(raw, err))
	}
	switch {
	case head.Schema == nil || head.Tool.Name != "kmsmac":
		return nil, fmt.Errorf("results: %s is not a kmsmac result file", path)
	case *head.Schema > Schema:
		return nil, fmt.Errorf("results: %s has schema %d, this kmsmac reads up to %d: use a newer kmsmac", path, *head.Schema, Schema)
	case *head.Schema < 1:
		return nil, fmt.Errorf("results: %s has schema %d, which never existed", path, *head.Schema)
	}
	f := new(File)
	if err := json.Unmarshal(raw, f); err != nil {
		return nil, fmt.Errorf("results: %s: %s", path, jsonFault(raw, err))
	}
	if want, err := f.Plan.Hash(); err != nil || want != f.PlanHash {
		return nil, fmt.Errorf("results: %s: plan_hash does not fit the plan: the file was edited", path)
	}
	if text := f.fault(); text != "" {
		return nil, fmt.Errorf("results: %s: %s: the file was edited or is damaged", path, text)
	}
	return f, nil
}

// inDirectory is the file to read in a result directory.
func inDirectory(dir string) string {
	path := filepath.Join(dir, FileName)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		log := filepath.Join(dir, LogFileName)
		if _, err := os.Stat(log); err == nil {
			return log
		}
	}
	return path
}

func readBounded(path string) ([]byte, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("results: %s does not exist", path)
	}
	if err != nil {
		return nil, fmt.Errorf("results: %w", err)
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("results: %s: %w", path, err)
	}
	if len(raw) > maxFileBytes {
		return nil, fmt.Errorf("results: %s is larger than %d bytes", path, maxFileBytes)
	}
	return raw, nil
}

// jsonFault says where the text stops being a result file.
func jsonFault(raw []byte, err error) string {
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	switch {
	case len(bytes.TrimSpace(raw)) == 0:
		return "the file is empty"
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(bytes.TrimRight(raw, " \n\t\r"))):
		return fmt.Sprintf("truncated after %d bytes", len(raw))
	case errors.As(err, &syntax):
		return fmt.Sprintf("not JSON at line %d: %v", 1+bytes.Count(raw[:syntax.Offset], []byte("\n")), syntax)
	case errors.As(err, &typ) && typ.Field == "":
		return fmt.Sprintf("not a kmsmac result file: it holds a JSON %s, not an object", typ.Value)
	case errors.As(err, &typ):
		return fmt.Sprintf("%s should not be a %s (line %d)", typ.Field, typ.Value, 1+bytes.Count(raw[:typ.Offset], []byte("\n")))
	}
	return err.Error()
}
