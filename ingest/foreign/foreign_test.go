package foreign_test

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"verdin/ingest/foreign"
	"verdin/ingest/table"
)

var update = flag.Bool("update", false, "write the golden files anew")

// cases are the tables of testdata with what a user would say about them.
var cases = []struct {
	file   string
	opt    foreign.Options
	report string // unmapped columns, rows without id, unpaired messages
}{
	{"arize.csv", foreign.Options{Preset: "arize", Rollout: "claims", Fields: []string{"unit_id=user_id"}}, "map[] 0 0"},
	{"nannyml.csv", foreign.Options{Preset: "nannyml", Set: []string{"arm=stable", "rollout=loans"}}, "map[] 2 0"},
	{"nannyml_multiclass.csv", foreign.Options{Preset: "nannyml", Rollout: "cards", Set: []string{"arm=canary"}}, "map[] 0 0"},
	{"evidently.csv", foreign.Options{Preset: "evidently", Rollout: "income", Set: []string{"arm=canary"}}, "map[] 0 0"},
	{"kserve.ndjson", foreign.Options{Preset: "kserve", Rollout: "iris"}, "map[] 0 1"},
	{"kserve_blob.csv", foreign.Options{Preset: "kserve", Fields: []string{"event_time=logged_at"}, Set: []string{"rollout=churn", "arm=stable"}}, "map[] 0 0"},
	{"seldon.ndjson", foreign.Options{Preset: "seldon", Rollout: "iris"}, "map[] 0 0"},
	{"fields.csv", foreign.Options{
		Rollout: "shop",
		Fields: []string{
			"prediction_id=request", "arm=variant", "unit_id=user", "event_time=when",
			"outcome.purchase=bought", "outcome.purchase.event_time=bought_at",
		},
		Set: []string{"outcome.purchase.unit=1", "tags.source=export"},
	}, "map[millis:2 zip:2] 0 0"},
}

func lines(t testing.TB, file string, m *foreign.Map) (string, error) {
	t.Helper()
	rows, err := table.OpenRows(file)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var out strings.Builder
	for in := m.Lines(rows); ; {
		line, _, err := in.Next()
		if err == io.EOF {
			return out.String(), nil
		}
		if err != nil {
			return out.String(), err
		}
		out.Write(line)
	}
}

func TestPublishedFormatsBecomeTheEventsOfTheGoldenFiles(t *testing.T) {
	for _, c := range cases {
		m, err := foreign.New(c.opt)
		if err != nil {
			t.Fatal(err)
		}
		got, err := lines(t, filepath.Join("testdata", c.file), m)
		if err != nil {
			t.Errorf("%s: %v", c.file, err)
			continue
		}
		golden := filepath.Join("testdata", strings.TrimSuffix(c.file, filepath.Ext(c.file))+".golden.ndjson")
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s:\n got %s\nwant %s", c.file, got, want)
		}
		if report := fmt.Sprint(m.Unmapped, " ", m.NoID, " ", m.Unpaired); report != c.report {
			t.Errorf("%s: report %s, want %s", c.file, report, c.report)
		}
		events := table.NewEvents()
		var row table.Row
		for i, line := range strings.SplitAfter(strings.TrimSuffix(got, "\n"), "\n") {
			if err := events.Read([]byte(line), int64(i), &row); err != nil {
				t.Errorf("%s: %s is no event: %v", c.file, line, err)
			}
		}
	}
}

