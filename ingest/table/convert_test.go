package table_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"verdin/ingest/arrowipc"
	"verdin/ingest/table"
)

// T1: the way through a columnar format and back changes no row of any layout.
func TestNoEventChangesOnItsWayThroughColumns(t *testing.T) {
	in := put(t, "in.ndjson", everything)
	for _, name := range []string{"x.arrow", "x.feather", "x.parquet", "x.ndjson.gz", "x.ndjson.zst"} {
		for _, c := range []arrowipc.Compression{arrowipc.ZSTD, arrowipc.LZ4, arrowipc.None} {
			if c == arrowipc.LZ4 && strings.HasSuffix(name, ".parquet") {
				continue
			}
			columns := convert(t, in, name, table.Options{Compression: c})
			back := convert(t, columns, "back.ndjson", table.Options{})
			for i, l := range layouts {
				want := rows(t, in, l)
				if got := rows(t, back, l); got != want {
					t.Errorf("%s %s and back, layout %d:\n got %s\nwant %s", name, c, i, got, want)
				}
				if strings.HasSuffix(name, ".parquet") {
					continue // replay reads NDJSON and Arrow
				}
				if got := rows(t, columns, l); got != want {
					t.Errorf("%s %s, layout %d:\n got %s\nwant %s", name, c, i, got, want)
				}
			}
			again := convert(t, convert(t, back, name, table.Options{Compression: c}), "again.ndjson", table.Options{})
			if text(t, again) != text(t, back) {
				t.Errorf("%s: a second round changes lines:\n%s\n%s", name, text(t, back), text(t, again))
			}
		}
	}
}

// More rows than a batch of Arrow (8,192) and a row group of Parquet (65,536) hold.
func TestManyRows(t *testing.T) {
	for name, n := range map[string]int{"x.arrow": 20_001, "x.parquet": 66_001} {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `{"type":"prediction","prediction_id":"p%d","rollout":"r","arm":"stable","event_time":%d`, i, 1772366400000+i)
			if i%3 == 0 {
				fmt.Fprintf(&b, `,"features":{"age":%d}`, i%90)
			}
			b.WriteString("}\n")
		}
		in := put(t, "in.ndjson", b.String())
		back := convert(t, convert(t, in, name, table.Options{}), "back.ndjson", table.Options{})
		if rows(t, back, layouts[1]) != rows(t, in, layouts[1]) {
			t.Errorf("%s: rows differ", name)
		}
	}
}

// What CSV cannot say is written down in docs/recordings.md; all else survives.
func TestCSVKeepsWhatItCanSay(t *testing.T) {
	in := put(t, "in.ndjson", `{"type":"prediction","prediction_id":"007","rollout":"r","arm":"stable","event_time":"2026-03-01T12:00:00Z","features":{"age":31,"zip":"01234","member":true},"tags":{"n":"5"},"items":[{"item_id":"a,b"}],"prediction_label":"1"}
{"type":"outcome","prediction_id":"007","name":"note","value":1,"label":"line\nbreak, \"quotes\" and é","event_time":"2026-03-01T12:00:01Z"}
`)
	csv := convert(t, in, "x.csv", table.Options{})
	back := convert(t, csv, "back.ndjson", table.Options{})
	plain := convert(t, in, "plain.ndjson", table.Options{})
	if text(t, back) != text(t, plain) {
		t.Errorf("\n got %s\nwant %s\nby way of %s", text(t, back), text(t, plain), text(t, csv))
	}
}

