package main

import (
	"bytes"
	"errors"
	"log"
	"os"
	"runtime"
	"strings"

	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// dataKeyVariable may hold the passphrase of --data instead of a file.
const dataKeyVariable = "KMSMAC_DATA_KEY"

// dataOptions reads what --data, its key and --seed-file name.
func (c serveCmd) dataOptions(a *app, o *kmsemu.Options) error {
	o.Data = c.Data
	if c.DataKeyFile != "" && c.Data == "" {
		return usagef("--data-key-file needs --data")
	}
	if c.Data != "" {
		key, err := c.dataKey(a)
		if err != nil {
			return err
		}
		o.DataKey = key
	}
	if c.SeedFile == "" {
		return nil
	}
	raw, err := readBounded(c.SeedFile)
	if err != nil {
		return unknownf("the seed file cannot be read: %w", err)
	}
	if o.SeedKeys, err = kmsemu.ParseSeedFile(raw); err != nil {
		return usageError(err)
	}
	return nil
}

// dataKey is the passphrase, without the line break that editors add.
func (c serveCmd) dataKey(a *app) (kmsemu.Passphrase, error) {
	if c.DataKeyFile == "" {
		return kmsemu.Passphrase(a.env(dataKeyVariable)), nil
	}
	st, err := os.Stat(c.DataKeyFile)
	if err != nil {
		return nil, unknownf("the key file cannot be read: %w", err)
	}
	if runtime.GOOS != "windows" && st.Mode().Perm()&0o077 != 0 {
		a.say("warning: other users may read the key file %s", c.DataKeyFile)
	}
	raw, err := readBounded(c.DataKeyFile)
	if err != nil {
		return nil, unknownf("the key file cannot be read: %w", err)
	}
	if raw = bytes.TrimRight(raw, "\r\n"); len(raw) == 0 {
		return nil, usagef("the key file %s is empty", c.DataKeyFile)
	}
	return raw, nil
}

// newEmulator tells a data directory that cannot be used from wrong options.
func newEmulator(o kmsemu.Options) (*kmsemu.Emulator, error) {
	emu, err := kmsemu.New(o)
	var data *kmsemu.DataError
	switch {
	case errors.As(err, &data):
		return nil, unknownf("%w", err)
	case err != nil:
		return nil, usageError(err)
	}
	return emu, nil
}

// httpLog passes what net/http says of connections on as warnings.
func httpLog(a *app) *log.Logger {
	return log.New(writerFunc(func(line []byte) {
		a.log.Warn().Msg(strings.TrimSpace(string(line)))
	}), "", 0)
}

type writerFunc func([]byte)

// Write implements io.Writer.
func (f writerFunc) Write(p []byte) (int, error) {
	f(p)
	return len(p), nil
}
