package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"verdin/ingest/recording"
	"verdin/internal/pump"
	"verdin/internal/pump/disk"
)

const (
	journalFile = "journal.ndjson"
	specFile    = "spec.yaml"
	schemasFile = "schemas.ndjson"
	eventsForm  = "%s.%d.ndjson.zst" // topic, partition
	part        = ".part"            // behind the name of what is not whole yet
)

// Writer writes one recording.
type Writer struct {
	dir  string
	fs   disk.FS // puts the recording in its place
	logs []*recording.Writer
}

// Create begins a recording of a script at dir, which must not be there yet. Journal
// holds the script's records as the journal has them, the activation first.
func Create(dir string, script pump.Script, journal [][]byte) (w *Writer, err error) {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("recording %s is there already: choose another name, or move it away", dir)
	}
	w = &Writer{dir: filepath.Clean(dir), fs: disk.OS{}}
	if err := errors.Join(os.RemoveAll(w.dir+part), os.MkdirAll(w.dir+part, 0o755)); err != nil {
		return nil, fmt.Errorf("recording %s: %w", dir, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Abort())
		}
	}()
	lines := append(bytes.Join(journal, []byte("\n")), '\n')
	if err := os.WriteFile(w.path(journalFile), lines, 0o644); err != nil {
		return nil, fmt.Errorf("recording %s: %w", dir, err)
	}
	if err := os.WriteFile(w.path(specFile), []byte(script.Activation.Spec), 0o644); err != nil {
		return nil, fmt.Errorf("recording %s: %w", dir, err)
	}
	for _, l := range script.Activation.Logs {
		log, err := recording.Create(w.path(fmt.Sprintf(eventsForm, l.Topic, l.Partition)))
		if err != nil {
			return nil, err
		}
		w.logs = append(w.logs, log)
	}
	return w, nil
}

func (w *Writer) path(name string) string { return filepath.Join(w.dir+part, name) }

// SchemasPath is where the schemas of framed records are to be kept.
func (w *Writer) SchemasPath() string { return w.path(schemasFile) }

// Write adds a line of a log.
func (w *Writer) Write(log int, line []byte) error {
	_, err := w.logs[log].Write(line)
	return err
}

// Close ends the recording and puts it in its place. A power cut leaves the whole
// recording there, or none.
func (w *Writer) Close() error {
	if err := w.end(); err != nil {
		return errors.Join(err, w.Abort())
	}
	if err := w.place(); err != nil {
		return fmt.Errorf("recording %s: %w", w.dir, err)
	}
	return nil
}

// place gives the recording its name once all of it is on disk, and waits until the
// name is too.
func (w *Writer) place() error {
	names, err := w.fs.List(w.dir + part)
	if err != nil {
		return err
	}
	for _, name := range names {
		f, err := w.fs.Open(w.path(name), os.O_RDWR)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	if err := w.fs.SyncDir(w.dir + part); err != nil {
		return err
	}
	if err := w.fs.Rename(w.dir+part, w.dir); err != nil {
		return err
	}
	return w.fs.SyncDir(filepath.Dir(w.dir))
}

// Abort removes what was written.
func (w *Writer) Abort() error {
	return errors.Join(w.end(), os.RemoveAll(w.dir+part))
}

func (w *Writer) end() (err error) {
	for _, l := range w.logs {
		err = errors.Join(err, l.Close())
	}
	w.logs = nil
	return err
}
