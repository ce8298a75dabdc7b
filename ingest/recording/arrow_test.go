package recording_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"verdin/ingest/arrowipc"
	"verdin/ingest/recording"
	"verdin/schemas"
)

// arrowFile writes rows of texts, "" = no value, under these columns.
func arrowFile(t testing.TB, columns []string, rows ...[]string) string {
	var fields []arrow.Field
	for _, c := range columns {
		f := arrow.Field{Name: c, Type: arrow.BinaryTypes.String, Nullable: true}
		if c == "value" {
			f.Type = arrow.PrimitiveTypes.Int64
		}
		fields = append(fields, f)
	}
	schema := arrow.NewSchema(fields, nil)
	b := array.NewRecordBuilder(memory.NewGoAllocator(), schema)
	for _, row := range rows {
		for i, v := range row {
			if v == "" {
				b.Field(i).AppendNull()
			} else if err := b.Field(i).AppendValueFromString(v); err != nil {
				t.Fatal(err)
			}
		}
	}
	var out bytes.Buffer
	w, err := arrowipc.NewWriter(&out, schema, arrowipc.LZ4)
	if err == nil {
		err = w.Write(b.NewRecord())
	}
	if err == nil {
		err = w.Close()
	}
	path := filepath.Join(t.TempDir(), "x.arrow")
	if err == nil {
		err = os.WriteFile(path, out.Bytes(), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var valueLayout = &schemas.Layout{Fields: [schemas.Kinds][]string{schemas.KindOutcome: {"value"}}}

// stream prints the rows and rejections of a recording.
func arrowStream(t testing.TB, path string) (string, error) {
	s, err := recording.OpenStream(t.Context(), path, valueLayout, recording.StreamOptions{})
	if err != nil {
		return "", err
	}
	defer s.Close()
	var out strings.Builder
	for {
		c, err := s.Next(t.Context())
		if err != nil {
			return out.String(), err
		}
		for i := range c.Len() {
			fmt.Fprintf(&out, "%d %s=%v ", c.Offset[i], c.Bytes(c.Name[i]), c.Values[schemas.KindOutcome][0][c.Row[i]].Num)
		}
		for _, r := range c.Rejected {
			fmt.Fprintf(&out, "%d:%s ", r.Offset, r.Reason)
		}
		s.Recycle(c)
	}
}

func TestRowsOfArrowAreCheckedAsLinesAre(t *testing.T) {
	columns := []string{"type", "unit_id", "name", "value", "event_time"}
	path := arrowFile(t, columns,
		[]string{"outcome", "u", "sale", "7", "2026-03-01T12:00:00Z"},
		[]string{"", "u", "sale", "7", "2026-03-01T12:00:00Z"},
		[]string{"other", "u", "sale", "7", "2026-03-01T12:00:00Z"},
		[]string{"outcome", "", "sale", "7", "2026-03-01T12:00:00Z"},
		[]string{"verdin.outcome.v1", "u", "sale", "9007199254740993", "2026-03-01T12:00:00Z"},
		[]string{"outcome", "u", "sale", "7", "yesterday"},
		[]string{"outcome", "u", "sale", "", "2026-03-01T12:00:00Z"},
	)
	got, err := arrowStream(t, path)
	if want := "0 sale=7 6 sale=0 1:unknown_type 2:unknown_type 3:missing_field 4:number 5:bad_time "; got != want || err.Error() != "EOF" {
		t.Errorf("got %q and %v, want %q", got, err, want)
	}
}

func TestAnArrowTableWithoutTypesIsNoRecording(t *testing.T) {
	_, err := arrowStream(t, arrowFile(t, []string{"id"}, []string{"1"}))
	if err == nil || !strings.Contains(err.Error(), "no text column named type") || !strings.Contains(err.Error(), "--map") {
		t.Errorf("error %v", err)
	}
}

// F1 for Arrow: a file that was cut off says so.
func TestACutArrowRecordingSaysSo(t *testing.T) {
	path := arrowFile(t, []string{"type", "unit_id", "name", "value", "event_time"}, []string{"outcome", "u", "sale", "7", "2026-03-01T12:00:00Z"})
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{7, 9, len(data) / 2, len(data) - 1} {
		if err := os.WriteFile(path, data[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := arrowStream(t, path); err == nil || !strings.Contains(err.Error(), "cut off") {
			t.Errorf("%d of %d bytes: %v", n, len(data), err)
		}
	}
}
