package journal

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"verdin/internal/pump/disk"
)

// Cursor reads synced records of a File in order, beside whoever appends.
type Cursor struct {
	l    *File
	next uint64
	seg  segment
	file disk.File
	at   int64
	buf  []byte
}

// Cursor begins at a record; 0 is the first that the files hold.
func (l *File) Cursor(from uint64) *Cursor {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &Cursor{l: l, next: from}
}

// News has a token when more was synced since it was last read.
func (l *File) News() <-chan struct{} { return l.wake }

// Behind is how many synced records were not read yet.
func (c *Cursor) Behind() uint64 {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	c.start()
	return c.l.durable - min(c.l.durable, c.next)
}

// start moves a cursor that stands before the first record to it.
func (c *Cursor) start() {
	first := c.l.durable
	if len(c.l.segs) > 0 {
		first = c.l.segs[0].first
	}
	c.next = max(c.next, first)
}

// Next returns the next record; ok is false if there is no more yet. The bytes are
// valid until the next call.
func (c *Cursor) Next() (index uint64, json []byte, ok bool, err error) {
	c.l.mu.Lock()
	durable, size := c.l.durable, int64(0)
	c.start()
	var home segment // of the record
	for _, s := range c.l.segs {
		if s.first <= c.next {
			home, size = s, s.size
		}
	}
	c.l.mu.Unlock()
	if c.next >= durable {
		return 0, nil, false, nil
	}
	if c.file == nil || c.seg.first != home.first {
		if err := c.enter(home); err != nil {
			return 0, nil, false, err
		}
	}
	json, err = c.read(size)
	if err != nil {
		return 0, nil, false, fmt.Errorf("journal: reading record %d at byte %d of %s: %w", c.next, c.at, c.l.path(c.seg), err)
	}
	c.next++
	return c.next - 1, json, true, nil
}

// enter opens a segment and passes over the records before the next one.
func (c *Cursor) enter(s segment) error {
	c.Close()
	f, err := c.l.fs.Open(c.l.path(s), os.O_RDONLY)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	c.file, c.seg, c.at = f, s, 0
	for i := s.first; i < c.next; i++ {
		if _, err := c.read(1 << 62); err != nil {
			return fmt.Errorf("journal: passing over record %d of %s: %w", i, c.l.path(s), err)
		}
	}
	return nil
}

// read takes the record at the cursor's place.
func (c *Cursor) read(size int64) ([]byte, error) {
	if size-c.at < headSize {
		return nil, io.ErrUnexpectedEOF
	}
	c.buf = append(c.buf[:0], make([]byte, headSize)...)
	if _, err := c.file.ReadAt(c.buf, c.at); err != nil {
		return nil, err
	}
	n := int64(binary.LittleEndian.Uint32(c.buf))
	if n > MaxRecord {
		return nil, ErrDamaged
	}
	c.buf = append(c.buf, make([]byte, n)...)
	if _, err := c.file.ReadAt(c.buf[headSize:], c.at+headSize); err != nil {
		return nil, err
	}
	json, _, ok := frame(c.buf)
	if !ok {
		return nil, ErrDamaged
	}
	c.at += headSize + n
	return json, nil
}

// Close closes the file that the cursor reads.
func (c *Cursor) Close() {
	if c.file != nil {
		c.file.Close()
		c.file = nil
	}
}
