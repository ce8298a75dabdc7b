package table

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"verdin/ingest/arrowipc"
	"verdin/ingest/recording"
)

// Options say how a recording is converted. The zero value works.
type Options struct {
	Compression arrowipc.Compression // of Arrow and Parquet, default ZSTD
	SkipBad     bool                 // leave out lines and rows that are no event, instead of giving up
	Progress    func(read int64)     // called with the bytes read since the last call; the input is read twice for columns
}

// Report accounts for a conversion.
type Report struct {
	Events   int64            // written
	Raw      int64            // records kept byte for byte: written to NDJSON as they are, left out of columns with SkipBad
	Bad      int64            // left out with SkipBad, those not counted
	FirstBad string           // where the first of them stands and why
	LeftOut  map[string]int64 // members of events that no column can be named after
}

// writer writes rows to a file of some format.
type writer interface {
	Write(*Row) error
	Close() error
}

// carrier is a writer that can take lines as they are.
type carrier interface{ Carry(line []byte) error }

// Convert writes the events of an input to a file, whose format its name tells.
// Open is called twice if the output needs its columns first. The file appears
// under its name when it is whole, and replaces what was there.
func Convert(ctx context.Context, open func() (Lines, error), out string, opt Options) (Report, error) {
	if opt.Compression == "" {
		opt.Compression = arrowipc.ZSTD
	}
	format := FormatOf(out)
	if format == "" {
		return Report{}, UnknownFormat(out)
	}
	columns := &Columns{}
	if format != NDJSON {
		if _, err := each(ctx, open, opt, columns.Note, nil); err != nil {
			return Report{}, err
		}
	}
	var report Report
	err := whole(out, func(temp string) error {
		w, err := create(temp, format, columns, opt.Compression)
		if err != nil {
			return err
		}
		var carry func([]byte) error
		if c, ok := w.writer.(carrier); ok {
			carry = c.Carry
		}
		if report, err = each(ctx, open, opt, w.Write, carry); err != nil {
			return errors.Join(err, w.Close())
		}
		return w.Close()
	})
	return report, err
}

// each reads an input once and hands on its events, and to carry what is kept byte for
// byte; nil = it has no place.
func each(ctx context.Context, open func() (Lines, error), opt Options, use func(*Row) error, carry func([]byte) error) (r Report, err error) {
	lines, err := open()
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, lines.Close()) }()
	events := NewEvents()
	var row Row
	var told int64
	for n := 0; ; n++ {
		if n%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return r, err
			}
			if read := lines.BytesRead(); opt.Progress != nil {
				opt.Progress(read - told)
				told = read
			}
		}
		line, offset, err := lines.Next()
		if err == io.EOF {
			r.LeftOut = events.LeftOut
			return r, nil
		}
		if err == nil && isRaw(line) && (carry != nil || opt.SkipBad) {
			if r.Raw++; carry != nil {
				if err := carry(line); err != nil {
					return r, fmt.Errorf("%s: %w", lines.Where(), err)
				}
			}
			continue
		}
		if err == nil {
			err = events.Read(line, offset, &row)
		}
		var bad Rejected
		switch {
		case errors.As(err, &bad):
			if !opt.SkipBad {
				return r, fmt.Errorf("%s: no event: %w: mend it, or leave such out with --skip-bad", lines.Where(), bad)
			}
			if r.Bad++; r.Bad == 1 {
				r.FirstBad = fmt.Sprintf("%s: %s", lines.Where(), bad)
			}
			continue
		case err != nil:
			return r, err
		}
		if err := use(&row); err != nil {
			return r, fmt.Errorf("%s: %w", lines.Where(), err)
		}
		r.Events++
	}
}

// create creates a file of the format.
func create(path string, format Format, columns *Columns, c arrowipc.Compression) (*closing, error) {
	out, err := recording.Create(path)
	if err != nil {
		return nil, err
	}
	var w writer
	switch format {
	case NDJSON:
		w = &lineWriter{out: out}
	case CSV:
		w, err = newCSVWriter(out, columns)
	case Arrow:
		w, err = newArrowWriter(out, columns, c)
	case Parquet:
		w, err = newParquetWriter(out, columns, c)
	}
	if err != nil {
		return nil, errors.Join(err, out.Close())
	}
	return &closing{w, out}, nil
}

// closing closes a writer and then its file.
type closing struct {
	writer
	out io.Closer
}

func (c *closing) Close() error { return errors.Join(c.writer.Close(), c.out.Close()) }

// lineWriter writes a recording in NDJSON.
type lineWriter struct {
	out  io.Writer
	line []byte
}

// Write writes a row as a line.
func (w *lineWriter) Write(row *Row) error {
	w.line = row.AppendLine(w.line[:0])
	_, err := w.out.Write(w.line)
	return err
}

// Carry writes a line as it is.
func (w *lineWriter) Carry(line []byte) error {
	w.line = append(append(w.line[:0], bytes.TrimSuffix(line, []byte("\n"))...), '\n')
	_, err := w.out.Write(w.line)
	return err
}

// Close has nothing to write.
func (w *lineWriter) Close() error { return nil }

// whole lets write make a file beside out and gives it that name if all went
// well. "-" is standard output, which cannot be taken back.
func whole(out string, write func(temp string) error) error {
	if out == recording.Stdin {
		return errors.New("write table: standard output cannot be taken back when the input proves bad: give a file")
	}
	temp := filepath.Join(filepath.Dir(out), "."+strconv.Itoa(os.Getpid())+"-"+filepath.Base(out))
	err := write(temp)
	if err == nil {
		err = settle(temp)
	}
	if err == nil {
		err = os.Rename(temp, out)
	}
	if err != nil {
		return errors.Join(err, remove(temp))
	}
	return nil
}

// settle brings a file to the disk before it gets its name.
func settle(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// remove removes a file if it is there.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
