package disk

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// The two file systems do the same; only the memory knows what a power cut leaves.
func TestMemoryDoesWhatTheMachineDoes(t *testing.T) {
	for name, fs := range map[string]FS{"machine": OS{}, "memory": new(Memory)} {
		dir := filepath.Join(t.TempDir(), "state")
		path := filepath.Join(dir, "a")
		if all, err := fs.List(dir); err != nil || len(all) > 0 {
			t.Errorf("%s: a folder that is not there holds %q, %v", name, all, err)
		}
		if _, err := fs.Open(path, os.O_WRONLY); err == nil {
			t.Errorf("%s: opened what is not there", name)
		}
		if err := fs.MkdirAll(dir); err != nil {
			t.Fatal(err)
		}
		f, err := fs.Open(path, os.O_CREATE|os.O_RDWR|os.O_APPEND)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{"one", "two"} {
			if _, err := f.Write([]byte(s)); err != nil {
				t.Fatal(err)
			}
		}
		b := make([]byte, 2)
		if n, err := f.ReadAt(b, 3); n != 2 || err != nil || string(b) != "tw" {
			t.Errorf("%s: read %q, %v", name, b, err)
		}
		if err := errors.Join(f.Truncate(4), f.Sync(), f.Close(), fs.Rename(path, path+"b"), fs.SyncDir(dir)); err != nil {
			t.Error(name, err)
		}
		if got, err := fs.ReadFile(path + "b"); err != nil || string(got) != "onet" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if all, _ := fs.List(dir); !slices.Equal(all, []string{"ab"}) {
			t.Errorf("%s: the folder holds %q", name, all)
		}
		if err := fs.Remove(path + "b"); err != nil {
			t.Error(name, err)
		}
		if _, err := fs.ReadFile(path + "b"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPowerCutLeavesWhatWasSynced(t *testing.T) {
	m := new(Memory)
	f, _ := m.Open("d/a", os.O_CREATE)
	f.Write([]byte("1234"))
	f.Sync()
	if _, err := m.Crash(false).ReadFile("d/a"); err == nil {
		t.Error("a name that was not synced is there")
	}
	m.SyncDir("d")
	f.Write([]byte("5678"))
	for torn, want := range map[bool]string{false: "1234", true: "123456"} {
		if got, _ := m.Crash(torn).ReadFile("d/a"); string(got) != want {
			t.Errorf("torn %v: %q, want %q", torn, got, want)
		}
	}
	m.Rename("d/a", "d/b")
	if _, err := m.Crash(false).ReadFile("d/b"); err == nil {
		t.Error("a rename that was not synced came to the disk")
	}
}

func TestAFolderHasOneOwner(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	first, err := Lock(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(name); !errors.Is(err, ErrLocked) {
		t.Errorf("a second owner: %v", err)
	}
	first.Close()
	second, err := Lock(name)
	if err != nil {
		t.Fatal(err)
	}
	second.Close()
}

func TestFaultsComeWhereTheyAreWanted(t *testing.T) {
	broken := errors.New("broken")
	m := new(Memory)
	fail := ""
	fs := &Faulty{FS: m, Fail: func(op, _ string) error {
		if op == fail {
			return broken
		}
		return nil
	}}
	f, _ := fs.Open("d/a", os.O_CREATE)
	for op, do := range map[string]func() error{
		"open":     func() error { _, err := fs.Open("d/a", 0); return err },
		"write":    func() error { _, err := f.Write([]byte("12")); return err },
		"sync":     f.Sync,
		"truncate": func() error { return f.Truncate(0) },
		"rename":   func() error { return fs.Rename("d/a", "d/b") },
		"remove":   func() error { return fs.Remove("d/x") },
		"syncdir":  func() error { return fs.SyncDir("d") },
	} {
		fail = op
		if err := do(); !errors.Is(err, broken) {
			t.Errorf("%s: %v", op, err)
		}
		fail = ""
	}
	if got, _ := m.ReadFile("d/a"); string(got) != "1" {
		t.Errorf("a write that failed left %q, want its first half", got)
	}
	if calls := fs.Calls(); calls[0] != "open d/a" || len(calls) != 8 {
		t.Errorf("calls %q", calls)
	}
}
