package realdata

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"verdin/drift"
)

// sides read the values of both sides of a row that has a distance of two samples, by
// data set.
var sides = map[string]func(t *testing.T, a *answer) (ref, cur []float64){
	"nab": func(t *testing.T, a *answer) (ref, cur []float64) {
		folder, file, _ := strings.Cut(a.row[0], "/")
		outside, inside := anomaly(t, folder, strings.TrimSuffix(file, ".csv"))
		return valuesOf(outside, "value"), valuesOf(inside, "value")
	},
	"vm_noise": func(t *testing.T, a *answer) (ref, cur []float64) {
		benchmark, rest, _ := strings.Cut(strings.Replace(a.row[0], ":", " :", 1), " ")
		read := func(life string) (map[string][]unit, []unit) { return machines(t, benchmark, life) }
		by, long := read("long")
		_, short := read("short")
		switch pair := regexp.MustCompile(`^long, VM (\d) -> VM (\d)$`).FindStringSubmatch(rest); {
		case pair != nil:
			return valuesOf(by[pair[1]], "value"), valuesOf(by[pair[2]], "value")
		case rest == ": long-lived -> short-lived VMs":
			return valuesOf(long, "value"), valuesOf(short, "value")
		}
		for i, x := range valuesOf(short, "value") {
			if i%2 == 0 {
				ref = append(ref, x)
			} else {
				cur = append(cur, x)
			}
		}
		return ref, cur
	},
	"llmdrift": func(t *testing.T, a *answer) (ref, cur []float64) {
		from, to, _ := strings.Cut(a.row[0], " -> ")
		file, column := "COUNTAHAPPYNUMBER_EVAL.csv.gz", "latency"
		if strings.HasPrefix(a.row[1], "leetcode") {
			file = "LEETCODE_EASY_EVAL.csv.gz"
		}
		if strings.HasSuffix(a.row[1], "tokens") {
			column = "answer_token"
		}
		for _, r := range csvRows(t, "llmdrift", file) {
			switch strings.TrimPrefix(r["model"], "openaichat/") {
			case from:
				ref = append(ref, number(t, r[column]))
			case to:
				cur = append(cur, number(t, r[column]))
			}
		}
		return ref, cur
	},
	"vllm_load_logs": func(t *testing.T, a *answer) (ref, cur []float64) {
		from, to, _ := strings.Cut(strings.TrimPrefix(a.row[0], "scale "), " -> ")
		return ofLoad(t, from, a.row[1]), ofLoad(t, to, a.row[1])
	},
	"llmperf": func(t *testing.T, a *answer) (ref, cur []float64) {
		m := regexp.MustCompile(`^(\w+) -> (\w+) \((\w+)\)$`).FindStringSubmatch(a.row[0])
		return ofProvider(t, m[1]+"_"+m[3], a.row[1]), ofProvider(t, m[2]+"_"+m[3], a.row[1])
	},
}

func valuesOf(units []unit, column string) (out []float64) {
	for _, u := range units {
		if x, ok := u.numbers[column]; ok {
			out = append(out, x)
		}
	}
	return out
}

// ofLoad is a column of a server's logs under a load, in their order.
func ofLoad(t *testing.T, scale, column string) (out []float64) {
	t.Helper()
	log := "detail"
	if strings.HasPrefix(column, "GPU") {
		log = "gpu"
	}
	var rows map[string]map[string]any
	document(t, "vllm_load_logs", log+"_log_scale"+scale+"_prompt500.json.gz", &rows)
	for i := range len(rows) {
		out = append(out, rows[strconv.Itoa(i)][column].(float64))
	}
	return out
}

// ofProvider is a time of the calls that were answered.
func ofProvider(t *testing.T, name, column string) (out []float64) {
	t.Helper()
	var rows []map[string]any
	document(t, "llmperf", name+".json.gz", &rows)
	for _, r := range rows {
		if x, ok := r[column].(float64); ok && x > 0 {
			out = append(out, x)
		}
	}
	return out
}

// TestShapesAreThoseOfTheTextbook measures the distance of every other pair of samples:
// the bracket of the fine bins holds the document's KS distance.
func TestShapesAreThoseOfTheTextbook(t *testing.T) {
	rows := 0
	for _, a := range textbook(t) {
		d, _, ok := strings.Cut(a.cell("KS D, p"), ",")
		if !ok || sides[a.set] == nil {
			continue
		}
		rows++
		ref, cur := sides[a.set](t, &a)
		if n := a.cell("n"); n != "" && n != strconv.Itoa(len(ref))+", "+strconv.Itoa(len(cur)) {
			t.Errorf("%s, %s: %d and %d values, want %s", a.row[0], a.row[1], len(ref), len(cur), n)
			continue
		}
		fine, err := drift.Learn(ref, drift.FineBins)
		if err != nil {
			t.Fatal(err)
		}
		if low, high := counted(fine, ref, cur).KS(); number(t, d) < low-1e-4 || number(t, d) > high+1e-4 {
			t.Errorf("%s, %s: KS between %.5f and %.5f, want %s", a.row[0], a.row[1], low, high, d)
		}
		if a.cell("PSI") != "" {
			index(t, &a, binned(t, deciles(ref), ref, cur))
		}
	}
	if rows < 50 {
		t.Errorf("only %d rows were measured", rows)
	}
}
