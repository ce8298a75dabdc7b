package realdata

import (
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"verdin/stats"
)

// slower is a guardrail on the median of a latency.
func slower(tolerance, margin string) string {
	return "    - {name: latency, kind: quantile, quantile: 0.5, on: prediction, field: latency_seconds, worse: higher, role: guardrail, tolerance: {relative: " + tolerance + "}, margin: {relative: " + margin + "}}\n"
}

const failures = "    - {name: errors, kind: proportion, on: prediction, field: error_type, worse: higher, role: guardrail, tolerance: {absolute: 0}, margin: {absolute: 0.05}}\n"

// load is one run of a server under a load.
func load(t *testing.T, scale string) (units []unit) {
	t.Helper()
	var rows map[string]struct {
		Length float64 `json:"out_len"`
		Total  float64 `json:"total_chunk_time"`
	}
	document(t, "vllm_load_logs", "detail_log_scale"+scale+"_prompt500.json.gz", &rows)
	for i := range len(rows) {
		r := rows[strconv.Itoa(i)]
		units = append(units, unit{latency: r.Total, numbers: map[string]float64{"out_len": r.Length}})
	}
	return units
}

// longer is a guardrail on the mean: these times have two humps, and the median of one
// run lies in the gap.
const longer = "    - {name: latency, kind: mean, on: prediction, field: latency_seconds, worse: higher, role: guardrail, tolerance: {relative: 10%}, margin: {relative: 20%}}\n"

func TestServerUnderLoad(t *testing.T) {
	for _, c := range [][2]string{{"100", "200"}, {"200", "500"}, {"100", "500"}} {
		t.Run(c[0]+" to "+c[1], func(t *testing.T) {
			a, b := load(t, c[0]), load(t, c[1])
			judge(t, recording(mingle(a, b), time.Second), "20s", metrics(longer)).wants(t, true, "latency/harm", +1)
			if test := against(t, "ks", 0, a, b, "out_len"); test.LogEMax() >= 3 {
				t.Errorf("lengths of answers: log e %v, the textbook has no difference", test.LogEMax())
			}
		})
	}
	t.Run("equal halves stay silent", func(t *testing.T) {
		judge(t, recording(alternate(load(t, "100")), time.Second), "20s", metrics(longer)).wants(t, false, "latency/harm", 0)
	})
}

// The memory of the card hardly moves, or not at all: a spread of nothing.
func TestMemoryThatDoesNotMove(t *testing.T) {
	read := func(scale string) (units []unit) {
		var rows map[string]struct {
			Memory float64 `json:"GPU_used_mem"`
		}
		document(t, "vllm_load_logs", "gpu_log_scale"+scale+"_prompt500.json.gz", &rows)
		for range slices.Sorted(maps.Keys(rows)) {
			units = append(units, unit{})
		}
		for i := range units {
			units[i].outcomes = []outcome{{"memory", rows[strconv.Itoa(i)].Memory}}
		}
		return units
	}
	const check = "    - {name: memory, kind: mean, on: outcome, field: memory, missing: exclude, worse: higher, role: guardrail, tolerance: {relative: 1%}, margin: {relative: 2%}}\n"
	for _, c := range [][2]string{{"100", "200"}, {"200", "500"}} {
		v := judge(t, recording(mingle(read(c[0]), read(c[1])), time.Second), "20s", metrics(check))
		e := v.evidence["memory/harm"]
		if e.Result != stats.Unknown || e.LogE-e.LogE != 0 || e.Effect.Estimate-e.Effect.Estimate != 0 {
			t.Errorf("%v: %+v: 0.3 of 22,535 is no harm, and no spread is no number either", c, e)
		}
	}
}

// provider is the same model as one company serves it.
func provider(t *testing.T, name string) (units []unit) {
	t.Helper()
	var rows []struct {
		Code    *float64 `json:"error_code"`
		Latency float64  `json:"end_to_end_latency_s"`
	}
	document(t, "llmperf", name+".json.gz", &rows)
	for _, r := range rows {
		units = append(units, unit{latency: r.Latency, failed: r.Code != nil})
	}
	return units
}

func TestProvidersOfOneModel(t *testing.T) {
	success := "    - {name: latency, kind: quantile, quantile: 0.5, on: prediction, field: latency_seconds, population: success, worse: higher, role: guardrail, tolerance: {relative: 5%}, margin: {relative: 10%}}\n"
	for _, c := range []struct {
		stable, canary, metric, check string
		rolledBack                    bool
		sign                          float64
	}{
		{"anyscale_7b", "lepton_7b", failures, "errors/harm", true, +1},
		{"anyscale_13b", "bedrock_13b", failures, "errors/harm", true, +1},
		{"anyscale_13b", "together_13b", failures, "errors/harm", false, 0}, // one error in 150
		{"fireworks_7b", "together_7b", success, "latency/harm", true, +1},
		{"anyscale_13b", "together_13b", success, "latency/harm", true, +1}, // the means say nothing: a few calls took a minute
		{"together_13b", "fireworks_13b", success, "latency/harm", true, +1},
		{"anyscale_7b", "fireworks_7b", success, "latency/harm", false, 0}, // faster
	} {
		t.Run(c.stable+" to "+c.canary+" by "+c.check, func(t *testing.T) {
			judge(t, recording(mingle(provider(t, c.stable), provider(t, c.canary)), time.Second), "20s", metrics(c.metric)).wants(t, c.rolledBack, c.check, c.sign)
		})
	}
}

func machines(t *testing.T, benchmark, life string) (byMachine map[string][]unit, all []unit) {
	t.Helper()
	byMachine = map[string][]unit{}
	rows := csvRows(t, "vm_noise", benchmark+"_"+life+"_eastus.csv.gz")
	slices.SortStableFunc(rows, func(a, b map[string]string) int {
		if a["starttime"] < b["starttime"] {
			return -1
		}
		if a["starttime"] > b["starttime"] {
			return 1
		}
		return 0
	})
	for _, r := range rows {
		if r["value"] == "" {
			continue
		}
		x := number(t, r["value"])
		u := unit{latency: x, numbers: map[string]float64{"value": x}}
		byMachine[r["VM_id"]] = append(byMachine[r["VM_id"]], u)
		all = append(all, u)
	}
	return byMachine, all
}

// Two machines of one kind differ for good by 1 or 2 %: equality is the wrong question.
func TestMachinesOfOneKind(t *testing.T) {
	by, long := machines(t, "pg_rw25_latency_ms", "long")
	t.Run("no two are equal, and none is relevantly slower", func(t *testing.T) {
		if test := against(t, "ks", 0, by["0"], by["1"], "value"); test.LogEMax() < 3 || test.Effect().Estimate < 0.3 {
			t.Errorf("log e %v, %+v; the textbook has D = 0.39", test.LogEMax(), test.Effect())
		}
		judge(t, recording(mingle(by["1"], by["0"]), step), "20s", metrics(slower("4%", "8%"))).wants(t, false, "latency/harm", +1)
	})
	_, short := machines(t, "pg_rw25_latency_ms", "short")
	t.Run("machines that live shortly are a little slower", func(t *testing.T) {
		judge(t, recording(mingle(long, short), step), "20s", metrics(slower("4%", "8%"))).wants(t, false, "latency/harm", +1)
	})
	t.Run("equal halves stay silent", func(t *testing.T) {
		check := metrics(slower("0%", "3%")) + drifts(watch("ks", "0", "value"))
		v := judge(t, recording(alternate(short), step), "20s", check)
		v.wants(t, false, "latency/harm", 0)
		v.says(t, nil, []string{"value"})
	})
}
