package shareddata

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// recorder is a test that says how it ended instead of ending the real one.
type recorder struct {
	testing.TB
	end string
}

func (r *recorder) Helper() {}
func (r *recorder) Skipf(f string, a ...any) {
	r.end = "skip: " + fmt.Sprintf(f, a...)
	runtime.Goexit()
}
func (r *recorder) Fatalf(f string, a ...any) {
	r.end = "fatal: " + fmt.Sprintf(f, a...)
	runtime.Goexit()
}

// run calls Dir in a test of its own and returns the folder and how it ended.
func run(t *testing.T, name string) (dir, end string) {
	r := &recorder{TB: t, end: "ok"}
	done := make(chan struct{})
	go func() {
		defer close(done)
		dir = Dir(r, name)
	}()
	<-done
	return dir, r.end
}

func TestMissingDataSkipsOrFails(t *testing.T) {
	base := t.TempDir()
	if err := os.Mkdir(filepath.Join(base, "asos"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(base, "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ set, require, ci, end string }{
		{"asos", "1", "true", "ok"},
		{"none", "", "", "skip"},
		{"none", "0", "", "skip"},
		{"none", "1", "", "fatal"},
		{"none", "", "true", "fatal"},
		{"file", "1", "", "fatal"},
	} {
		t.Setenv("VERDIN_DATA", base)
		t.Setenv("VERDIN_REQUIRE_DATA", c.require)
		t.Setenv("CI", c.ci)
		dir, end := run(t, c.set)
		if len(end) < len(c.end) || end[:len(c.end)] != c.end {
			t.Errorf("%+v: ended with %q", c, end)
		}
		if c.end == "ok" && dir != filepath.Join(base, c.set) {
			t.Errorf("%+v: folder %q", c, dir)
		}
	}
}

func TestDataLiesBesideTheModule(t *testing.T) {
	root := t.TempDir()
	deep := filepath.Join(root, "checkout", "a", "b")
	data := filepath.Join(root, "shared", "data", "asos")
	for _, d := range []string{deep, data} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "checkout", "go.mod"), []byte("module m\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Chdir(deep)
	got, err := find("", "asos")
	if err != nil {
		t.Fatal(err)
	}
	same, err := filepath.EvalSymlinks(data)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ = filepath.EvalSymlinks(got); got != same {
		t.Errorf("found %s, want %s", got, same)
	}
}
