package snapshot

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"verdin/internal/pump/disk"
)

// Store is a folder of snapshots. Each has the number of the journal record after
// which it was taken.
type Store struct {
	FS   disk.FS
	Dir  string
	Keep int // how many to keep, 0 = 3
}

const (
	prefix = "snapshot-"
	temp   = "unfinished-snapshot"
)

// Path is the file of a snapshot.
func (s *Store) Path(number uint64) string {
	return filepath.Join(s.Dir, fmt.Sprintf("%s%020d", prefix, number))
}

// Write stores a snapshot and removes those that are too old to be of use.
func (s *Store) Write(number uint64, sections []Section) error {
	if err := s.write(number, sections); err != nil {
		return fmt.Errorf("snapshot %s: %w", s.Path(number), err)
	}
	all, err := s.List()
	if err != nil {
		return err
	}
	for _, old := range all[:max(0, len(all)-s.keep())] {
		if err := s.FS.Remove(s.Path(old)); err != nil {
			return fmt.Errorf("snapshot: %w", err)
		}
	}
	return nil
}

func (s *Store) keep() int { return cmp.Or(s.Keep, 3) }

func (s *Store) write(number uint64, sections []Section) error {
	name := filepath.Join(s.Dir, temp)
	f, err := s.FS.Open(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = f.Write(Encode(nil, sections))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := s.FS.Rename(name, s.Path(number)); err != nil {
		return err
	}
	return s.FS.SyncDir(s.Dir)
}

// List returns the numbers of the snapshots, ascending.
func (s *Store) List() (all []uint64, err error) {
	names, err := s.FS.List(s.Dir)
	if err != nil {
		return nil, fmt.Errorf("snapshots in %s: %w", s.Dir, err)
	}
	for _, name := range names {
		digits, ok := strings.CutPrefix(name, prefix)
		n, err := strconv.ParseUint(digits, 10, 64)
		if ok && err == nil && len(digits) == 20 {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return all, nil
}

// Read returns the sections of a snapshot.
func (s *Store) Read(number uint64) ([]Section, error) {
	b, err := s.FS.ReadFile(s.Path(number))
	if err == nil {
		var sections []Section
		if sections, err = Decode(b); err == nil {
			return sections, nil
		}
	}
	return nil, fmt.Errorf("snapshot %s: %w", s.Path(number), err)
}

// Clear removes every snapshot: those of a generation that has ended.
func (s *Store) Clear() error {
	all, err := s.List()
	for _, n := range all {
		err = errors.Join(err, s.FS.Remove(s.Path(n)))
	}
	return err
}
