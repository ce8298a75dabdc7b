package pump

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"verdin/internal/engine"
	"verdin/internal/pump/disk"
	"verdin/internal/pump/journal"
	"verdin/internal/pump/snapshot"
	"verdin/schemas"
)

// StoreOptions of the state folder of a rollout; the zero value is fine.
type StoreOptions struct {
	FS         disk.FS                     // nil = the machine's, with a lock on the folder
	AcceptLoss bool                        // drop what a damaged journal holds behind the damage, and a generation that cannot go on
	Every      time.Duration               // between snapshots, on the cuts' clock, default 30 s
	Segment    int64                       // bytes of a file of the journal, default 64 MiB
	Note       func(what string, a ...any) // hears what was repaired or failed, as slog takes it; may be nil
	Kept       func(next []int64)          // hears the positions of the logs in each snapshot that has come to the disk, while the rollout goes on; may be nil
	Again      func(made, all int)         // hears that cuts are made once more from the topics, before the first and after each; may be nil
}

// Store is the state folder of one rollout: a lock, the journal and snapshots. A nil
// Store keeps nothing.
type Store struct {
	dir  string
	opt  StoreOptions
	lock io.Closer
	file *journal.File
	snap snapshot.Store

	script  Script // the last generation, without cuts that every snapshot has passed
	begun   uint64 // number of its activation
	passed  uint64 // cuts up to this record are not in the script
	rewinds []rewound

	cut    uint64       // number of the last cut's record
	kept   schemas.Time // wall of the last snapshot,
	upto   int64        // and records read up to it
	buf    []byte       // the engine's state in it; it is the write's while busy
	saving sync.WaitGroup
	busy   atomic.Bool
	saved  atomic.Int64 // schemas.Time of the last snapshot on disk; 0 = none
}

type rewound struct {
	index uint64
	cut   int64
}

