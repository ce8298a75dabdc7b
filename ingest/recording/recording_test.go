package recording_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"verdin/ingest/recording"
	"verdin/schemas"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// prediction is the event of line i.
func prediction(i int) *schemas.Prediction {
	return &schemas.Prediction{
		PredictionID: fmt.Sprintf("p%d", i), Rollout: "r", Arm: "stable", EventTime: noon.Add(time.Duration(i) * time.Second),
		LatencySeconds: schemas.Num(float64(i) / 8),
	}
}

// record writes n events to a recording of that name.
func record(t testing.TB, name string, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	w, err := recording.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := w.WriteEvent(prediction(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// readAll returns the lines of a recording and how it ends.
func readAll(t testing.TB, path string) (lines []string, err error) {
	t.Helper()
	r, err := recording.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for {
		line, offset, err := r.Next()
		if err != nil {
			return lines, err
		}
		if offset != int64(len(lines)) {
			t.Errorf("line %d has offset %d", len(lines), offset)
		}
		lines = append(lines, strings.TrimSpace(string(line)))
	}
}

func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	for _, name := range []string{"a.ndjson", "a.ndjson.gz", "a.ndjson.zst"} {
		lines, err := readAll(t, record(t, name, 1000))
		if err != io.EOF || len(lines) != 1000 {
			t.Fatalf("%s: %d lines, %v", name, len(lines), err)
		}
		for i, line := range lines {
			if want := strings.TrimSpace(string(prediction(i).AppendLine(nil))); line != want {
				t.Fatalf("%s, line %d: %s, want %s", name, i, line, want)
			}
		}
	}
}

// F1: wherever a compressed file is cut, the reader notices.
func TestACutCompressedFileIsNoticedAtEveryByte(t *testing.T) {
	for _, name := range []string{"a.ndjson.gz", "a.ndjson.zst"} {
		whole, err := os.ReadFile(record(t, name, 200))
		if err != nil {
			t.Fatal(err)
		}
		for n := 1; n < len(whole); n++ {
			path := write(t, name, string(whole[:n]))
			if _, err := readAll(t, path); !errors.Is(err, recording.ErrTruncated) || !strings.Contains(err.Error(), path) {
				t.Fatalf("%s: cut to %d of %d bytes: %v", name, n, len(whole), err)
			}
		}
	}
}

func TestALastLineWithoutNewlineMustBeWhole(t *testing.T) {
	for text, end := range map[string]string{
		"":                      "0 EOF",
		"\n \r\n":               "0 EOF",
		"{}\n{\"a\":1}":         "2 EOF",
		"{}\n\n{\"a\":1}\r\n  ": "2 EOF",
		"{}\nno JSON\n":         "2 EOF", // a line of its own: the codec refuses it
		"{}\n{\"a\":":           "1 cut off after byte 3 of its text, in line 2",
		"{}\n\n{\"a\":1":        "1 cut off after byte 4 of its text, in line 2",
		"{\"a\":\"" + strings.Repeat("x", 600<<10) + "\"}": "0 cut off after byte 0 of its text, in line 1",
	} {
		lines, err := readAll(t, write(t, "a.ndjson", text))
		if got := fmt.Sprintf("%d %v", len(lines), err); !strings.HasPrefix(got, end[:1]) || !strings.Contains(got, end[2:]) {
			t.Errorf("%.40q: %s, want %s", text, got, end)
		}
	}
}

func TestDamageIsAnError(t *testing.T) {
	for _, name := range []string{"a.ndjson.gz", "a.ndjson.zst"} {
		b, err := os.ReadFile(record(t, name, 200))
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)-2] ^= 0x40 // in the checksum
		path := write(t, name, string(b))
		if _, err := readAll(t, path); err == io.EOF || errors.Is(err, recording.ErrTruncated) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// F3: a line above the limit is handed on as one that is above the limit.
func TestALongLineIsCappedAndTheNextOneIsWhole(t *testing.T) {
	lines, err := readAll(t, write(t, "a.ndjson", "{}\n"+strings.Repeat("x", 3<<20)+"\n{\"b\":2}\n"))
	if err != io.EOF || len(lines) != 3 || lines[0] != "{}" || lines[2] != `{"b":2}` {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	if n := len(lines[1]); n <= 512<<10 || n > 513<<10 {
		t.Errorf("the long line has %d bytes", n)
	}
	longest := strings.Repeat("y", 512<<10)
	if lines, _ := readAll(t, write(t, "b.ndjson", longest+"\n")); len(lines) != 1 || lines[0] != longest {
		t.Error("the longest line that is allowed was changed")
	}
}

func TestStandardInputMayBeCompressed(t *testing.T) {
	f, err := os.Open(record(t, "a.ndjson.zst", 3))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	defer func(stdin *os.File) { os.Stdin = stdin }(os.Stdin)
	os.Stdin = f
	if lines, err := readAll(t, recording.Stdin); err != io.EOF || len(lines) != 3 {
		t.Errorf("%d lines, %v", len(lines), err)
	}
}

func TestProgressReachesTheSizeOfTheFile(t *testing.T) {
	path := record(t, "a.ndjson.gz", 500)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := recording.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for err == nil {
		_, _, err = r.Next()
	}
	if r.Size() != info.Size() || r.BytesRead() != info.Size() {
		t.Errorf("read %d of %d, the file has %d", r.BytesRead(), r.Size(), info.Size())
	}
}

func TestErrorsNameTheFile(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.ndjson")
	if _, err := recording.Open(missing); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("open: %v", err)
	}
	if _, err := recording.Create(filepath.Join(missing, "a")); err == nil {
		t.Error("created a file in no folder")
	}
}

// FuzzReader: any bytes end, in bounded memory, with one of the two ends or an error.
func FuzzReader(f *testing.F) {
	for _, name := range []string{"a.ndjson", "a.ndjson.gz", "a.ndjson.zst"} {
		b, err := os.ReadFile(record(f, name, 3))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := recording.Open(write(t, "a", string(b)))
		if err != nil {
			return
		}
		defer r.Close()
		for err == nil {
			var line []byte
			if line, _, err = r.Next(); err == nil && (len(line) > 257<<10 || len(bytes.TrimSpace(line)) == 0) {
				t.Fatalf("a line of %d bytes", len(line))
			}
		}
	})
}

func ExampleReader() {
	dir, err := os.MkdirTemp("", "recording")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "events.ndjson.zst")

	w, err := recording.Create(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = w.WriteEvent(&schemas.Outcome{PredictionID: "p1", Name: "correct", Value: schemas.Bool(true)})
	if err := w.Close(); err != nil {
		fmt.Println(err)
		return
	}

	r, err := recording.Open(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	for {
		line, offset, err := r.Next()
		if err == io.EOF {
			break
		}
		fmt.Printf("%d %s", offset, line)
	}
	// Output: 0 {"type":"outcome","prediction_id":"p1","name":"correct","value":true}
}
