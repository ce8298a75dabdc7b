package decision_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"verdin/decision"
	"verdin/internal/telemetry"
)

const (
	rulesFile = "../deploy/alerts/verdin.rules.yml"
	ruleTests = "../deploy/alerts/verdin.rules.test.yml"
)

// alert is the name of a reason's alert: no_data → VerdinNoData.
func alert(code string) string {
	var b strings.Builder
	b.WriteString("Verdin")
	for _, word := range strings.Split(code, "_") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// rulesText are the alert rules: one for each reason that needs a person, and those of
// the engine itself.
func rulesText() string {
	var b strings.Builder
	b.WriteString(`# Alert rules for Prometheus. One for each reason of docs/reasons.md that needs a person; written from the code:
# go test ./decision -run Alert -update
groups:
  - name: verdin-reasons
    rules:
`)
	for _, r := range decision.Reasons {
		if r.Severity != decision.SeverityNone {
			rule(&b, alert(r.Code), fmt.Sprintf("verdin_rollout_reason{reason=%q} == 1", r.Code), r.After, r.Severity, "{{ $labels.rollout }}: "+r.Meaning, r.Remedy)
		}
	}
	b.WriteString("  - name: verdin-engine\n    rules:\n")
	for _, e := range engineAlerts {
		rule(&b, e.name, e.expr, e.after, e.severity, e.summary, e.remedy)
	}
	return b.String()
}

var engineAlerts = []struct {
	name, expr      string
	after           int
	severity        string
	summary, remedy string
}{
	{"VerdinEngineGone", "absent(verdin_build_info)", 2, decision.SeverityPage, "no engine is scraped", "see whether it runs; routers keep their weights until the lease ends"},
	{"VerdinVerdictWaits", "verdin_outbox_age_seconds > 60", 1, decision.SeverityPage, "a verdict has waited a minute to be published", "see whether NATS is reachable and its stream takes writes"},
	{"VerdinChainRefilled", "increase(verdin_chain_refills_total[10m]) > 0", 0, decision.SeverityPage, "{{ $labels.rollout }}: NATS had lost verdicts, which were written again", "look at the storage of the NATS servers: what was acknowledged must not be lost"},
	{"VerdinWebhookLost", "increase(verdin_webhook_lost_total[10m]) > 0", 0, decision.SeverityTicket, "webhook {{ $labels.webhook }} did not hear of a verdict", "see whether its receiver answers; the log names each note that was lost"},
}

func rule(b *strings.Builder, name, expr string, after int, severity, summary, remedy string) {
	fmt.Fprintf(b, "      - alert: %s\n        expr: %s\n", name, expr)
	if after > 0 {
		fmt.Fprintf(b, "        for: %dm\n", after)
	}
	fmt.Fprintf(b, "        labels: {severity: %s}\n        annotations:\n          summary: %q\n          description: %q\n", severity, summary, remedy)
}

// ruleTestsText are the unit tests of the rules, for promtool test rules.
func ruleTestsText() string {
	var b strings.Builder
	b.WriteString("# promtool test rules verdin.rules.test.yml\nrule_files: [verdin.rules.yml]\nevaluation_interval: 1m\ntests:\n")
	for _, r := range decision.Reasons {
		if r.Severity == decision.SeverityNone {
			continue
		}
		series := fmt.Sprintf("verdin_rollout_reason{reason=%q, rollout=\"prod/recsys\"}", r.Code)
		fmt.Fprintf(&b, "  - interval: 1m\n    input_series:\n      - {series: '%s', values: '_x4 1x%d _x9'}\n    alert_rule_test:\n", series, r.After)
		early := 3
		if r.After > 0 {
			early = 3 + r.After
		}
		fmt.Fprintf(&b, "      - {alertname: %s, eval_time: %dm, exp_alerts: []}\n", alert(r.Code), early)
		fmt.Fprintf(&b, "      - alertname: %s\n        eval_time: %dm\n        exp_alerts:\n          - exp_labels: {severity: %s, reason: %s, rollout: prod/recsys}\n            exp_annotations: {summary: %q, description: %q}\n",
			alert(r.Code), 4+r.After, r.Severity, r.Code, "prod/recsys: "+r.Meaning, r.Remedy)
	}
	return b.String()
}

type ruleFile struct {
	Groups []struct {
		Name  string
		Rules []struct {
			Alert, Expr, For    string
			Labels, Annotations map[string]string
		}
	}
}

type ruleTestFile struct {
	RuleFiles          []string `yaml:"rule_files"`
	EvaluationInterval string   `yaml:"evaluation_interval"`
	Tests              []struct {
		Interval    string
		InputSeries []struct{ Series, Values string } `yaml:"input_series"`
		Alerts      []struct {
			Name string `yaml:"alertname"`
			At   string `yaml:"eval_time"`
			Want []struct {
				Labels      map[string]string `yaml:"exp_labels"`
				Annotations map[string]string `yaml:"exp_annotations"`
			} `yaml:"exp_alerts"`
		} `yaml:"alert_rule_test"`
	}
}

func load(t *testing.T, path, want string, to any) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s is not what the code says (%v): run go test ./decision -update", path, err)
	}
	if err := yaml.UnmarshalWithOptions(got, to, yaml.Strict()); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

