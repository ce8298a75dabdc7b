package table_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"verdin/ingest/codec"
	"verdin/ingest/recording"
	"verdin/ingest/table"
	"verdin/schemas"
)

// T1 for any line: if it decodes, its cells print a line that decodes to the same
// row, under every layout.
func FuzzEvents(f *testing.F) {
	for line := range strings.Lines(everything) {
		f.Add(line)
	}
	f.Add(`{"specversion":"1.0","type":"outcome","data":{"name":"n","unit_id":"u"},"subject":"x y","time":"2026-03-01T12:00:00Z"}`)
	f.Fuzz(func(t *testing.T, line string) {
		var row table.Row
		if table.NewEvents().Read([]byte(line), 0, &row) != nil {
			return
		}
		again := row.AppendLine(nil)
		for _, l := range layouts {
			if want, got := decoded(l, []byte(line)), decoded(l, again); got != want {
				t.Fatalf("%s\nbecame %s\n got %s\nwant %s", line, again, got, want)
			}
		}
	})
}

func decoded(l *schemas.Layout, line []byte) string {
	var c schemas.Chunk
	c.Reset(0, l)
	codec.New(l, codec.Options{Recording: true}).Append(&c, codec.Record{Value: line})
	var out bytes.Buffer
	dump(&out, &c)
	return out.String()
}

// read reads a file of any format to its end or its first fault.
func read(path string) (n int, err error) {
	lines, err := table.OpenLines(path)
	if err != nil {
		return 0, err
	}
	defer lines.Close()
	events := table.NewEvents()
	var row table.Row
	for {
		line, offset, err := lines.Next()
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if events.Read(line, offset, &row) == nil {
			n++
		}
	}
}

func FuzzCSV(f *testing.F) {
	f.Add("type,prediction_id,features.a\nprediction,p,1\n")
	f.Add("type,items,evaluations.j.score\n\"pre\"\"d\",[1],x\n")
	f.Add("\ufefftype,@offset,@pos\noutcome,3,{}\n")
	path := filepath.Join(f.TempDir(), "a.csv")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _ = read(path)
	})
}

// Files of which a few bytes were changed are read or refused, also by replay.
func TestDamagedColumnsAreReadOrRefused(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	in := put(t, "in.ndjson", strings.Repeat(strings.Split(everything, "\n")[0]+"\n", 40))
	for _, name := range []string{"x.arrow", "x.parquet"} {
		data, err := os.ReadFile(convert(t, in, name, table.Options{}))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), name)
		for range 300 {
			bad := bytes.Clone(data)
			for range 1 + rng.IntN(4) {
				bad[rng.IntN(len(bad))] = byte(rng.Uint32())
			}
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			_, _ = read(path)
			replayed(t, path)
		}
	}
}

func replayed(t *testing.T, path string) {
	s, err := recording.OpenStream(t.Context(), path, layouts[1], recording.StreamOptions{})
	if err != nil {
		return
	}
	defer s.Close()
	for {
		c, err := s.Next(t.Context())
		if err != nil {
			return
		}
		s.Recycle(c)
	}
}
