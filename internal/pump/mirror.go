package pump

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"verdin/internal/pump/journal"
)

// Mirror is a copy of journals that outlives this machine.
type Mirror interface {
	AppendJournal(ctx context.Context, index uint64, record []byte) error
	JournalEnd(ctx context.Context) (index uint64, ok bool, err error)
	ReadJournal(ctx context.Context, from uint64, each func(index uint64, record []byte) error) error
}

// ErrForked is wrapped by a Mirror's errors when it holds other records than this
// journal: somebody else writes it.
var ErrForked = errors.New("the mirror holds another journal")

// Fetch takes from a mirror the records that the journal lacks: all of them if the
// folder is new. If both hold a record and differ, another engine has gone on since:
// the folder's journal is set aside.
func (s *Store) Fetch(ctx context.Context, m Mirror) error {
	end, ok, err := m.JournalEnd(ctx)
	if err != nil || !ok {
		return err
	}
	if ours := s.file.Next() - 1; s.file.Bytes() > 0 {
		err := s.compare(ctx, m, min(end, ours))
		switch {
		case errors.Is(err, ErrForked):
			s.opt.Note("another engine has journalled this rollout: the folder's journal is set aside", "err", err)
			if err := s.aside(); err != nil {
				return err
			}
		case err != nil:
			return err
		case end <= ours:
			return nil
		}
	}
	return s.adopt(ctx, m)
}

// compare looks whether a record is the same in both.
func (s *Store) compare(ctx context.Context, m Mirror, index uint64) error {
	c := s.file.Cursor(index)
	defer c.Close()
	_, ours, _, err := c.Next()
	if err != nil {
		return err
	}
	seen := errors.New("seen")
	err = m.ReadJournal(ctx, index, func(i uint64, theirs []byte) error {
		if i != index || bytes.Equal(ours, theirs) {
			return seen // one that the mirror has dropped is none to compare with
		}
		return fmt.Errorf("%w: record %d differs", ErrForked, index)
	})
	if errors.Is(err, seen) {
		return nil
	}
	return err
}

// aside renames the files of the journal and forgets them.
func (s *Store) aside() error {
	if err := s.file.Close(); err != nil {
		return err
	}
	names, err := s.opt.FS.List(s.dir)
	for _, name := range names {
		if err == nil && strings.HasPrefix(name, "journal-") && !strings.Contains(name, ".") {
			err = s.opt.FS.Rename(filepath.Join(s.dir, name), filepath.Join(s.dir, name+".forked"))
		}
	}
	if err = errors.Join(err, s.snap.Clear()); err != nil {
		return fmt.Errorf("state folder: %w", err)
	}
	s.script, s.begun, s.passed, s.rewinds = Script{}, 0, 0, nil
	return s.read()
}

// adopt appends the mirror's records that follow on the journal's.
func (s *Store) adopt(ctx context.Context, m Mirror) error {
	from := s.file.Next()
	if s.file.Bytes() == 0 {
		from = 0
	}
	n := 0
	err := m.ReadJournal(ctx, from, func(index uint64, record []byte) error {
		if n == 0 {
			s.file.Begin(index)
		}
		n++
		if err := s.take(index, record); err != nil {
			return fmt.Errorf("mirrored record %d: %w", index, err)
		}
		_, err := s.file.AppendJSON(record)
		return err
	})
	if err == nil {
		err = s.sync()
	}
	if err != nil {
		return fmt.Errorf("fetching the journal from its mirror: %w", err)
	}
	s.opt.Note("the journal was fetched from its mirror", "records", n)
	return nil
}

// Copy mirrors the journal until ctx ends. It never holds the rollout up: what cannot
// be sent now is sent later. Behind hears after every step how many records wait.
func (s *Store) Copy(ctx context.Context, m Mirror, behind func(records uint64), report func(error)) {
	const wait, most = 100 * time.Millisecond, 5 * time.Second
	c := copier{Cursor: s.file.Cursor(0)}
	defer func() { c.Close() }()
	for pause := wait; ; {
		err := s.copy(ctx, m, &c, behind)
		behind(c.Behind())
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, ErrForked):
			report(fmt.Errorf("the journal is mirrored no longer: %w", err))
			return
		case err != nil:
			if pause == wait {
				report(fmt.Errorf("the journal's mirror waits: %w", err))
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
			pause = min(2*pause, most)
			continue
		}
		pause = wait
		select {
		case <-ctx.Done():
			return
		case <-s.file.News():
		}
	}
}

// copier is how far a journal was sent.
type copier struct {
	*journal.Cursor
	sure bool // the mirror ends where the cursor stands
}

// copy sends what is there.
func (s *Store) copy(ctx context.Context, m Mirror, c *copier, behind func(uint64)) error {
	if !c.sure {
		end, ok, err := m.JournalEnd(ctx)
		if err != nil {
			return err
		}
		if ok {
			c.Close()
			c.Cursor = s.file.Cursor(end + 1)
		}
		c.sure = true
	}
	for {
		behind(c.Behind())
		index, json, ok, err := c.Next()
		if err != nil || !ok {
			return err
		}
		if err := m.AppendJournal(ctx, index, json); err != nil {
			c.Close()
			*c = copier{Cursor: s.file.Cursor(index)}
			return err
		}
	}
}
