package kmsemu

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"
)

const (
	// dataFile is the name of the file in the data directory.
	dataFile = "kmsemu.db"

	// lockWait is how long another process may still hold the file: one that
	// was killed a moment ago needs some time to die.
	lockWait = time.Second
)

// The buckets of the file. Objects are stored under their number, so that
// names do not show when the file is sealed, and load in order of creation.
const (
	bucketMeta     = "meta"
	bucketWrapping = "wrapping"
	bucketKeys     = "keys"
	bucketAliases  = "aliases"
	bucketGrants   = "grants"
)

// errLost is the answer to a change that could not be made durable.
var errLost = errors.New("kmsemu: the change could not be stored")

// boltStore keeps changes in a bbolt file. Changes that arrive while one
// transaction is being written share the next: one fsync for all of them.
type boltStore struct {
	e       *Emulator
	db      *bbolt.DB
	records *recordSealer

	wake    chan struct{} // holds one: something is to be written
	quit    chan struct{}
	stopped chan struct{}
	once    sync.Once
	err     error // of close

	last     atomic.Pointer[batch] // the newest that somebody waits for
	failures atomic.Uint64         // batches that were undone

	mu     sync.Mutex
	open   *batch // collects; nil while nothing is to be written
	closed bool

	// Of the flusher alone: what must be true of the file again, by object.
	repair map[objectID]change

	wrappingMu sync.Mutex
	wrapping   map[string]bool // "RSA_2048/0": is in the file
}

// batch is what one transaction of the file writes.
type batch struct {
	changes []change
	done    chan struct{}
	err     error // after done
}

func newBatch() *batch { return &batch{done: make(chan struct{})} }

func (b *batch) wait() error {
	<-b.done
	return b.err
}

// DataError says why a data directory cannot be used: it is damaged, sealed
// otherwise, in use, or cannot be read or written.
type DataError struct {
	Dir string
	Err error
}

// Error implements error.
func (e *DataError) Error() string { return "kmsemu: data directory " + e.Dir + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *DataError) Unwrap() error { return e.Err }

// openStore opens or creates the file in dir, which it locks. Its errors are
// causes of a DataError.
func openStore(e *Emulator, dir string, key Passphrase) (*boltStore, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, dataFile)
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	if errors.Is(err, bbolterrors.ErrTimeout) {
		return nil, errors.New("it is in use by another process")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dataFile, err)
	}
	s := &boltStore{e: e, db: db, wake: make(chan struct{}, 1), quit: make(chan struct{}), stopped: make(chan struct{}),
		wrapping: map[string]bool{}, repair: map[objectID]change{}}
	if err := s.prepare(dir, path, key); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	go s.run()
	return s, nil
}

// prepare makes the file private and its buckets exist, and finds out how it
// is sealed.
func (s *boltStore) prepare(dir, path string, key Passphrase) error {
	if err := os.Chmod(path, 0o600); err != nil {
		return err
	}
	err := s.db.Update(func(tx *bbolt.Tx) (err error) {
		for _, name := range []string{bucketMeta, bucketWrapping, bucketKeys, bucketAliases, bucketGrants} {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		s.records, err = openRecords(tx.Bucket([]byte(bucketMeta)), key)
		return err
	})
	if err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes the entry of a new file durable, where a directory can be
// opened.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = d.Sync() // not every system syncs directories
	return d.Close()
}

// append implements store.
func (s *boltStore) append(changes []change, lazy bool) func() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return func() error { return errLost }
	}
	if s.open == nil {
		s.open = newBatch()
	}
	b := s.open
	b.changes = append(b.changes, changes...)
	if lazy {
		return func() error { return nil }
	}
	s.last.Store(b)
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return b.wait
}

// mark implements store.
func (s *boltStore) mark() uint64 { return s.failures.Load() }

// settle implements store.
func (s *boltStore) settle(mark uint64) error {
	if b := s.last.Load(); b != nil {
		<-b.done
	}
	if s.failures.Load() != mark {
		return errLost
	}
	return nil
}

// run writes until the store is closed.
func (s *boltStore) run() {
	defer close(s.stopped)
	for {
		select {
		case <-s.wake:
			s.flush()
		case <-s.quit:
			s.flush()
			return
		}
	}
}

// flush writes the open batch.
func (s *boltStore) flush() {
	b := s.take()
	if b == nil {
		return
	}
	if err := s.write(b.changes); err != nil {
		s.undo(b)
		return
	}
	clear(s.repair)
	close(b.done)
}

func (s *boltStore) take() *batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.open
	s.open = nil
	return b
}

// undo takes back, in memory, what could not be written and everything that
// was built on it. The file may hold the batch all the same, for example when
// only the last fsync failed, so the next batch puts it right.
func (s *boltStore) undo(b *batch) {
	s.e.mu.Lock()
	defer s.e.mu.Unlock()
	lost := []*batch{b}
	if after := s.take(); after != nil {
		lost = append(lost, after)
	}
	for i := len(lost) - 1; i >= 0; i-- {
		changes := lost[i].changes
		for j := len(changes) - 1; j >= 0; j-- {
			s.e.undo(changes[j])
			inverse := changes[j].inverse()
			s.repair[inverse.object()] = inverse
		}
	}
	s.failures.Add(1)
	for _, l := range lost {
		l.err = errLost
		close(l.done)
	}
}

// write makes changes durable in one transaction.
func (s *boltStore) write(changes []change) error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		for _, c := range s.repair {
			if err := s.put(tx, c); err != nil {
				return err
			}
		}
		for _, c := range changes {
			if err := s.put(tx, c); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *boltStore) put(tx *bbolt.Tx, c change) error {
	at := c.object()
	b := tx.Bucket([]byte(at.bucket))
	if at.seq > b.Sequence() { // numbers are never used twice
		if err := b.SetSequence(at.seq); err != nil {
			return err
		}
	}
	id := binary.BigEndian.AppendUint64(nil, at.seq)
	if c.gone {
		return b.Delete(id)
	}
	value, err := s.records.encode(at.bucket, id, c.record())
	if err != nil {
		return err
	}
	return b.Put(id, value)
}

// keepWrapping implements store.
func (s *boltStore) keepWrapping(spec string, slot int, key *rsa.PrivateKey) error {
	id := wrappingID(spec, slot)
	if s.wrappingKept(id) {
		return nil
	}
	value, err := s.records.encode(bucketWrapping, []byte(id), x509.MarshalPKCS1PrivateKey(key))
	if err != nil {
		return err
	}
	err = s.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucketWrapping)).Put([]byte(id), value) })
	if err != nil {
		return errLost
	}
	s.wrappingMu.Lock()
	defer s.wrappingMu.Unlock()
	s.wrapping[id] = true
	return nil
}

func (s *boltStore) wrappingKept(id string) bool {
	s.wrappingMu.Lock()
	defer s.wrappingMu.Unlock()
	return s.wrapping[id]
}

func wrappingID(spec string, slot int) string { return fmt.Sprintf("%s/%d", spec, slot) }

// close implements store.
func (s *boltStore) close() error {
	s.once.Do(func() {
		s.mu.Lock()
		s.closed = true
		s.mu.Unlock()
		close(s.quit)
		<-s.stopped
		s.err = s.db.Close()
	})
	return s.err
}
