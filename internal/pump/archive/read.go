package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"verdin/ingest/codec"
	"verdin/ingest/recording"
	"verdin/ingest/registry"
	"verdin/internal/pump"
	"verdin/internal/pump/journal"
	"verdin/schemas"
)

// Folder is a recording that was opened.
type Folder struct {
	Script  pump.Script
	dir     string
	schemas codec.Schemas // nil = no record is framed
}

// Is tells whether a path is a recording of this kind.
func Is(path string) bool {
	info, err := os.Stat(filepath.Join(path, journalFile))
	return err == nil && info.Mode().IsRegular()
}

// Open reads the journal of a recording.
func Open(dir string) (*Folder, error) {
	f := &Folder{dir: dir}
	path := filepath.Join(dir, journalFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("recording %s: %w", dir, err)
	}
	if len(data) == 0 || data[len(data)-1] != '\n' {
		return nil, fmt.Errorf("%s: byte %d: the last line has no end: the file was cut off, record anew", path, len(data))
	}
	n := 0
	for line := range bytes.Lines(data) {
		n++
		r, err := journal.Parse(bytes.TrimSuffix(line, []byte("\n")))
		if err == nil {
			err = f.Script.Take(r)
		}
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, n, err)
		}
	}
	answers := filepath.Join(dir, schemasFile)
	if _, err := os.Stat(answers); err == nil {
		if f.schemas, err = registry.ReadAnswers(answers); err != nil {
			return nil, err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("recording %s: %w", dir, err)
	}
	return f, nil
}

// Logs are the logs of the recording, in the order of its files.
func (f *Folder) Logs() (all []schemas.Log) {
	for _, l := range f.Script.Activation.Logs {
		all = append(all, schemas.Log{Topic: l.Topic, Partition: l.Partition, Kinds: l.Kinds})
	}
	return all
}

// Path is the file of a log.
func (f *Folder) Path(log int) string {
	l := f.Script.Activation.Logs[log]
	return filepath.Join(f.dir, fmt.Sprintf(eventsForm, l.Topic, l.Partition))
}

// Decoding says how the lines of a log are decoded.
func (f *Folder) Decoding(log int) codec.Options { return pump.Decoding(f.Logs()[log], f.schemas) }

// Stream decodes the events of a log.
func (f *Folder) Stream(ctx context.Context, log int, layout *schemas.Layout, opt recording.StreamOptions) (*recording.Stream, error) {
	opt.Codec = f.Decoding(log)
	opt.Log = 0
	for _, l := range f.Script.Activation.Logs[:log] {
		if l.Shard == f.Script.Activation.Logs[log].Shard {
			opt.Log++ // among the logs of its shard
		}
	}
	return recording.OpenStream(ctx, f.Path(log), layout, opt)
}
