package bench

import (
	"strings"
	"testing"
)

func TestAReportReplacesItsPartAlone(t *testing.T) {
	page := "# Page\nby hand\n<!-- bench stats: begin -->\nold\n<!-- bench stats: end -->\nmore by hand\n<!-- bench drift: begin -->\n<!-- bench drift: end -->\n"
	r := Report{Part: "stats", Text: "new\n\n"}
	want := strings.Replace(page, "old", "\nnew\n", 1)
	got, err := r.Insert([]byte(page))
	if err != nil || string(got) != want {
		t.Fatalf("%v\n%s", err, got)
	}
	if again, err := r.Insert(got); err != nil || string(again) != want {
		t.Errorf("a second time: %v\n%s", err, again)
	}
	for _, bad := range []string{"", "<!-- bench stats: begin -->\n", "<!-- bench stats: end -->\n<!-- bench stats: begin -->\n"} {
		if out, err := r.Insert([]byte(bad)); err == nil {
			t.Errorf("page %q: %q", bad, out)
		}
	}
}

func TestTablesAndNumbers(t *testing.T) {
	got := Table{[]string{"a", "b"}, [][]string{{"x", "1"}}}.Markdown()
	if want := "| a | b |\n| --- | --: |\n| x | 1 |\n"; got != want {
		t.Errorf("table\n%s", got)
	}
	for got, want := range map[string]string{
		Percent(0.0123): "1.23", Percent(0.5): "50.0", Percent(0.0999): "10.0", Number(1234.4): "1234", Number(0.012345): "0.0123",
		Thousands(7): "7", Thousands(1234567): "1,234,567", Thousands(100): "100",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestBarsBite: a rule that is wrong in a third of the runs is found out by a small run,
// one that is wrong in 3 % is not accused.
func TestBarsBite(t *testing.T) {
	small, full := Options{Runs: 200}, Options{Runs: FullRuns}
	for _, c := range []struct {
		o    Options
		k, n int
		want bool
	}{{small, 30, 100, true}, {small, 6, 200, false}, {small, 22, 200, true}, {full, 449, 10000, false}, {full, 450, 10000, true}} {
		if got := c.o.Broken(c.k, c.n, 0.05); got != c.want {
			t.Errorf("%d of %d: broken %v", c.k, c.n, got)
		}
	}
	results := make([]Result, 10)
	for i := range results {
		y := Tally{First: make([]int, 200), Answer: make([]Answer, 200)}
		for k := range 9 { // 4.5 %: no single row is accused
			y.First[k], y.Answer[k] = 1, Harm
		}
		results[i] = Result{Case{Alpha: 0.05, Exact: true}, []Tally{y}}
	}
	if k, n, bad := small.pooledBroken(results, Harm); k != 90 || n != 2000 || !bad {
		t.Errorf("%d of %d together: broken %v", k, n, bad)
	}
}