var selector = regexp.MustCompile(`(verdin_[a-z_]+)(?:\{reason="([a-z_]+)"\})?`)

// Every reason that needs a person has exactly one rule, over a metric and a label value
// that the engine exports; no rule asks for anything else.
func TestEveryReasonForAPersonHasOneAlert(t *testing.T) {
	var f ruleFile
	load(t, rulesFile, rulesText(), &f)
	m := telemetry.New()
	m.Declare(telemetry.Rollout, "prod/recsys")
	m.BuildInfo("1", "x", decision.RulesVersion)
	m.InForce("prod/recsys", "harm")
	m.Refilled("prod/recsys")
	exported := map[string]bool{"verdin_webhook_lost_total": true} // by cmd/verdin, one for each webhook
	families, err := m.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, fam := range families {
		exported[fam.GetName()] = true
	}
	alerts := map[string]int{}
	for _, g := range f.Groups {
		for _, r := range g.Rules {
			at := selector.FindStringSubmatch(r.Expr)
			if at == nil || !exported[at[1]] {
				t.Errorf("%s: %q reads no metric that is exported", r.Alert, r.Expr)
				continue
			}
			if s := r.Labels["severity"]; s != decision.SeverityPage && s != decision.SeverityTicket || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
				t.Errorf("%s: severity %q, annotations %v", r.Alert, s, r.Annotations)
			}
			alerts[at[2]]++
		}
	}
	for _, r := range decision.Reasons {
		want := 0
		if r.Severity != decision.SeverityNone {
			want = 1
		}
		if alerts[r.Code] != want {
			t.Errorf("reason %s (%q): %d alerts, want %d", r.Code, r.Severity, alerts[r.Code], want)
		}
		delete(alerts, r.Code)
	}
	if alerts[""] != len(engineAlerts) || len(alerts) != 1 {
		t.Errorf("alerts for reasons that do not exist: %v", alerts)
	}
}

// The unit tests for promtool name alerts of the file, and expect each as soon as its
// reason was in force for long enough, and not a minute sooner. promtool itself is no
// part of the gate: this checks the tests' own arithmetic.
func TestAlertTestsExpectWhatTheRulesSay(t *testing.T) {
	var f ruleFile
	load(t, rulesFile, rulesText(), &f)
	var tests ruleTestFile
	load(t, ruleTests, ruleTestsText(), &tests)
	tested := map[string]bool{}
	for _, c := range tests.Tests {
		var blank, n int
		if _, err := fmt.Sscanf(c.InputSeries[0].Values, "_x%d 1x%d", &blank, &n); err != nil {
			t.Fatal(err)
		}
		for _, a := range c.Alerts {
			at, err := time.ParseDuration(a.At)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range f.Groups[0].Rules {
				if r.Alert != a.Name {
					continue
				}
				tested[a.Name] = true
				wait, _ := time.ParseDuration(r.For)
				begun := time.Duration(blank) * time.Minute // _x4 are the samples at 0 to 3 minutes
				fires := at >= begun+wait && at <= begun+time.Duration(n)*time.Minute
				if fires != (len(a.Want) > 0) {
					t.Errorf("%s at %s: the rule fires: %v, the test expects %v", a.Name, a.At, fires, a.Want)
				}
				if at := selector.FindStringSubmatch(r.Expr); !strings.Contains(c.InputSeries[0].Series, at[1]+`{reason="`+at[2]+`"`) {
					t.Errorf("%s: the series %s is not that of %q", a.Name, c.InputSeries[0].Series, r.Expr)
				}
			}
		}
	}
	if len(tested) != len(f.Groups[0].Rules) {
		t.Errorf("%d of %d rules have a test", len(tested), len(f.Groups[0].Rules))
	}
}
