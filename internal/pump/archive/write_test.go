package archive

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"verdin/internal/pump"
	"verdin/internal/pump/disk"
	"verdin/internal/pump/journal"
)

// writer begins a recording with one log at dir, on a disk that tells its calls.
func writer(t *testing.T, dir string) (*Writer, *disk.Faulty) {
	t.Helper()
	script := pump.Script{Activation: &journal.Activation{Spec: "spec", Logs: []journal.Log{{Topic: "t"}}}}
	w, err := Create(dir, script, [][]byte{[]byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(0, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	tells := &disk.Faulty{FS: disk.OS{}}
	w.fs = tells
	return w, tells
}

func TestARecordingIsOnDiskBeforeItHasItsNameAndTheNameIsSyncedToo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "recording")
	w, tells := writer(t, dir+"/")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, name := range []string{"journal.ndjson", "spec.yaml", "t.0.ndjson.zst"} {
		file := filepath.Join(dir+part, name)
		want = append(want, "open "+file, "sync "+file)
	}
	want = append(want, "syncdir "+dir+part, "rename "+dir, "syncdir "+filepath.Dir(dir))
	if got := tells.Calls(); !slices.Equal(got, want) {
		t.Errorf("calls\n%q, want\n%q", got, want)
	}
}

func TestARecordingThatTheDiskRefusesHasNoName(t *testing.T) {
	for _, op := range []string{"open", "sync", "syncdir", "rename"} {
		t.Run(op, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "recording")
			w, tells := writer(t, dir)
			full := errors.New("disk full")
			tells.Fail = func(at, _ string) error {
				if at == op {
					return full
				}
				return nil
			}
			if err := w.Close(); !errors.Is(err, full) {
				t.Errorf("got %v, want %v", err, full)
			}
			if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the recording is there: %v", err)
			}
		})
	}
}
