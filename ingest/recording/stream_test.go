package recording_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"verdin/ingest/recording"
	"verdin/schemas"
)

var layout = &schemas.Layout{Fields: [schemas.Kinds][]string{schemas.KindPrediction: {"latency_seconds"}}}

// rows prints every row and rejection of a stream, and how it ends.
func rows(t testing.TB, path string, opt recording.StreamOptions) string {
	t.Helper()
	s, err := recording.OpenStream(t.Context(), path, layout, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var b strings.Builder
	next := int64(0)
	for {
		c, err := s.Next(t.Context())
		if err != nil {
			fmt.Fprintf(&b, "end: %v\n", errors.Is(err, io.EOF))
			return b.String()
		}
		if opt.Rows > 0 && c.Len()+len(c.Rejected) > opt.Rows {
			t.Errorf("a chunk of %d rows, want at most %d", c.Len(), opt.Rows)
		}
		// Rows and rejections merge by offset.
		for i, j := 0, 0; i < c.Len() || j < len(c.Rejected); next++ {
			if i < c.Len() && c.Offset[i] == next {
				fmt.Fprintf(&b, "%d %s %s %s %v\n", next, c.Bytes(c.Key[i]), c.TS[i], c.At[i], c.Values[0][0][c.Row[i]].Num)
				i++
			} else if j < len(c.Rejected) && c.Rejected[j].Offset == next {
				fmt.Fprintf(&b, "%d %s\n", next, c.Rejected[j].Reason)
				j++
			} else {
				t.Fatalf("offset %d is in no row and no rejection", next)
			}
		}
		if c.Next != next || c.Log != opt.Log {
			t.Errorf("next %d and log %d, want %d and %d", c.Next, c.Log, next, opt.Log)
		}
		s.Recycle(c)
	}
}

// F2: the size of chunks changes no row.
func TestTheSizeOfChunksChangesNoRow(t *testing.T) {
	text, err := os.ReadFile(record(t, "a.ndjson", 300))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	lines[17], lines[250] = "oops\n", "{\"type\":\"prediction\"}\n\n"
	path := write(t, "b.ndjson", strings.Join(lines, ""))
	want := rows(t, path, recording.StreamOptions{Log: 2, Rows: 1})
	if n := strings.Count(want, "\n"); n != 301 || !strings.HasSuffix(want, "end: true\n") {
		t.Fatalf("%d lines:\n%s", n, want)
	}
	for _, n := range []int{0, 64, 299, 4096} {
		if got := rows(t, path, recording.StreamOptions{Log: 2, Rows: n}); got != want {
			t.Errorf("chunks of %d rows give\n%s, chunks of one\n%s", n, got, want)
		}
	}
}

// Rows before the cut are delivered; the end is an error.
func TestACutStreamDeliversWhatItHasAndThenFails(t *testing.T) {
	text, err := os.ReadFile(record(t, "a.ndjson", 10))
	if err != nil {
		t.Fatal(err)
	}
	got := rows(t, write(t, "b.ndjson", string(text[:len(text)-5])), recording.StreamOptions{Rows: 4})
	if strings.Count(got, "\n") != 10 || !strings.HasSuffix(got, "end: false\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestClosingAStreamEndsItsGoroutine(t *testing.T) {
	path := record(t, "a.ndjson", 5000)
	for _, chunks := range []int{0, 1, 2} {
		s, err := recording.OpenStream(t.Context(), path, layout, recording.StreamOptions{Rows: 10})
		if err != nil {
			t.Fatal(err)
		}
		for range chunks {
			if _, err := s.Next(t.Context()); err != nil { // not recycled: the stream runs dry
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil { // hangs if the goroutine does not end
			t.Errorf("close: %v", err)
		}
	}
}

// A consumer that gives up is not held by an input that is silent.
func TestNextEndsWithItsContext(t *testing.T) {
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	defer func(stdin *os.File) { os.Stdin = stdin }(os.Stdin)
	os.Stdin = in
	if _, err := out.WriteString("{}\n{}\n"); err != nil {
		t.Fatal(err)
	}
	s, err := recording.OpenStream(t.Context(), recording.Stdin, layout, recording.StreamOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := s.Close(); err != nil { // does not wait for the input
		t.Errorf("close: %v", err)
	}
}

func TestProgressAddsUpToTheFile(t *testing.T) {
	path := record(t, "a.ndjson.zst", 3000)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	rows(t, path, recording.StreamOptions{Rows: 100, Progress: func(n int64) { total += n }})
	if total != info.Size() {
		t.Errorf("progress says %d bytes, the file has %d", total, info.Size())
	}
}

func TestRecordedPositionsAndArrivalsAreHonoured(t *testing.T) {
	line := `{"@pos":{"topic":"t","partition":3,"offset":%d},"@at":"2026-03-01T12:00:%02dZ","type":"outcome","unit_id":"u","name":"n","event_time":"2026-03-01T12:00:00Z"}` + "\n"
	text := fmt.Sprintf(line, 40, 1) + fmt.Sprintf(line, 47, 2) + fmt.Sprintf(line, 47, 3) + "oops\n" +
		strings.Replace(fmt.Sprintf(line, 60, 4), `"t"`, `"other"`, 1) +
		strings.Replace(fmt.Sprintf(line, 70, 5), "T12:00:00", "T12:01:06", 1)
	s, err := recording.OpenStream(t.Context(), write(t, "a.ndjson", text), layout, recording.StreamOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := s.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(c.Offset, c.At[0].Sub(c.TS[0]), c.At[1].Sub(c.TS[1]), c.Next)
	for _, r := range c.Rejected {
		got += fmt.Sprintf(" %d:%s", r.Offset, r.Reason)
	}
	if want := "[40 47] 1s 2s 71 48:syntax 49:unknown_encoding 50:syntax 70:future"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func ExampleStream() {
	dir, err := os.MkdirTemp("", "recording")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	w, err := recording.Create(dir + "/events.ndjson.gz")
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 3 {
		_ = w.WriteEvent(prediction(i))
	}
	if err := w.Close(); err != nil {
		fmt.Println(err)
		return
	}

	ctx := context.Background()
	s, err := recording.OpenStream(ctx, dir+"/events.ndjson.gz", layout, recording.StreamOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	for {
		c, err := s.Next(ctx)
		if err != nil {
			fmt.Println("end:", err)
			return
		}
		for _, latency := range c.Values[schemas.KindPrediction][0] {
			fmt.Println("latency:", latency.Num)
		}
		s.Recycle(c)
	}
	// Output:
	// latency: 0
	// latency: 0.125
	// latency: 0.25
	// end: EOF
}
