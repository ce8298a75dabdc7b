package realdata

import (
	"bufio"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"verdin/internal/shareddata"
)

// supported compares two summarisers by the sentences that their source does not bear out.
func supported(t *testing.T, corpus, stable, canary string) []unit {
	t.Helper()
	var arms [2][]unit
	for _, part := range []string{"dev", "test"} {
		for _, r := range csvRows(t, "tofueval", corpus+"_factual_eval_"+part+".csv.gz") {
			u := unit{outcomes: []outcome{{"unsupported", truth(r["sent_label"] == "no")}}}
			switch r["model_name"] {
			case stable:
				arms[0] = append(arms[0], u)
			case canary:
				arms[1] = append(arms[1], u)
			}
		}
	}
	return mingle(arms[0], arms[1])
}

func TestSentencesWithoutSupport(t *testing.T) {
	check := metrics(guard("unsupported", "higher", "0.05"))
	for _, c := range []struct {
		corpus, stable, canary string
		z                      float64
	}{
		{"meetingbank", "model_D", "model_B", 3.37}, {"meetingbank", "Model-Extra", "model_B", 3.24}, {"meetingbank", "model_D", "model_E", 2.36},
		{"mediasum", "model_D", "model_C", 1.48}, {"mediasum", "model_A", "model_B", 0.48},
	} {
		t.Run(c.corpus+" "+c.stable+" to "+c.canary, func(t *testing.T) {
			v := judge(t, recording(supported(t, c.corpus, c.stable, c.canary), time.Second), "20s", check)
			e := v.evidence["unsupported/harm"]
			if e.Effect.Estimate <= 0 || c.z > 3 && e.LogE <= 0 {
				t.Errorf("difference %v, log e %v; the textbook has z = %v", e.Effect.Estimate, e.LogE, c.z)
			}
			if c.z < 3 && e.Result == "harm" {
				t.Errorf("harm shown at z = %v, which no test that may look at every window can", c.z)
			}
			if v.evidence["unsupported/safe"].Result == "safe" {
				t.Error("called safe within 5 points")
			}
		})
	}
}

// translations compares two systems by the marks of professional raters: 0 is best.
func translations(t *testing.T, pair, stable, canary string) []unit {
	t.Helper()
	in := bufio.NewScanner(open(t, filepath.Join(shareddata.Dir(t, "wmt_mqm"), "mqm_ted_"+pair+".avg_seg_scores.tsv.gz")))
	var arms [2][]unit
	for in.Scan() {
		f := strings.Fields(in.Text())
		if len(f) != 3 || f[1] == "None" || f[0] != stable && f[0] != canary {
			continue
		}
		u := unit{outcomes: []outcome{{"mqm", number(t, f[1])}}}
		if f[0] == stable {
			arms[0] = append(arms[0], u)
		} else {
			arms[1] = append(arms[1], u)
		}
	}
	if err := in.Err(); err != nil || len(arms[0]) != 529 || len(arms[1]) != 529 {
		t.Fatalf("%v; %d and %d segments, want 529 of both", err, len(arms[0]), len(arms[1]))
	}
	return mingle(arms[0], arms[1])
}

func TestTranslators(t *testing.T) {
	check := metrics("    - {name: mqm, kind: mean, on: outcome, field: mqm, missing: exclude, range: [-25, 0], worse: lower, role: guardrail, tolerance: {absolute: 0}, margin: {absolute: 0.5}}\n")
	for _, c := range []struct {
		pair, stable, canary string
		rolledBack           bool
	}{
		{"ende", "Facebook-AI", "Nemo", true}, {"zhen", "DIDI-NLP", "metricsystem3", true},
		{"ende", "Facebook-AI", "Online-W", false}, {"ende", "HuaweiTSC", "metricsystem1", false}, {"zhen", "DIDI-NLP", "metricsystem2", false},
	} {
		t.Run(c.stable+" to "+c.canary, func(t *testing.T) {
			judge(t, recording(translations(t, c.pair, c.stable, c.canary), time.Second), "20s", check).wants(t, c.rolledBack, "mqm/harm", -1)
		})
	}
}
