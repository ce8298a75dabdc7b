package calibrate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"verdin/decision"
	"verdin/drift"
	"verdin/stats"
)

func calibrated(t *testing.T, assignment string, n int, opt Options) *Report {
	t.Helper()
	h, spec := history(t, assignment, n)
	r, err := Run(context.Background(), h, spec, opt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestHarmlessSplitsAreQuiet(t *testing.T) {
	for _, assignment := range []string{"request", "sticky"} {
		r := calibrated(t, assignment, 3000, Options{Splits: 30 / stride, Power: -1})
		if len(r.Before) < 6 {
			t.Fatalf("%s: %d checks, want those of three metrics, two distributions and the split", assignment, len(r.Before))
		}
		for _, c := range append(r.Before, r.After...) {
			if c.Alarms.Low > c.Allowed {
				t.Errorf("%s: %s: %d alarms in %d harmless splits, %v are allowed", assignment, c.Name, c.Alarms.Found, c.Alarms.Runs, c.Allowed)
			}
			if c.Blocks == 0 && assignment == "request" {
				t.Errorf("%s saw no data", c.Name)
			}
		}
	}
}

func TestReportDependsOnSeedAloneNotOnProcessors(t *testing.T) {
	text := func(procs int, seed uint64) string {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		b, err := json.Marshal(calibrated(t, "request", 1000, Options{Splits: 4, Power: 1, Seed: seed}))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	one := text(1, 1)
	if one != text(4, 1) {
		t.Error("another report on four processors")
	}
	if one == text(1, 2) {
		t.Error("the same report with another seed")
	}
}

func TestFaultsAreFoundInTheFieldTheyAreIn(t *testing.T) {
	r := calibrated(t, "request", 6000, Options{Splits: 2, Power: 3})
	want := map[string]string{ // field and fault → the check
		"error_type: mean":            "errors/harm",
		"error_type: delayed start":   "errors/harm",
		"latency_seconds: unit":       "latency/harm",
		"outcome right: mean":         "right/harm",
		"prediction_score: unit":      "scores/drift",
		"prediction_score: mean":      "scores/drift",
		"features.country: new value": "country/drift",
		"features.country: missing":   "country/drift",
	}
	seen := map[string]bool{}
	for _, p := range r.Power {
		name := p.Field + ": " + p.Shift
		seen[p.Shift] = true
		check, ok := want[name]
		if !ok {
			continue
		}
		delete(want, name)
		if check == "right/harm" {
			continue // ten points on a margin of five: this history may be too short
		}
		if p.Rate.Found != p.Rate.Runs || p.By[check] != p.Rate.Runs {
			t.Errorf("%s: found in %d of %d, by %v; want all by %s", name, p.Rate.Found, p.Rate.Runs, p.By, check)
		}
		if p.Median <= 0 || p.Median > 600 {
			t.Errorf("%s: median time %v s", name, p.Median)
		}
	}
	for name := range want {
		t.Errorf("%s was not tried", name)
	}
	for _, s := range Shifts {
		if !seen[s.Name] {
			t.Errorf("no field was given the fault %q", s.Name)
		}
	}
}

func TestTimeToFindADelayedFaultCountsFromItsStart(t *testing.T) {
	h, spec := history(t, "request", 6000)
	f := h.fields(spec)[0]
	for i := range Shifts {
		if s := &Shifts[i]; s.Half && s.on(h.shape(f), f) {
			in := h.inject(s, f, h.shape(f))
			got, err := h.try(context.Background(), spec, 5, 0.5, in)
			if err != nil {
				t.Fatal(err)
			}
			if in.since <= h.From || got.by == "" || got.after <= 0 || got.after > h.To.Sub(in.since) {
				t.Errorf("found by %q after %v, fault began %v after the history", got.by, got.after, in.since.Sub(h.From))
			}
		}
	}
}

func TestSuggestedSpecAndBaselineAreAccepted(t *testing.T) {
	r := calibrated(t, "request", 2000, Options{Splits: 5, Power: 1})
	text, err := r.YAML()
	if err != nil {
		t.Fatal(err)
	}
	spec, err := decision.Parse(text, "suggested.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file, err := r.Baseline.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := drift.ReadBaseline(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range spec.Drift {
		if d.Reference != BaselineFile || d.Baseline != decision.NewBaseline(file).Digest {
			t.Errorf("%s names the baseline %q %s, want that of the report", d.Name, d.Reference, d.Baseline)
		}
	}
	if f, ok := b.Feature("features.country"); !ok || len(f.Categories.Top()) != 3 || f.Categories.Top()[0] != "de" {
		t.Errorf("categories of the country: %+v, want those of history, most frequent first", f.Categories)
	}
	for _, field := range []string{"prediction_score", "features.country", "latency_seconds", "error_type"} {
		f, ok := b.Feature(field)
		if rows := int64(1800); !ok || sum(f.Counts)+sum(f.Odd) != rows {
			t.Errorf("baseline of %s: every row is counted once, want %d: %v %v", field, rows, f.Counts, f.Odd)
		}
	}
}

func sum(ns []int64) (s int64) {
	for _, n := range ns {
		s += n
	}
	return s
}

func TestPageStandsAlone(t *testing.T) {
	r := calibrated(t, "request", 1500, Options{Splits: 3, Power: 1})
	r.Notes = []string{"<script>alert(1)</script>"}
	var page, table bytes.Buffer
	if err := r.HTML(&page); err != nil {
		t.Fatal(err)
	}
	text := page.String()
	for _, bad := range []string{"<script", "http://", "https://", "src=", "@import", "url("} {
		if strings.Contains(text, bad) {
			t.Errorf("the page contains %q", bad)
		}
	}
	if n := strings.Count(text, "<svg"); n < 4+len(r.Baseline.Features) {
		t.Errorf("%d plots, want four and one for each of %d fields", n, len(r.Baseline.Features))
	}
	if err := r.Table(&table); err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Before {
		if !strings.Contains(text, c.Name) || !strings.Contains(table.String(), c.Name) {
			t.Errorf("%s is not in page and table", c.Name)
		}
	}
}

func TestEndsWhenAsked(t *testing.T) {
	h, spec := history(t, "request", 1000)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, h, spec, Options{Splits: 5}); err == nil {
		t.Error("it went on")
	}
}

// A check that scored nothing says why; one that did in any split is not taken for blind,
// and claims of safety are no checks that could alarm.
func TestAChecksSilenceHasAReason(t *testing.T) {
	harm := func(blocks int64, left stats.Skips) *trial {
		looks := map[string]*look{}
		for name, test := range map[string]string{"spend/harm": "harm", "spend/cap_safe": "cap_safe", "spend/cap_safe_stage": "cap_safe_stage", "spend/paired_safe": "paired_safe", "spend/same_stage": "same_stage"} {
			looks[name] = &look{Evidence: stats.Evidence{Name: name, Metric: "spend", Test: test, Threshold: 3, Blocks: blocks, Skipped: left}}
		}
		return &trial{looks: looks, order: []string{"spend/harm", "spend/cap_safe", "spend/cap_safe_stage", "spend/paired_safe", "spend/same_stage"}}
	}
	learning := harm(0, stats.Skips{Learning: 9, EmptyArm: 1})
	if got := checks(nil, []*trial{learning, learning}); len(got) != 1 || got[0].Unseen != "too few rows to learn a baseline from" {
		t.Errorf("%+v", got)
	}
	if got := checks(nil, []*trial{learning, harm(7, stats.Skips{})}); got[0].Blocks != 7 || got[0].Unseen != "" {
		t.Errorf("%+v", got)
	}
	if got := checks(nil, []*trial{harm(0, stats.Skips{})}); got[0].Unseen != "saw no data" {
		t.Errorf("%+v", got)
	}
}

// A quotient has two fields, and an expression as many as it names: faults are put into
// each, and each has a reference.
func TestEveryFieldThatAMetricReadsIsTried(t *testing.T) {
	text := strings.Replace(fmt.Sprintf(specText, "request"), "  drift:\n", `    - {name: per_word, kind: ratio, field: metrics.cost, per: metrics.words, worse: higher, role: signal, margin: {relative: 5%}}
    - {name: told, kind: proportion, on: outcome, expr: {equals: [prediction_label, outcome.truth]}, missing: exclude, worse: lower, role: observe}
  drift:
`, 1)
	spec, err := decision.Parse([]byte(text), "shop.yaml")
	if err != nil {
		t.Fatal(err)
	}
	h, err := load(t, spec, events(100))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range h.fields(spec) {
		names = append(names, f.name)
	}
	for _, want := range []string{"metrics.cost", "metrics.words", "prediction_label", "outcome truth", "outcome right"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not among %v", want, names)
		}
	}
}

func TestAlarmOfAnotherCheckIsNoFind(t *testing.T) {
	tr := trialsOf("other/harm", 1, func(int) look { return look{Evidence: result(true)} })[0]
	tr.looks["other/harm"].Metric = "other"
	in := &injected{field: field{checks: []string{"errors"}}}
	if tr.found(in, 0) {
		t.Error("an alarm of a check that does not read the field was taken for a find")
	}
	in.field.checks = append(in.field.checks, "other")
	if !tr.found(in, 0) || tr.by != "other/harm" {
		t.Errorf("found by %q", tr.by)
	}
}