// F1: an arm is never guessed; errors name the row and the remedy.
func TestWhatCannotBeMappedIsNamed(t *testing.T) {
	for _, c := range []struct {
		name, text string
		opt        foreign.Options
		want       string
	}{
		{"a.csv", "id,timestamp,prediction\n1,2026-03-01,2\n", foreign.Options{Preset: "evidently"}, "a.csv, line 2: no arm: name its column with --field arm=COLUMN"},
		{"a.csv", "id,timestamp,prediction,target\n1,2026-03-01,2,3\n", foreign.Options{Preset: "evidently", Set: []string{"tags.x=y"}}, "line 2: no arm"},
		{"a.csv", "id,timestamp,prediction\n1,2026-03-01,2\n", foreign.Options{Preset: "evidently", Fields: []string{"arm=variant"}}, "line 2: no arm: name its column with --field arm=COLUMN, or the arm of the whole file with --set arm=stable; no row so far has variant"},
		{"a.csv", "id,arm,when\n1,stable,yesterday\n", foreign.Options{Fields: []string{"arm=arm", "event_time=when"}}, "a.csv, line 2: column when: event_time: want RFC 3339"},
		{"a.csv", "id,arm,ms\n1,stable,fast\n", foreign.Options{Fields: []string{"arm=arm", "latency_seconds=ms"}}, `line 2: column ms: latency_seconds: want a number, got "fast"`},
		{"a.ndjson", `{"type":"org.kubeflow.serving.inference.request","id":"1","endpoint":"","data":{"instances":[1]}}` + "\n" +
			`{"type":"org.kubeflow.serving.inference.response","id":"1","endpoint":"","data":{"predictions":[1]}}` + "\n", foreign.Options{Preset: "kserve"}, "line 2: no arm"},
		{"a.ndjson", `{"type":"other","id":"1"}` + "\n", foreign.Options{Preset: "kserve"}, `line 1: a message of type "other"`},
		{"a.ndjson", `{"type":"org.kubeflow.serving.inference.request"}` + "\n", foreign.Options{Preset: "kserve"}, "a message without an id"},
		{"a.ndjson", `{"type":"org.kubeflow.serving.inference.request","id":"1","bytes":"?"}` + "\n", foreign.Options{Preset: "kserve"}, "column bytes: illegal base64"},
		{"a.ndjson", `{"type":"org.kubeflow.serving.inference.request","id":"1","data":{"inputs":[{"name":"a","shape":[2],"data":[1,2]},{"name":"b","shape":[1],"data":[1]}]}}` + "\n",
			foreign.Options{Preset: "kserve"}, `inputs "b" has 1 rows, the one before has 2`},
		{"a.ndjson", "[1]\n", foreign.Options{Preset: "kserve"}, "a.ndjson, line 1: want a JSON object"},
	} {
		path := filepath.Join(t.TempDir(), c.name)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := foreign.New(c.opt)
		if err == nil {
			_, err = lines(t, path, m)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
	}
}

func TestOptionsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		opt  foreign.Options
		want string
	}{
		{foreign.Options{Preset: "other"}, `unknown --map "other": use arize, evidently, kserve, nannyml, seldon`},
		{foreign.Options{Fields: []string{"arm"}}, "want TARGET=COLUMN"},
		{foreign.Options{Fields: []string{"=x"}}, "want TARGET=COLUMN"},
		{foreign.Options{Fields: []string{"type=x"}}, "is no field of an event"},
		{foreign.Options{Fields: []string{"outcome.=x"}}, "names no outcome"},
		{foreign.Options{Fields: []string{"outcome.a.colour=x"}}, "an outcome has value, label"},
		{foreign.Options{Set: []string{"arm"}}, "want TARGET=VALUE"},
		{foreign.Options{Set: []string{"latency_seconds=fast"}}, "want a number"},
		{foreign.Options{Set: []string{"features.*=1"}}, "want TARGET=VALUE"},
	} {
		if _, err := foreign.New(c.opt); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.opt, err, c.want)
		}
	}
	if !(foreign.Options{Rollout: "x"}).Empty() || (foreign.Options{Set: []string{"a=b"}}).Empty() {
		t.Error("a mapping is empty without preset, fields and constants")
	}
}

// Times of all the units that systems write.
func TestUnitsOfTimesAreToldByTheirSize(t *testing.T) {
	for _, text := range []string{"1772366400", "1772366400.0", "1772366400000", "1772366400000000", "1772366400000000000",
		"2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00", "2026-03-01 12:00:00", "2026-03-01 12:00:00+00:00", "2026-03-01T12:00:00.000"} {
		m, err := foreign.New(foreign.Options{Set: []string{"arm=stable", "prediction_id=p", "event_time=" + text}})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "a.ndjson")
		if err := os.WriteFile(path, []byte("{}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := lines(t, path, m)
		if err != nil || !strings.Contains(got, `"event_time":"2026-03-01T12:00:00Z"`) {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
}

// Whatever a log holds, it is mapped or refused.
func FuzzWire(f *testing.F) {
	for _, name := range []string{"kserve.ndjson", "seldon.ndjson"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(dir, "a.ndjson")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, preset := range foreign.Presets() {
			m, err := foreign.New(foreign.Options{Preset: preset, Rollout: "r"})
			if err != nil {
				t.Fatal(err)
			}
			out, _ := lines(t, path, m)
			events := table.NewEvents()
			var row table.Row
			for i, line := range strings.SplitAfter(out, "\n") {
				_ = events.Read([]byte(line), int64(i), &row) // it may refuse, not panic
			}
		}
	})
}

func ExampleMap_Lines() {
	rows, err := table.OpenRows("testdata/nannyml.csv")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rows.Close()
	m, _ := foreign.New(foreign.Options{Preset: "nannyml", Set: []string{"arm=stable", "rollout=loans"}})
	lines := m.Lines(rows)
	_, _, _ = lines.Next() // the prediction
	line, _, _ := lines.Next()
	fmt.Print(string(line))
	// Output: {"type":"outcome","name":"ground_truth","value":1,"prediction_id":"row-1","event_time":"2018-01-01T00:00:00Z"}
}
