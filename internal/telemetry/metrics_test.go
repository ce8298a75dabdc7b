package telemetry

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"verdin/schemas"
)

// busy returns metrics in which every series has been touched once.
func busy() *Metrics {
	m := New()
	m.Declare(Rollout, "prod/ranker")
	m.Declare(Arm, "stable", "canary")
	m.Declare(Check, "error_rate/harm")
	m.Declare(Phase, "Running", "RolledBack")
	m.Declare(Reason, "harm")
	m.Declare(Topic, "ml.predictions")
	m.BuildInfo("1.2.3", "abcdef", "1")
	m.Events(schemas.KindPrediction, 3)
	m.Rejected(schemas.RejectSyntax, 1)
	m.Late("prod/ranker", "canary", 2)
	m.DataGap("ml.predictions", 1, 7)
	m.WindowsClosed("prod/ranker", 4)
	m.Verdict("prod/ranker", "rollback", "harm")
	m.Check("prod/ranker", "error_rate/harm", Reading{"harm", 0.02, 0.01, 0.03, 5})
	m.Weight("prod/ranker", "canary", 0.1)
	m.Phase("prod/ranker", "Running")
	m.Watermark("ml.predictions", 1, 1.7e9)
	m.Lag("ml.predictions", 1, 12)
	m.CutSeconds(0.002)
	m.PublishSeconds(0.01)
	m.OutboxAge(0)
	return m
}

func TestNamesAndHelpPassPromlint(t *testing.T) {
	problems, err := testutil.GatherAndLint(busy().Registry())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestEveryMethodReachesItsSeries(t *testing.T) {
	text := gather(t, busy())
	for _, want := range []string{
		`verdin_events_total{kind="prediction"} 3`,
		`verdin_events_rejected_total{reason="syntax"} 1`,
		`verdin_events_late_total{arm="canary",rollout="prod/ranker"} 2`,
		`verdin_data_gaps_total{partition="1",topic="ml.predictions"} 1`,
		`verdin_data_gap_offsets_total{partition="1",topic="ml.predictions"} 7`,
		`verdin_windows_closed_total{rollout="prod/ranker"} 4`,
		`verdin_verdicts_total{reason="harm",rollout="prod/ranker",verdict="rollback"} 1`,
		`verdin_check_result{check="error_rate/harm",rollout="prod/ranker"} -1`,
		`verdin_check_estimate{check="error_rate/harm",rollout="prod/ranker"} 0.02`,
		`verdin_check_ci_low{check="error_rate/harm",rollout="prod/ranker"} 0.01`,
		`verdin_check_ci_high{check="error_rate/harm",rollout="prod/ranker"} 0.03`,
		`verdin_check_log_e{check="error_rate/harm",rollout="prod/ranker"} 5`,
		`verdin_rollout_weight_ratio{arm="canary",rollout="prod/ranker"} 0.1`,
		`verdin_rollout_phase{phase="Running",rollout="prod/ranker"} 1`,
		`verdin_rollout_phase{phase="RolledBack",rollout="prod/ranker"} 0`,
		`verdin_watermark_timestamp_seconds{partition="1",topic="ml.predictions"} 1.7e+09`,
		`verdin_kafka_consumer_lag{partition="1",topic="ml.predictions"} 12`,
		`verdin_cut_duration_seconds_count 1`,
		`verdin_publish_duration_seconds_count 1`,
		`verdin_outbox_age_seconds 0`,
		`version="1.2.3"} 1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no line %s", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestEventTextMakesNoSeries(t *testing.T) {
	m := busy()
	before := series(t, m)
	for i := range 1000 {
		evil := fmt.Sprintf("user-%d", i)
		m.Events(schemas.KindOutcome, 1)
		m.Rejected(evil, 1)
		m.Late(evil, evil, 1)
		m.DataGap(evil, 0, 1)
		m.WindowsClosed(evil, 1)
		m.Verdict(evil, evil, evil)
		m.Check(evil, evil, Reading{})
		m.Weight(evil, evil, 0.5)
		m.Phase(evil, evil)
		m.Watermark(evil, 0, 1)
		m.Lag(evil, 0, 1)
	}
	text := gather(t, m)
	if strings.Contains(text, "user-") {
		t.Errorf("a label holds text of an event:\n%s", text)
	}
	if !strings.Contains(text, `verdin_events_rejected_total{reason="other"} 1000`) {
		t.Errorf("undeclared reasons are not counted as %q", Other)
	}
	// One series a metric for "other"; the phase metric has one for each phase.
	if grown := series(t, m) - before; grown > 20 {
		t.Errorf("1000 foreign values made %d series, want at most 20", grown)
	}
}

func TestOnlyTheCurrentPhaseIsOne(t *testing.T) {
	m := busy()
	m.Phase("prod/ranker", "RolledBack")
	want := `# HELP verdin_rollout_phase 1 for the phase that a rollout is in, else 0.
# TYPE verdin_rollout_phase gauge
verdin_rollout_phase{phase="RolledBack",rollout="prod/ranker"} 1
verdin_rollout_phase{phase="Running",rollout="prod/ranker"} 0
verdin_rollout_phase{phase="other",rollout="prod/ranker"} 0
`
	if err := testutil.GatherAndCompare(m.Registry(), strings.NewReader(want), "verdin_rollout_phase"); err != nil {
		t.Error(err)
	}
}

func TestWhatIsNotFiniteIsNoSample(t *testing.T) {
	m := busy()
	nan := math.NaN()
	m.Check("prod/ranker", "error_rate/harm", Reading{Result: "unknown", Estimate: 0.01, Low: nan, High: math.Inf(1), LogE: 1})
	m.CutSeconds(nan)
	m.OutboxAge(nan)
	m.Late("prod/ranker", "canary", -1)
	text := gather(t, m)
	for _, absent := range []string{"verdin_check_ci_low{", "verdin_check_ci_high{", "NaN", " +Inf"} {
		if strings.Contains(text, absent) {
			t.Errorf("%s is shown", absent)
		}
	}
	if !strings.Contains(text, `verdin_check_estimate{check="error_rate/harm",rollout="prod/ranker"} 0.01`) {
		t.Error("the finite estimate went with the rest")
	}
}

func TestForgetDropsARollout(t *testing.T) {
	m := busy()
	m.Forget("prod/ranker")
	if text := gather(t, m); strings.Contains(text, "prod/ranker") {
		t.Errorf("series of the rollout are left:\n%s", text)
	}
}

// A code that the contract has and this package lacks would be counted as "other".
func TestEveryRejectionCodeIsDeclared(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "../../schemas/chunk.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	m, n := New(), 0
	ast.Inspect(f, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Reject") {
			return true
		}
		code, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if n++; m.labels.bound(Reason, code) == Other {
			t.Errorf("%s = %q is not declared", spec.Names[0].Name, code)
		}
		return true
	})
	if n == 0 {
		t.Error("found no Reject constants in schemas/chunk.go: the test looks in the wrong place")
	}
}

// gather renders the engine's own series as a scraper sees them.
func gather(t *testing.T, m *Metrics) string {
	t.Helper()
	var own strings.Builder
	for line := range strings.Lines(get(Handler(m, NewHealth()), "/metrics").Body.String()) {
		if strings.HasPrefix(line, "verdin_") {
			own.WriteString(line)
		}
	}
	return own.String()
}

func series(t *testing.T, m *Metrics) int {
	t.Helper()
	n, err := testutil.GatherAndCount(m.Registry())
	if err != nil {
		t.Fatal(err)
	}
	return n
}
