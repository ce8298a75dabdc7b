// Package realdata replays real recorded experiments, converted to recordings, and
// compares the verdicts with the textbook's answers. It holds tests alone: the data
// lie beside the checkout and are never committed.
package realdata

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"verdin/internal/shareddata"
	"verdin/schemas"
)

// unit is one observation of an experiment: what its arm was shown and what came of it.
type unit struct {
	canary   bool
	at       time.Time // zero = by place in the stream
	latency  float64   // seconds, 0 = none
	label    string    // predicted class
	features map[string]string
	numbers  map[string]float64 // numeric features
	failed   bool
	outcomes []outcome
}

type outcome struct {
	name  string
	value float64
}

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// recording writes units as a recording: predictions step apart, each outcome one
// second after its prediction and joined by its id.
func recording(units []unit, step time.Duration) []byte {
	var out []byte
	for i, u := range units {
		p := schemas.Prediction{
			PredictionID: strconv.Itoa(i), Rollout: "experiment", Arm: "stable",
			EventTime: u.at, PredictionLabel: schemas.Str(u.label),
		}
		if u.canary {
			p.Arm = "canary"
		}
		if u.at.IsZero() {
			p.EventTime = epoch.Add(time.Duration(i) * step)
		}
		if u.label == "" {
			p.PredictionLabel = schemas.Value{}
		}
		if u.latency > 0 {
			p.LatencySeconds = schemas.Num(u.latency)
		}
		for _, name := range sortedKeys(u.features) {
			p.Features = append(p.Features, schemas.Member{Name: name, Value: schemas.Str(u.features[name])})
		}
		for _, name := range slices.Sorted(maps.Keys(u.numbers)) {
			p.Features = append(p.Features, schemas.Member{Name: name, Value: schemas.Num(u.numbers[name])})
		}
		if u.failed {
			p.ErrorType = "failed"
		}
		out = p.AppendLine(out)
		for _, o := range u.outcomes {
			y := schemas.Outcome{PredictionID: p.PredictionID, Name: o.name,
				Value: schemas.Num(o.value), EventTime: p.EventTime.Add(time.Second)}
			out = y.AppendLine(out)
		}
	}
	return out
}

// halves splits units of one arm by parity: the A/A test of the textbook.
func halves(units []unit, canary bool) []unit {
	var out []unit
	for _, u := range units {
		if u.canary == canary {
			u.canary = len(out)%2 == 1
			out = append(out, u)
		}
	}
	return out
}

// interleave deals the units of both arms alternately, each arm in its own order.
func interleave(units []unit) []unit {
	var arms [2][]unit
	for _, u := range units {
		if u.canary {
			arms[1] = append(arms[1], u)
		} else {
			arms[0] = append(arms[0], u)
		}
	}
	out := make([]unit, 0, len(units))
	for i := range max(len(arms[0]), len(arms[1])) {
		for a := range arms {
			if i < len(arms[a]) {
				out = append(out, arms[a][i])
			}
		}
	}
	return out
}

func cookieCats(t *testing.T) (units []unit) {
	for _, r := range csvRows(t, "cookie_cats", "cookie_cats.csv.gz") {
		units = append(units, unit{canary: r["version"] == "gate_40", outcomes: []outcome{
			{"retention_1", truth(r["retention_1"] == "TRUE")},
			{"retention_7", truth(r["retention_7"] == "TRUE")},
			{"rounds", number(t, r["sum_gamerounds"])},
		}})
	}
	return units
}

func openBandit(t *testing.T) (units []unit) {
	read := func(file string, canary bool) (us []unit) {
		for _, r := range csvRows(t, "open_bandit", file) {
			at, err := time.Parse("2006-01-02 15:04:05.999999-07:00", r["timestamp"])
			if err != nil {
				t.Fatalf("%s: timestamp: %v", file, err)
			}
			us = append(us, unit{canary: canary, at: at, label: r["item_id"],
				features: map[string]string{"user_feature_1": r["user_feature_1"], "position": r["position"]},
				outcomes: []outcome{{"click", number(t, r["click"])}}})
		}
		return us
	}
	a, b := read("random_men.csv.gz", false), read("bts_men.csv.gz", true)
	for len(a)+len(b) > 0 { // merge by time
		if len(b) == 0 || len(a) > 0 && !b[0].at.Before(a[0].at) {
			units, a = append(units, a[0]), a[1:]
		} else {
			units, b = append(units, b[0]), b[1:]
		}
	}
	return units
}

// happyNumbers compares two versions of a model on the task of counting happy numbers.
func happyNumbers(t *testing.T, stable, canary string) (units []unit) {
	for _, r := range csvRows(t, "llmdrift", "COUNTAHAPPYNUMBER_EVAL.csv.gz") {
		model := strings.TrimPrefix(r["model"], "openaichat/")
		if model != stable && model != canary {
			continue
		}
		right := lastBox(r["answer"]) != "" && lastBox(r["answer"]) == lastBox(r["ref_answer"])
		units = append(units, unit{canary: model == canary, latency: number(t, r["latency"]),
			outcomes: []outcome{{"right", truth(right)}}})
	}
	return interleave(units)
}

func leetcode(t *testing.T, stable, canary string) (units []unit) {
	for _, r := range csvRows(t, "llmdrift", "LEETCODE_EASY_EVAL.csv.gz") {
		model := strings.TrimPrefix(r["model"], "openaichat/")
		if model == stable || model == canary {
			units = append(units, unit{canary: model == canary, latency: number(t, r["latency"]),
				outcomes: []outcome{{"usable", number(t, r["Directly Usable"])}}})
		}
	}
	return interleave(units)
}

// frank compares two summarisers by the share of summaries with any error.
func frank(t *testing.T, dataset, stable, canary string) (units []unit) {
	f := open(t, filepath.Join(shareddata.Dir(t, "frank"), "human_annotations.json.gz"))
	var rows []struct {
		Model      string  `json:"model_name"`
		Dataset    string  `json:"dataset"`
		Factuality float64 `json:"Factuality"`
	}
	if err := json.NewDecoder(f).Decode(&rows); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Dataset == dataset && (r.Model == stable || r.Model == canary) {
			units = append(units, unit{canary: r.Model == canary, outcomes: []outcome{
				{"any_error", truth(r.Factuality < 1)}, {"factuality", r.Factuality}}})
		}
	}
	return interleave(units)
}

var box = regexp.MustCompile(`\\+boxed\{([^}]*)\}`)

// lastBox is the content of the last \boxed{} of an answer.
func lastBox(s string) string {
	all := box.FindAllStringSubmatch(s, -1)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1][1]
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// csvRows reads a compressed CSV file with a header.
func csvRows(t *testing.T, set, file string) []map[string]string {
	t.Helper()
	rows, err := csv.NewReader(open(t, filepath.Join(shareddata.Dir(t, set), file))).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return named(rows)
}

// named gives every cell the name of its column.
func named(rows [][]string) []map[string]string {
	out := make([]map[string]string, 0, len(rows)-1)
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, name := range rows[0] {
			m[name] = row[i]
		}
		out = append(out, m)
	}
	return out
}

func open(t *testing.T, path string) *gzip.Reader {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return z
}
