package table_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"verdin/ingest/recording"
	"verdin/ingest/table"
	"verdin/schemas"
)

// everything are events with every sort of field, one a line.
const everything = `{"type":"prediction","prediction_id":"p1","rollout":"prod/recsys","arm":"canary","event_time":"2026-03-01T12:00:00.123456789Z","unit_id":"u1","latency_seconds":0.25,"features":{"age":31,"country":"AT","member":true,"a.b":1,"vector":[1,2.5]},"tags":{"country":"AT"},"metrics":{"tokens":12},"scores":{"sport":0.75},"items":[{"item_id":"i1","score":0.5},{"item_id":"i2"}],"evaluations":[{"name":"judge","score":0.5,"label":"good","annotator_kind":"LLM"},{"name":"v1.2","score":1},{"name":"judge","score":0.9}],"generation":3,"stage":1,"sampledrate":30,"converted":true}
{"type":"prediction","prediction_id":"p2","rollout":"prod/recsys","arm":"stable","event_time":1772366401000,"features":{"age":"unknown","country":null},"error_type":"","extra":{"deep":[1]},"converted":0,"status_code":200}
{"specversion":"1.0","id":"1","source":"/x","type":"verdin.prediction.v1","subject":"recsys","sampledrate":7,"time":"2026-03-01T12:00:02Z","data":{"prediction_id":"p3","arm":"stable","features":{"age":5}}}

{"type":"outcome","prediction_id":"p1","name":"purchase","value":12.5,"event_time":"2026-03-01T12:05:00+01:00","unit":"EUR","revision":2,"final":true}
{"type":"outcome","unit_id":"u1","name":"clicked","value":true,"label":"yes \"quoted\", with\ncomma","event_time":"2026-03-01T12:05:00Z","@at":"2026-03-01T12:05:30Z"}
{"type":"resource","rollout":"recsys","arm":"stable","instance":"pod-1","event_time":"2026-03-01T12:00:10Z","memory_bytes":3221225472,"metrics":{"gpu":1e-9},"@pos":{"topic":"ml","partition":3,"offset":17}}
{"type":"resource","rollout":"recsys","arm":"stable","instance":"pod-1","event_time":"2026-03-01T12:00:20Z","memory_bytes":1e3}
`

// layouts ask for different fields.
var layouts = []*schemas.Layout{
	{},
	{Fields: [schemas.Kinds][]string{
		{"converted", "error_type", "evaluations.judge.label", "evaluations.judge.score", "evaluations.v1.2.score", "features.a.b", "features.age",
			"features.country", "features.member", "generation", "latency_seconds", "metrics.tokens", "scores.sport", "stage", "status_code", "tags.country"},
		{"label", "value"}, {"memory_bytes", "metrics.gpu"},
	}},
	{Fields: [schemas.Kinds][]string{{"features.vector"}, {"final", "revision", "unit"}, {}}}, // p1 is refused: a vector is no feature
}

func put(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	w, err := recording.Create(path)
	if err == nil {
		_, err = w.Write([]byte(text))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func convert(t testing.TB, in, name string, opt table.Options) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), name)
	if _, err := table.Convert(t.Context(), opening(in), out, opt); err != nil {
		t.Fatal(err)
	}
	return out
}

func opening(path string) func() (table.Lines, error) {
	return func() (table.Lines, error) { return table.OpenLines(path) }
}

func text(t testing.TB, path string) string {
	t.Helper()
	src, err := recording.OpenSource(path)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	b, err := io.ReadAll(src)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// rows prints what replay would see of a recording.
func rows(t testing.TB, path string, layout *schemas.Layout) string {
	t.Helper()
	s, err := recording.OpenStream(t.Context(), path, layout, recording.StreamOptions{Rows: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var out bytes.Buffer
	for {
		c, err := s.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return out.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		dump(&out, c)
		s.Recycle(c)
	}
}

func dump(out io.Writer, c *schemas.Chunk) {
	for i := range c.Len() {
		k, r := c.Kind[i], c.Row[i]
		fmt.Fprint(out, c.Offset[i], k, c.TS[i], c.At[i], c.Revision[i], c.Generation[i], c.Stage[i], c.Rate[i])
		for _, s := range []schemas.Text{c.Rollout[i], c.Arm[i], c.Key[i], c.Unit[i], c.Name[i], c.Identifier[i]} {
			fmt.Fprintf(out, " %q", c.Bytes(s))
		}
		for j, path := range c.Layout.Fields[k] {
			if v := c.Values[k][j]; v[r].Kind > schemas.Null { // null and absent mean the same
				fmt.Fprintf(out, " %s=%d,%v,%q", path, v[r].Kind, v[r].Num, c.Bytes(v[r].Text))
			}
		}
		fmt.Fprintln(out)
	}
	for _, r := range c.Rejected {
		fmt.Fprintln(out, r.Offset, r.Reason)
	}
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want %q", parts)
		return
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q, want %q in it", err, p)
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
