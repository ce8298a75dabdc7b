package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"verdin/ingest/codec"
)

// store keeps answers in a file, one a line, in the order in which they came.
type store struct{ file *os.File }

// line is an answer; one without a schema says that there is none.
type line struct {
	Number uint32        `json:"id,omitempty"`
	GUID   string        `json:"guid,omitempty"`
	Schema *codec.Schema `json:"schema"`
}

// openStore reads the answers of a file into known, and opens it for more. A last
// line that has no end was never used, and is cut off.
func openStore(path string, known map[codec.SchemaID]*codec.Schema) (*store, error) {
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("kafka.registry.cache: %w", err)
	}
	whole := bytes.LastIndexByte(data, '\n') + 1
	if line, err := answers(known).read(data[:whole]); err != nil {
		return nil, fmt.Errorf("kafka.registry.cache: %s, line %d: %w: move the file away to ask the registry anew", path, line, err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("kafka.registry.cache: %w", err)
	}
	if err := errors.Join(f.Truncate(int64(whole)), seekEnd(f), syncDir(path)); err != nil {
		return nil, errors.Join(fmt.Errorf("kafka.registry.cache: %w", err), f.Close())
	}
	return &store{f}, nil
}

func seekEnd(f *os.File) error {
	_, err := f.Seek(0, 2)
	return err
}

// syncDir makes a new file's name durable.
func syncDir(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func parseLine(text []byte) (id codec.SchemaID, s *codec.Schema, err error) {
	var l line
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return id, nil, err
	}
	if l.GUID == "" {
		return codec.SchemaID{Number: l.Number}, l.Schema, nil
	}
	id, err = codec.ParseGUID(l.GUID)
	return id, l.Schema, err
}

// add makes an answer durable. A nil store keeps nothing.
func (s *store) add(id codec.SchemaID, schema *codec.Schema) error {
	if s == nil {
		return nil
	}
	l := line{Number: id.Number, Schema: schema}
	if id.Global {
		l.GUID = id.String()
	}
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("kafka.registry.cache: %w", err)
	}
	at, err := s.file.Seek(0, 1)
	if err == nil {
		_, err = s.file.Write(append(text, '\n'))
	}
	if err == nil {
		err = s.file.Sync()
	}
	if err != nil { // what was written in part must not stand before the next line
		_, back := s.file.Seek(at, 0)
		return fmt.Errorf("kafka.registry.cache: %w", errors.Join(err, back, s.file.Truncate(at)))
	}
	return nil
}

func (s *store) close() error {
	if s == nil {
		return nil
	}
	return s.file.Close()
}

// ReadAnswers reads a cache file for good: what it does not hold does not exist. A last
// line that has no end was never used, and does not count.
func ReadAnswers(path string) (codec.Schemas, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("schemas: %w", err)
	}
	known := answers{}
	if line, err := known.read(data[:bytes.LastIndexByte(data, '\n')+1]); err != nil {
		return nil, fmt.Errorf("schemas: %s, line %d: %w: restore the file, or record anew", path, line, err)
	}
	return known, nil
}

// answers are all that there are.
type answers map[codec.SchemaID]*codec.Schema

// read adds the answers of whole lines; of several under one id the first stands. An
// error comes with the number of its line.
func (a answers) read(lines []byte) (line int, err error) {
	for text := range bytes.Lines(lines) {
		line++
		id, s, err := parseLine(text)
		if err != nil {
			return line, err
		}
		if _, ok := a[id]; !ok {
			a[id] = s
		}
	}
	return line, nil
}

func (a answers) Schema(id codec.SchemaID) (*codec.Schema, bool) { return a[id], true }