func TestBadInputIsNamedAndLeavesNothingBehind(t *testing.T) {
	good := `{"type":"prediction","prediction_id":"p","rollout":"r","arm":"stable","event_time":"2026-03-01T12:00:00Z"}` + "\n"
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"a.ndjson", good + `{"type":"prediction"}` + "\n", []string{"a.ndjson, line 2: no event: missing_field: prediction_id"}},
		{"a.ndjson", good + "{\"type\":\n", []string{"a.ndjson, line 2", "syntax"}},
		{"a.ndjson", good + `{"type":"pre`, []string{"cut off"}},
		{"a.csv", "type,prediction_id,latency_seconds\nprediction,p,fast\n", []string{`a.csv, line 2, column latency_seconds: want a number, got "fast"`}},
		{"a.csv", "type,final\noutcome,maybe\n", []string{"line 2, column final: want true or false"}},
		{"a.csv", "type,arm\nprediction\n", []string{"a.csv, line 2: 1 columns, the header has 2"}},
		{"a.csv", "type,arm\n\"prediction\"x,stable\n", []string{"a.csv, line 2, column"}},
		{"a.csv", "type,arm,type\n", []string{"line 1, column 3", "column 1 has it too"}},
		{"a.csv", "type,,arm\n", []string{"line 1, column 2"}},
		{"a.csv", "", []string{"no header"}},
		{"a.csv", "type,arm\n\"" + strings.Repeat("x", 2<<20), []string{"is a quote not closed?"}},
		{"a.csv", "type,prediction_id,rollout,arm,event_time,scores.sport\nprediction,p,Not A Name,stable,2026-03-01T12:00:00Z,\n", []string{"a.csv, line 2: no event: name: rollout"}},
		{"a.arrow", "ARROW1\x00\x00", []string{"a.arrow", "cut off"}},
		{"a.arrow", "something else", []string{"a.arrow", "another format"}},
		{"a.parquet", "PAR1xxxxPAR1", []string{"a.parquet"}},
		{"a.xml", "", []string{"format of", ".ndjson"}},
	} {
		in := put(t, c.name, c.text)
		dir := t.TempDir()
		for _, out := range []string{"out.arrow", "out.ndjson"} {
			_, err := table.Convert(t.Context(), opening(in), filepath.Join(dir, out), table.Options{})
			wantError(t, err, c.want...)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%s %.40q: %v was left behind", c.name, c.text, left)
		}
	}
	in := put(t, "a.ndjson", good)
	for out, want := range map[string]string{"x.txt": "format of", "x.arrow.gz": "format of", "-": "standard output"} {
		_, err := table.Convert(t.Context(), opening(in), out, table.Options{})
		wantError(t, err, want)
	}
	_, err := table.Convert(t.Context(), opening(in), filepath.Join(t.TempDir(), "no", "x.csv"), table.Options{})
	wantError(t, err, "no such file")
}

