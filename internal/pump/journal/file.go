package journal

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"verdin/internal/pump/disk"
)

var (
	// ErrDamaged says that a record in the middle cannot be read.
	ErrDamaged = errors.New("the journal is damaged")
	// ErrWrite says that a record could not be written: the journal is closed, and a
	// new Open cuts off what was half written.
	ErrWrite = errors.New("the journal cannot be written: make room on its disk, or let this user write there")
	// ErrSync says that the disk did not take what was written. What it holds now is
	// unknown until the process starts anew.
	ErrSync = errors.New("the disk did not take the journal")
)

// Options of a journal; the zero value is fine.
type Options struct {
	Segment    int64                        // bytes after which another file is begun, default 64 MiB
	AcceptLoss bool                         // drop a bad record and all behind it
	Note       func(what string, at string) // hears what was cut off and where; may be nil
}

// File is the journal of one rollout in a folder. One goroutine appends; cursors may
// read beside it.
type File struct {
	fs   disk.FS
	dir  string
	opt  Options
	file disk.File // the last segment, nil = not open
	size int64     // of it, with what is not synced
	next uint64    // number of the next record
	born bool      // the last segment's name is not synced
	bad  error     // why nothing more is written

	mu      sync.Mutex // guards what follows
	segs    []segment
	durable uint64        // records before this one are synced
	wake    chan struct{} // one place: a second wake-up says nothing new
}

// segment is one file of the journal.
type segment struct {
	first uint64
	size  int64 // synced
}

const prefix = "journal-"

func (l *File) path(s segment) string {
	return filepath.Join(l.dir, fmt.Sprintf("%s%020d", prefix, s.first))
}

// Open reads the journal of a folder, calls each for every record in order, and
// returns it ready for more. The bytes are valid during the call only.
func Open(fs disk.FS, dir string, opt Options, each func(index uint64, json []byte) error) (*File, error) {
	if opt.Segment <= 0 {
		opt.Segment = 64 << 20
	}
	if opt.Note == nil {
		opt.Note = func(string, string) {}
	}
	l := &File{fs: fs, dir: dir, opt: opt, next: 1, wake: make(chan struct{}, 1)}
	if err := l.list(); err != nil {
		return nil, err
	}
	for i := 0; i < len(l.segs); i++ {
		if err := l.load(i, each); err != nil {
			return nil, err
		}
	}
	l.durable = l.next
	if n := len(l.segs); n > 0 {
		l.size = l.segs[n-1].size
	}
	return l, nil
}

// list finds the segments of the folder.
func (l *File) list() error {
	names, err := l.fs.List(l.dir)
	if err != nil {
		return fmt.Errorf("journal %s: %w", l.dir, err)
	}
	for _, name := range names {
		number, ok := strings.CutPrefix(name, prefix)
		first, err := strconv.ParseUint(number, 10, 64)
		if ok && err == nil && len(number) == 20 && first > 0 {
			l.segs = append(l.segs, segment{first: first})
		}
	}
	slices.SortFunc(l.segs, func(a, b segment) int { return cmp.Compare(a.first, b.first) })
	if len(l.segs) > 0 {
		l.next = l.segs[0].first
	}
	return nil
}

// load reads segment i and repairs its end.
func (l *File) load(i int, each func(uint64, []byte) error) error {
	s := &l.segs[i]
	path := l.path(*s)
	if s.first != l.next {
		return l.damage(i, 0, fmt.Sprintf("%s: records %d to %d before it are missing", path, l.next, s.first-1), nil)
	}
	data, err := l.fs.ReadFile(path)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	good, err := frames(data, func(json []byte) error {
		if err := each(l.next, json); err != nil {
			return fmt.Errorf("%s: record %d: %w", path, l.next, err)
		}
		l.next++
		return nil
	})
	s.size = int64(good)
	rest := data[good:]
	switch {
	case err != nil:
		return err
	case len(rest) == 0:
		return nil
	case i < len(l.segs)-1 || follows(rest):
		return l.damage(i, good, fmt.Sprintf("%s: byte %d: no record, though others follow", path, good), rest)
	}
	l.opt.Note("cut off a record that was not written to its end", fmt.Sprintf("%s: byte %d: %d bytes", path, good, len(rest)))
	return l.cut(path, int64(good))
}

// damage refuses a journal with a bad record in segment i, or drops it and all behind
// it. What is dropped stays beside the journal.
func (l *File) damage(i, good int, what string, rest []byte) error {
	if !l.opt.AcceptLoss {
		return fmt.Errorf("%w: %s: restore the file, or run once with --accept-journal-loss, which drops what stands behind it", ErrDamaged, what)
	}
	l.opt.Note("dropped records as --accept-journal-loss says", what)
	for _, s := range l.segs[i+1:] {
		if err := l.fs.Rename(l.path(s), l.path(s)+".lost"); err != nil {
			return fmt.Errorf("journal: %w", err)
		}
	}
	path := l.path(l.segs[i])
	if rest == nil { // the segment itself has no place
		l.segs = l.segs[:i]
		return l.fs.Rename(path, path+".lost")
	}
	l.segs = l.segs[:i+1]
	lost, err := l.fs.Open(path+".lost", os.O_CREATE|os.O_WRONLY|os.O_TRUNC)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	_, err = lost.Write(rest)
	if err = errors.Join(err, lost.Close()); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return l.cut(path, int64(good))
}

// cut shortens a segment.
func (l *File) cut(path string, size int64) error {
	f, err := l.fs.Open(path, os.O_WRONLY)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if err := errors.Join(f.Truncate(size), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("journal: cutting %s to %d bytes: %w", path, size, err)
	}
	return nil
}

// Begin gives an empty journal the number of its first record.
func (l *File) Begin(first uint64) {
	if len(l.segs) == 0 {
		l.next, l.durable = first, first
	}
}

// Next is the number of the record that is appended next.
func (l *File) Next() uint64 { return l.next }

// Bytes is the size of all files.
func (l *File) Bytes() (n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.segs {
		n += s.size
	}
	return n
}

// Close closes the file. What was not synced may be lost.
func (l *File) Close() error {
	if l.bad == nil {
		l.bad = fmt.Errorf("%w: it was closed", ErrWrite)
	}
	if l.file == nil {
		return nil
	}
	f := l.file
	l.file = nil
	return f.Close()
}

var _ io.Closer = (*File)(nil)
