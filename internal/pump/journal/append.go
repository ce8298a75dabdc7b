package journal

import (
	"fmt"
	"os"
)

// Append writes a record and returns its number. It is durable after Sync.
func (l *File) Append(r Record) (index uint64, err error) { return l.AppendJSON(Append(nil, r)) }

// AppendJSON is Append of a record that was encoded before.
func (l *File) AppendJSON(json []byte) (index uint64, err error) {
	if l.bad != nil {
		return 0, l.bad
	}
	if len(json) > MaxRecord {
		return 0, l.fail(fmt.Errorf("%w: a record of %d bytes, above %d", ErrWrite, len(json), MaxRecord))
	}
	if err := l.room(); err != nil {
		return 0, err
	}
	b := appendFrame(nil, json)
	if _, err := l.file.Write(b); err != nil {
		return 0, l.fail(fmt.Errorf("%w: %w", ErrWrite, err))
	}
	l.size += int64(len(b))
	l.next++
	return l.next - 1, nil
}

// Sync waits until all that was appended is on disk.
func (l *File) Sync() error {
	if l.bad != nil {
		return l.bad
	}
	if l.file == nil {
		return nil
	}
	if err := l.file.Sync(); err != nil {
		return l.fail(fmt.Errorf("%w: %w", ErrSync, err))
	}
	if l.born {
		if err := l.fs.SyncDir(l.dir); err != nil {
			return l.fail(fmt.Errorf("%w: %w", ErrSync, err))
		}
		l.born = false
	}
	l.mu.Lock()
	l.segs[len(l.segs)-1].size, l.durable = l.size, l.next
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return nil
}

// room opens the segment that the next record goes to.
func (l *File) room() error {
	full := l.size >= l.opt.Segment
	if l.file != nil && !full {
		return nil
	}
	if l.file != nil {
		if err := l.Sync(); err != nil {
			return err
		}
		if err := l.file.Close(); err != nil {
			return l.fail(fmt.Errorf("%w: %w", ErrWrite, err))
		}
		l.file = nil
	}
	last := len(l.segs) - 1
	if last < 0 || full {
		l.mu.Lock()
		l.segs, l.size, l.born = append(l.segs, segment{first: l.next}), 0, true
		last++
		l.mu.Unlock()
	}
	f, err := l.fs.Open(l.path(l.segs[last]), os.O_CREATE|os.O_WRONLY|os.O_APPEND)
	if err != nil {
		return l.fail(fmt.Errorf("%w: %w", ErrWrite, err))
	}
	l.file = f
	return nil
}

// fail closes the journal for good.
func (l *File) fail(err error) error {
	if l.file != nil {
		l.file.Close()
		l.file = nil
	}
	l.bad = fmt.Errorf("journal %s: %w", l.dir, err)
	return l.bad
}
