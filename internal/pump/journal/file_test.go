package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"verdin/internal/pump/disk"
)

// end is a record that tells its number.
func end(i int) *End { return &End{Reason: fmt.Sprintf("record %d", i), Wall: noon} }

// keep collects the records that Open finds.
func keep(to *[]string) func(uint64, []byte) error {
	return func(i uint64, json []byte) error {
		*to = append(*to, fmt.Sprintf("%d %s", i, json))
		return nil
	}
}

// filled is a folder with records 1 to n in segments of a few records each.
func filled(t *testing.T, n int) (dir string, files []string) {
	t.Helper()
	dir = t.TempDir()
	l, err := Open(disk.OS{}, dir, Options{Segment: 300}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= n; i++ {
		if got, err := l.Append(end(i)); err != nil || got != uint64(i) {
			t.Fatalf("record %d is number %d, %v", i, got, err)
		}
	}
	if err := errors.Join(l.Sync(), l.Close()); err != nil {
		t.Fatal(err)
	}
	files, _ = filepath.Glob(filepath.Join(dir, "journal-*"))
	return dir, files
}

func read(t *testing.T, dir string, opt Options) (found []string, l *File, err error) {
	t.Helper()
	l, err = Open(disk.OS{}, dir, opt, keep(&found))
	return found, l, err
}

func TestRecordsAreFoundAgainInOrder(t *testing.T) {
	dir, files := filled(t, 10)
	if len(files) < 3 {
		t.Fatalf("%d segments, want several", len(files))
	}
	got, l, err := read(t, dir, Options{})
	if err != nil || len(got) != 10 || l.Next() != 11 {
		t.Fatalf("%d records, next %d, %v", len(got), l.Next(), err)
	}
	for i, g := range got {
		if want := fmt.Sprintf("%d %s", i+1, Append(nil, end(i+1))); g != want {
			t.Errorf("%s, want %s", g, want)
		}
	}
}

// Wherever the power goes, what was written before comes back and the journal goes on.
func TestATornTailIsCutOff(t *testing.T) {
	_, files := filled(t, 2)
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	one := len(whole) / 2
	for n := range whole {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(files[0])), whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		var note string
		got, l, err := read(t, dir, Options{Note: func(_, at string) { note = at }})
		if err != nil || len(got) != n/one || (note != "") != (n%one != 0) {
			t.Fatalf("after %d bytes: %d records, note %q, %v", n, len(got), note, err)
		}
		if _, err := l.Append(end(9)); err != nil || l.Sync() != nil {
			t.Fatal(err)
		}
		l.Close()
		if got, _, err := read(t, dir, Options{}); err != nil || len(got) != n/one+1 {
			t.Fatalf("after %d bytes and one record more: %d, %v", n, len(got), err)
		}
	}
	for name, tail := range map[string][]byte{"zeros": make([]byte, 4096), "noise": bytes.Repeat([]byte("\xff{\"type\":\""), 50)} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(files[0])), append(slices.Clone(whole), tail...), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, _, err := read(t, dir, Options{}); err != nil || len(got) != 2 {
			t.Errorf("%s behind the last record: %d records, %v", name, len(got), err)
		}
	}
}

// A bad record with good ones behind it is no torn tail, whichever of its bytes is
// bad, its length among them. Who accepts the loss keeps what stands before it.
func TestABadRecordInTheMiddleIsRefused(t *testing.T) {
	dir, files := filled(t, 10)
	data, err := os.ReadFile(files[1])
	if err != nil {
		t.Fatal(err)
	}
	first, _ := os.ReadFile(files[0])
	before := bytes.Count(first, []byte(head))
	for at := range headSize + len(Append(nil, end(before+1))) {
		bad := slices.Clone(data)
		bad[at] ^= 0x10
		if err := os.WriteFile(files[1], bad, 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, err := read(t, dir, Options{})
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), files[1]+": byte 0: ") || !strings.Contains(err.Error(), "--accept-journal-loss") {
			t.Fatalf("byte %d: %v", at, err)
		}
	}
	got, l, err := read(t, dir, Options{AcceptLoss: true})
	if err != nil || len(got) != before || l.Next() != uint64(before+1) {
		t.Fatalf("%d records, want %d, next %d, %v", len(got), before, l.Next(), err)
	}
	if lost, _ := filepath.Glob(filepath.Join(dir, "*.lost")); len(lost) != len(files)-1 {
		t.Errorf("beside the journal are kept: %q", lost)
	}
	if got, _, err = read(t, dir, Options{}); err != nil || len(got) != before {
		t.Errorf("the next start finds %d, %v", len(got), err)
	}
}

func TestAMissingFileIsRefused(t *testing.T) {
	dir, files := filled(t, 10)
	if err := os.Remove(files[1]); err != nil {
		t.Fatal(err)
	}
	if _, _, err := read(t, dir, Options{}); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "are missing") {
		t.Errorf("%v", err)
	}
	if got, _, err := read(t, dir, Options{AcceptLoss: true}); err != nil || len(got) == 0 {
		t.Errorf("%d records, %v", len(got), err)
	}
}