// OpenStore takes the state folder of a rollout and reads its journal.
func OpenStore(dir string, opt StoreOptions) (s *Store, err error) {
	if opt.Every <= 0 {
		opt.Every = 30 * time.Second
	}
	if opt.Note == nil {
		opt.Note = func(string, ...any) {}
	}
	if opt.Kept == nil {
		opt.Kept = func([]int64) {}
	}
	if opt.Again == nil {
		opt.Again = func(int, int) {}
	}
	s = &Store{dir: dir, opt: opt}
	if opt.FS == nil {
		s.opt.FS = disk.OS{}
	}
	s.snap = snapshot.Store{FS: s.opt.FS, Dir: dir}
	if err := s.opt.FS.MkdirAll(dir); err != nil {
		return nil, fmt.Errorf("state folder: %w", err)
	}
	if opt.FS == nil {
		if s.lock, err = disk.Lock(filepath.Join(dir, "lock")); err != nil {
			return nil, err
		}
	}
	if err := s.read(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// read opens the journal and collects the script of its last generation.
func (s *Store) read() error {
	all, err := s.snap.List()
	if err != nil {
		return err
	}
	if len(all) > 0 {
		s.passed = all[0]
	}
	s.file, err = journal.Open(s.opt.FS, s.dir, journal.Options{
		Segment: s.opt.Segment, AcceptLoss: s.opt.AcceptLoss,
		Note: func(what, at string) { s.opt.Note("journal: "+what, "at", at) },
	}, s.take)
	return err
}

// take adds a record to the script.
func (s *Store) take(index uint64, json []byte) error {
	if journal.Kind(json) == "cut" {
		s.cut = index
		if index <= s.passed {
			return nil
		}
	}
	r, err := journal.Parse(json)
	if err != nil {
		return err
	}
	switch r := r.(type) {
	case *journal.Activation:
		s.begun, s.rewinds = index, nil
	case *journal.Rewind:
		s.rewinds = append(s.rewinds, rewound{index, r.Cut})
	}
	return s.script.Take(r)
}

// whole reads the script of the last generation again, with every cut.
func (s *Store) whole() error {
	s.passed, s.script, s.rewinds = 0, Script{}, nil
	c := s.file.Cursor(s.begun)
	defer c.Close()
	for {
		index, json, ok, err := c.Next()
		if err != nil || !ok {
			return err
		}
		if err := s.take(index, json); err != nil {
			return err
		}
	}
}

// Close lets the folder go.
func (s *Store) Close() error {
	if s == nil {
		return nil
	}
	s.saving.Wait()
	var errs []error
	if s.file != nil {
		errs = append(errs, s.file.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// Journal is the file behind the store.
func (s *Store) Journal() *journal.File { return s.file }

// Saved is when the last snapshot came to the disk, by the cuts' clock; 0 = none did
// since the store was opened.
func (s *Store) Saved() schemas.Time { return schemas.Time(s.saved.Load()) }

// append writes a record.
func (s *Store) append(r journal.Record) error {
	if s == nil {
		return nil
	}
	index, err := s.file.Append(r)
	if _, ok := r.(*journal.Cut); ok {
		s.cut = index
	}
	return err
}

// sync waits until what was written is on disk.
func (s *Store) sync() error {
	if s == nil {
		return nil
	}
	return s.file.Sync()
}

// commit writes records and waits until they are on disk.
func (s *Store) commit(all ...journal.Record) error {
	for _, r := range all {
		if err := s.append(r); err != nil {
			return err
		}
	}
	return s.sync()
}

const (
	sectionEngine = "engine"
	sectionPump   = "pump"
)

// state is a snapshot of what a cut left.
func (s *Store) state(core *engine.Engine, p *Place, acks *ackBook) []snapshot.Section {
	s.buf = core.AppendState(s.buf[:0])
	return []snapshot.Section{
		{Name: sectionPump, Data: p.append(nil, acks)},
		{Name: sectionEngine, Data: s.buf},
	}
}

// A large state takes as long to copy as a part of its records takes to read again, and
// nothing is judged meanwhile. So its next snapshot waits for records: one for so many
// bytes of the last one, or for so many intervals.
const (
	largeState     = 1 << 20
	bytesPerRecord = 16
	mostIntervals  = 10
)

// due tells whether the next snapshot is worth its time.
func (s *Store) due(p *Place, read int64) bool {
	past := p.Wall.Sub(s.kept)
	return past >= s.opt.Every && (len(s.buf) < largeState || past >= mostIntervals*s.opt.Every || bytesPerRecord*(read-s.upto) >= int64(len(s.buf)))
}

// keep takes a snapshot if one is due. It is written beside the next cuts; one that
// fails is told and costs the next start time, nothing else.
func (s *Store) keep(core *engine.Engine, p *Place, acks *ackBook) {
	if s == nil {
		return
	}
	if s.kept == 0 {
		s.kept = p.Wall
	}
	var read int64
	for _, next := range p.Next {
		read += next
	}
	if !s.due(p, read) || !s.busy.CompareAndSwap(false, true) {
		return
	}
	s.kept, s.upto = p.Wall, read
	number, wall, next, sections := s.cut, p.Wall, p.Next, s.state(core, p, acks)
	s.saving.Go(func() {
		defer s.busy.Store(false)
		s.write(number, wall, next, sections)
	})
}

// save takes a snapshot now.
func (s *Store) save(core *engine.Engine, p *Place, acks *ackBook) error {
	if s == nil {
		return nil
	}
	s.saving.Wait()
	s.write(s.cut, p.Wall, p.Next, s.state(core, p, acks))
	return nil
}

func (s *Store) write(number uint64, wall schemas.Time, next []int64, sections []snapshot.Section) {
	if err := s.snap.Write(number, sections); err != nil {
		s.opt.Note("no snapshot was kept: a restart reads more of the topics again", "err", err)
		return
	}
	s.saved.Store(int64(wall))
	s.opt.Kept(next)
}

// candidates are the snapshots of the last generation that count, the newest first.
func (s *Store) candidates() (all []uint64, err error) {
	if all, err = s.snap.List(); err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(n uint64) bool { return n < s.begun || n >= s.file.Next() })
	slices.Reverse(all)
	return all, nil
}