// What a recorder keeps byte for byte goes from NDJSON to NDJSON as it is. It has no
// columns: there it is refused, or left out and counted.
func TestRawRecordsAreCarriedOrCounted(t *testing.T) {
	raw := `{"@raw":"AAAAAAE=","@headers":[],"@timestamp":1,"@pos":{"topic":"t","partition":0,"offset":1},"@at":"2026-03-01T12:00:00Z"}` + "\n"
	pos := func(offset string) string {
		return `{"type":"prediction","@pos":{"topic":"t","partition":0,"offset":` + offset + `},"event_time":"2026-03-01T12:00:00Z","prediction_id":"p` + offset + `","rollout":"r","arm":"stable"}` + "\n"
	}
	in := put(t, "in.ndjson", pos("0")+raw+pos("2"))
	out := filepath.Join(t.TempDir(), "out.ndjson.zst")
	report, err := table.Convert(t.Context(), opening(in), out, table.Options{})
	if err != nil || report.Events != 2 || report.Raw != 1 || report.Bad != 0 {
		t.Errorf("%+v, %v", report, err)
	}
	plain := convert(t, out, "plain.ndjson", table.Options{})
	if got := text(t, plain); !strings.Contains(got, raw) || strings.Count(got, "\n") != 3 || strings.Index(got, raw) < strings.Index(got, `"p0"`) {
		t.Errorf("got\n%s", got)
	}
	for _, name := range []string{"x.arrow", "x.csv", "x.parquet"} {
		out := filepath.Join(t.TempDir(), name)
		_, err := table.Convert(t.Context(), opening(in), out, table.Options{})
		wantError(t, err, "line 2", "(@raw) has no columns", "keep this recording in NDJSON", "--skip-bad")
		report, err := table.Convert(t.Context(), opening(in), out, table.Options{SkipBad: true})
		if err != nil || report.Events != 2 || report.Raw != 1 || report.Bad != 0 {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
	}
	_, err = table.Convert(t.Context(), opening(put(t, "long.ndjson", `{"@raw":"`+strings.Repeat("A", 600<<10)+"\"}\n")), out, table.Options{})
	wantError(t, err, "line 1", "@raw")
}

// The old file stays if the new one fails.
func TestAFailureSparesWhatWasThere(t *testing.T) {
	in := put(t, "in.ndjson", "{}\n")
	for _, name := range []string{"out.csv", "out.ndjson"} { // one fails before it is begun, the other while it is written
		out := put(t, name, "old")
		if _, err := table.Convert(t.Context(), opening(in), out, table.Options{}); err == nil || !exists(out) || text(t, out) != "old" {
			t.Errorf("%s: error %v, and the file is there: %v", name, err, exists(out))
		}
	}
}

func TestSkippedLinesAreCountedAndKeepTheOffsetsOfOthers(t *testing.T) {
	in := put(t, "in.ndjson", "{}\n"+everything)
	for _, name := range []string{"x.arrow", "x.ndjson"} {
		out := filepath.Join(t.TempDir(), name)
		r, err := table.Convert(t.Context(), opening(in), out, table.Options{SkipBad: true})
		if err != nil || r.Bad != 1 || r.Events != 7 || !strings.HasSuffix(r.FirstBad, "in.ndjson, line 1: unknown_type: byte 2: no type member, and this log has no default: want verdin.prediction.v1, verdin.outcome.v1 or verdin.resource.v1") {
			t.Fatalf("%+v, %v", r, err)
		}
		want := strings.Replace(rows(t, in, layouts[1]), "0 unknown_type\n", "", 1)
		if got := rows(t, out, layouts[1]); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
}

func TestMembersThatNoColumnCanBeNamedAfterAreReported(t *testing.T) {
	in := put(t, "in.ndjson", `{"type":"outcome","prediction_id":"p","name":"n","event_time":"2026-03-01T12:00:00Z","features.age":1,"@else":2,"fine":3}`+"\n"+
		`{"specversion":"1.0","type":"outcome","source":"/s","data":{"prediction_id":"p","name":"n","event_time":"2026-03-01T12:00:00Z"}}`+"\n")
	r, err := table.Convert(t.Context(), opening(in), filepath.Join(t.TempDir(), "x.arrow"), table.Options{})
	if got := fmt.Sprint(r.LeftOut); err != nil || got != "map[@else:1 features.age:1 source:1]" {
		t.Errorf("%s, %v", got, err)
	}
}

func ExampleConvert() {
	dir, _ := os.MkdirTemp("", "example")
	defer os.RemoveAll(dir)
	in, out := filepath.Join(dir, "events.csv"), filepath.Join(dir, "events.ndjson")
	_ = os.WriteFile(in, []byte("type,prediction_id,rollout,arm,event_time,features.age\nprediction,p1,recsys,canary,2026-03-01T12:00:00Z,31\n"), 0o600)

	open := func() (table.Lines, error) { return table.OpenLines(in) }
	report, err := table.Convert(context.Background(), open, out, table.Options{})
	line, _ := os.ReadFile(out)
	fmt.Printf("%d event, %v\n%s", report.Events, err, line)
	// Output:
	// 1 event, <nil>
	// {"type":"prediction","event_time":"2026-03-01T12:00:00Z","prediction_id":"p1","rollout":"recsys","arm":"canary","features":{"age":31}}
}