// After an error nothing more is written, and what was synced before is whole.
func TestAnErrorOfTheDiskClosesTheJournal(t *testing.T) {
	for op, want := range map[string]error{"write": ErrWrite, "sync": ErrSync, "open": ErrWrite, "syncdir": ErrSync} {
		dir := t.TempDir()
		full := false
		fs := &disk.Faulty{FS: disk.OS{}, Fail: func(o, _ string) error {
			if full && o == op {
				return syscall.ENOSPC
			}
			return nil
		}}
		l, err := Open(fs, dir, Options{Segment: 1}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Append(end(1)); err != nil || l.Sync() != nil {
			t.Fatal(err)
		}
		full = true
		_, err = l.Append(end(2))
		err = errors.Join(err, l.Sync())
		if !errors.Is(err, want) || !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: %v, want %v", op, err, want)
		}
		full = false
		if _, err := l.Append(end(3)); err == nil {
			t.Errorf("%s: written after an error", op)
		}
		l.Close()
		if got, _, err := read(t, dir, Options{}); err != nil || len(got) == 0 || strings.Contains(fmt.Sprint(got), "record 3") {
			t.Errorf("%s: %q, %v", op, got, err)
		}
	}
}

// A cursor reads over segments what was synced, and no more.
func TestACursorReadsWhatIsSynced(t *testing.T) {
	dir, _ := filled(t, 10)
	_, l, err := read(t, dir, Options{Segment: 300})
	if err != nil {
		t.Fatal(err)
	}
	c := l.Cursor(4)
	defer c.Close()
	want := uint64(4)
	drain := func() {
		t.Helper()
		for {
			i, json, ok, err := c.Next()
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				return
			}
			if r, err := Parse(json); err != nil || i != want || r.(*End).Reason != fmt.Sprintf("record %d", i) {
				t.Fatalf("record %d: %s, %v; want %d", i, json, err, want)
			}
			want++
		}
	}
	drain()
	for i := 11; i <= 20; i++ {
		if _, err := l.Append(end(i)); err != nil {
			t.Fatal(err)
		}
	}
	durable := l.durable
	drain()
	if want != durable {
		t.Errorf("read up to %d, synced up to %d", want, durable)
	}
	if err := l.Sync(); err != nil {
		t.Fatal(err)
	}
	if c.Behind() == 0 || len(l.News()) != 1 {
		t.Error("nobody tells the cursor that there is more")
	}
	drain()
	if want != 21 || c.Behind() != 0 {
		t.Errorf("read up to %d, %d behind", want, c.Behind())
	}
}

// A cursor may be there before the first record is.
func TestACursorOfAnEmptyJournalWaits(t *testing.T) {
	l, err := Open(new(disk.Memory), "d", Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := l.Cursor(0)
	defer c.Close()
	if _, _, ok, err := c.Next(); ok || err != nil {
		t.Fatal(ok, err)
	}
	l.Begin(7)
	if _, err := l.Append(end(1)); err != nil || l.Sync() != nil {
		t.Fatal(err)
	}
	if i, _, ok, err := c.Next(); i != 7 || !ok || err != nil {
		t.Errorf("record %d, %v, %v", i, ok, err)
	}
}

// The first record of an empty journal may have any number: that of a mirror's.
func TestAnEmptyJournalBeginsWhereItIsTold(t *testing.T) {
	dir := t.TempDir()
	_, l, _ := read(t, dir, Options{})
	l.Begin(42)
	if i, err := l.Append(end(1)); i != 42 || err != nil || l.Sync() != nil || l.Close() != nil {
		t.Fatal(i, err)
	}
	if got, l, err := read(t, dir, Options{}); err != nil || len(got) != 1 || !strings.HasPrefix(got[0], "42 ") || l.Next() != 43 {
		t.Errorf("%q, %v", got, err)
	}
}

// Any bytes are records, a tail that is cut, or damage; what is kept is read again.
func FuzzOpen(f *testing.F) {
	var good []byte
	for _, r := range all {
		good = appendFrame(good, Append(nil, r))
	}
	f.Add(good)
	f.Add(good[:len(good)-3])
	f.Add(append([]byte{1}, good...))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := new(disk.Memory)
		m.WriteFile("d/journal-00000000000000000001", b)
		open := func(opt Options) (found []string, l *File, err error) {
			l, err = Open(m, "d", opt, keep(&found))
			return found, l, err
		}
		first, l, err := open(Options{})
		if errors.Is(err, ErrDamaged) {
			first, l, err = open(Options{AcceptLoss: true})
		}
		if err != nil || l.Next() != uint64(len(first)+1) {
			t.Fatalf("%d records, next %d, %v", len(first), l.Next(), err)
		}
		if again, _, err := open(Options{}); err != nil || !slices.Equal(first, again) {
			t.Fatalf("%d records, then %d, %v", len(first), len(again), err)
		}
	})
}
