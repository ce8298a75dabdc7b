package realdata

import (
	"errors"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"verdin/drift"
	"verdin/ingest/table"
	"verdin/internal/shareddata"
)

// sources read the rows of a data set as text, by column.
var sources = map[string]func(t *testing.T) []map[string]string{
	"elec2":        func(t *testing.T) []map[string]string { return csvRows(t, "elec2", "elec.csv.gz") },
	"bike_sharing": bikes,
	"adult":        census,
	"california_housing": func(t *testing.T) []map[string]string {
		return both(csvRows(t, "california_housing", "california_housing_reference.csv.gz"), csvRows(t, "california_housing", "california_housing_analysis.csv.gz"))
	},
	"azure_llm_2023": func(t *testing.T) []map[string]string {
		return csvRows(t, "azure_llm_2023", "AzureLLMInferenceTrace_code.csv.gz")
	},
	"open_bandit": func(t *testing.T) []map[string]string {
		return both(csvRows(t, "open_bandit", "random_men.csv.gz"), csvRows(t, "open_bandit", "bts_men.csv.gz"))
	},
}

// both marks the rows of two files by "part", 0 and 1.
func both(files ...[]map[string]string) (all []map[string]string) {
	for i, rows := range files {
		for _, r := range rows {
			r["part"] = strconv.Itoa(i)
			all = append(all, r)
		}
	}
	return all
}

// census reads the rows of the census, numbers as text too.
func census(t *testing.T) (all []map[string]string) {
	t.Helper()
	in, err := table.OpenRows(filepath.Join(shareddata.Dir(t, "adult"), "adults.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for {
		var r table.Row
		if err := in.Next(&r); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		m := map[string]string{}
		for _, c := range r.Cells {
			if m[c.Path] = c.Value.Text; c.Value.Text == "" {
				m[c.Path] = strconv.FormatFloat(c.Value.Num, 'g', -1, 64)
			}
		}
		all = append(all, m)
	}
}

// part tells which side of a comparison a row is on: 0 the reference, 1 the current, −1
// neither.
type part func(i, n int, r map[string]string) int

func evenOdd(i, _ int, _ map[string]string) int  { return i % 2 }
func halfHalf(i, n int, _ map[string]string) int { return truthInt(i >= n/2) }
func marked(_, _ int, r map[string]string) int   { return int(r["part"][0] - '0') }
func dates(ref, cur string) part {
	return func(_, _ int, r map[string]string) int {
		switch {
		case strings.HasPrefix(r["dteday"], ref):
			return 0
		case strings.HasPrefix(r["dteday"], cur):
			return 1
		}
		return -1
	}
}

// parts are the comparisons of the document, by data set and first cell.
var parts = map[string]part{
	"elec2 rows 0-17423 -> 17424-45311": func(i, _ int, _ map[string]string) int { return truthInt(i >= 17424) },
	"elec2 first part: even -> odd days": func(i, _ int, _ map[string]string) int {
		if i >= 17424 {
			return -1
		}
		return i / 48 % 2
	},
	"bike_sharing Jan -> Feb 2011":      dates("2011-01", "2011-02"),
	"bike_sharing Jan -> Jul 2011":      dates("2011-01", "2011-07"),
	"bike_sharing Jul 2011 -> Jul 2012": dates("2011-07", "2012-07"),
	"bike_sharing 2011 -> 2012":         dates("2011", "2012"),
	"adult other -> {Some-college, HS-grad, Bachelors}": func(_, _ int, r map[string]string) int {
		return truthInt(slices.Contains([]string{"Some-college", "HS-grad", "Bachelors"}, r["education"]))
	},
	"adult A/A even -> odd rows":               evenOdd,
	"california_housing reference -> analysis": marked,
	"azure_llm_2023 A/A even -> odd rows":      evenOdd,
	"azure_llm_2023 first -> second half":      halfHalf,
	"open_bandit random -> bts":                marked,
}

func truthInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestDistancesAreThoseOfTheTextbook measures every row that has a population stability
// index with the library's own distances, from the files: the index in the document's
// bins, and the bracket of the KS distance in the 320 fine bins, which must hold the
// distance between the values themselves.
func TestDistancesAreThoseOfTheTextbook(t *testing.T) {
	read := map[string][]map[string]string{}
	rows := 0
	for _, a := range textbook(t) {
		if sources[a.set] == nil || a.cell("PSI") == "" {
			continue
		}
		side, name := parts[a.set+" "+a.row[0]], a.row[1]
		if side == nil {
			t.Errorf("EXPECTED.md:%d: parts has no %s %s", a.line, a.set, a.row[0])
			continue
		}
		if read[a.set] == nil {
			read[a.set] = sources[a.set](t)
		}
		rows++
		column, categories := strings.CutSuffix(name, " (categories)")
		var values [2][]string
		for i, r := range read[a.set] {
			if k := side(i, len(read[a.set]), r); k >= 0 {
				values[k] = append(values[k], r[column])
			}
		}
		if got, want := strconv.Itoa(len(values[0]))+", "+strconv.Itoa(len(values[1])), a.cell("n ref, n cur"); got != want {
			t.Errorf("%s, %s: %s rows, want %s", a.row[0], name, got, want)
			continue
		}
		if categories {
			index(t, &a, byName(values))
			continue
		}
		ref, cur := numbers(t, values[0]), numbers(t, values[1])
		index(t, &a, binned(t, deciles(ref), ref, cur))
		fine, err := drift.Learn(ref, drift.FineBins)
		if err != nil {
			t.Fatal(err)
		}
		low, high := counted(fine, ref, cur).KS()
		if d := number(t, a.cell("KS D")); d < low-1e-4 || d > high+1e-4 {
			t.Errorf("%s, %s: KS between %.5f and %.5f, want %v", a.row[0], name, low, high, d)
		}
	}
	if rows < 60 {
		t.Errorf("only %d rows were measured", rows)
	}
}

// index compares the index twice: by the document's formula over our counts, and as ours,
// which adds one half to each count where the document floors shares, and so agrees where
// bins are filled.
func index(t *testing.T, a *answer, c drift.Counts) {
	t.Helper()
	want, theirs, least := number(t, a.cell("PSI")), 0.0, int64(math.MaxInt64)
	for i := range c.Stable {
		n := c.Totals()
		p, q := math.Max(1e-4, float64(c.Stable[i])/float64(n[0])), math.Max(1e-4, float64(c.Canary[i])/float64(n[1]))
		theirs += (q - p) * math.Log(q/p)
		least = min(least, c.Stable[i], c.Canary[i])
	}
	if math.Abs(theirs-want) > 1e-3*want+1e-6 {
		t.Errorf("%s, %s: index %.5f over our counts, want %v", a.row[0], a.row[1], theirs, want)
	}
	if ours, _ := c.PSI(); least >= 20 && math.Abs(ours-want) > 0.04*want+1e-4 {
		t.Errorf("%s, %s: index %.5f, want %v", a.row[0], a.row[1], ours, want)
	}
}

func numbers(t *testing.T, texts []string) (out []float64) {
	t.Helper()
	for _, s := range texts {
		if s != "" {
			out = append(out, number(t, s))
		}
	}
	return out
}

// deciles are the document's inner cuts: interpolated, each once, and a value that equals
// one lies below it.
func deciles(values []float64) (cuts []float64) {
	x := slices.Sorted(slices.Values(values))
	for k := 1; k < 10; k++ {
		at := float64(k) / 10 * float64(len(x)-1)
		i := int(at)
		cut := x[i] + (at-float64(i))*(x[min(i+1, len(x)-1)]-x[i])
		cuts = append(cuts, math.Nextafter(cut, math.Inf(1)))
	}
	return slices.Compact(cuts)
}

func binned(t *testing.T, cuts, ref, cur []float64) drift.Counts {
	t.Helper()
	edges, err := drift.NewEdges(cuts)
	if err != nil {
		t.Fatal(err)
	}
	return counted(edges, ref, cur)
}

func counted(edges *drift.Edges, ref, cur []float64) drift.Counts {
	a, b := drift.NewHistogram(edges), drift.NewHistogram(edges)
	a.Add(ref, nil, 0)
	b.Add(cur, nil, 0)
	return drift.Counts{Stable: a.Bins(), Canary: b.Bins()}
}

func byName(values [2][]string) (c drift.Counts) {
	at := map[string]int{}
	for side, names := range values {
		for _, name := range names {
			i, ok := at[name]
			if !ok {
				i, at[name] = len(at), len(at)
				c.Stable, c.Canary = append(c.Stable, 0), append(c.Canary, 0)
			}
			[2][]int64{c.Stable, c.Canary}[side][i]++
		}
	}
	return c
}
