package http_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"verdin/decision"
	"verdin/schemas"
)

// manifests reads the documents of a file below deploy.
func manifests[T any](t *testing.T, name string) (all []T) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	for d := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var one T
		if err := d.Decode(&one); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, one)
	}
}

// spec reads the Verdin spec beside a recipe.
func spec(t *testing.T, name string) *decision.Spec {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	s, err := decision.Parse(data, name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

type argument struct{ Name, Value string }

type template struct {
	Kind     string
	Metadata struct{ Name string }
	Spec     struct {
		Args    []argument
		Metrics []struct {
			SuccessCondition        string `yaml:"successCondition"`
			FailureCondition        string `yaml:"failureCondition"`
			FailureLimit            int    `yaml:"failureLimit"`
			Count                   int
			ConsecutiveSuccessLimit int `yaml:"consecutiveSuccessLimit"`
			InconclusiveLimit       int `yaml:"inconclusiveLimit"`
			ConsecutiveErrorLimit   int `yaml:"consecutiveErrorLimit"`
			Provider                struct {
				Web struct {
					URL      string
					JSONPath string `yaml:"jsonPath"`
					Headers  []struct{ Key, Value string }
				}
			}
		}
	}
}

type analysis struct {
	Templates []struct {
		TemplateName string `yaml:"templateName"`
	}
	Args []argument
}

type argoRollout struct {
	Spec struct {
		Strategy struct {
			Canary struct {
				Analysis analysis
				Steps    []struct {
					SetWeight *int `yaml:"setWeight"`
					Analysis  *analysis
				}
			}
		}
	}
}

// The recipe asks about the weight that it has just set, in the stages of the spec, and
// its URL, filled in as Argo does, gets from the gate what its conditions read.
func TestTheArgoRecipeAsksWhatTheGateAnswers(t *testing.T) {
	templates := map[string]template{}
	for _, tmpl := range manifests[template](t, "argo/analysis.yaml") {
		templates[tmpl.Metadata.Name] = tmpl
	}
	s := spec(t, "argo/verdin-spec.yaml")
	canary := manifests[argoRollout](t, "argo/rollout.yaml")[0].Spec.Strategy.Canary
	metric := templates["verdin"].Spec.Metrics[0]
	if metric.Count != 0 || metric.FailureLimit != 0 || metric.ConsecutiveSuccessLimit != 1 || metric.InconclusiveLimit < 10000 || metric.ConsecutiveErrorLimit < 30 {
		t.Errorf("limits %+v", metric)
	}
	if metric.SuccessCondition != `result.verdict in ["advance", "promote"]` || metric.FailureCondition != `result.verdict == "rollback"` {
		t.Errorf("conditions %q, %q", metric.SuccessCondition, metric.FailureCondition)
	}
	stage := 0
	for i, step := range canary.Steps {
		if step.SetWeight != nil {
			if *step.SetWeight != s.Stages[stage].Weight {
				t.Errorf("step %d serves %d %%, the spec says %d %%", i, *step.SetWeight, s.Stages[stage].Weight)
			}
			continue
		}
		r := argoRig(t)
		asks := strings.TrimPrefix(fill(metric.Provider.Web.URL, step.Analysis.Args), "https://verdin.verdin.svc:9464")
		for verdict, v := range map[string]*schemas.Verdict{
			"hold": recsys(1, schemas.VerdictAdvance, s.Stages[stage].Weight*100), "advance": recsys(2, schemas.VerdictAdvance, s.Stages[stage+1].Weight*100),
			"rollback": recsys(3, schemas.VerdictRollback, 0)} {
			r.gives(v)
			got := r.ask("GET", asks, "", bearer, "Bearer "+annToken)
			var result struct{ Verdict string }
			if err := json.Unmarshal([]byte(got.body), &result); err != nil || result.Verdict != verdict {
				t.Errorf("step %d: %s answers %d %s, want %s", i, asks, got.code, got.body, verdict)
			}
		}
		if a := r.acked(); a.Router != "argo" {
			t.Errorf("step %d: acknowledged by %q", i, a.Router)
		}
		stage++
	}
	if stage != len(s.Stages)-1 {
		t.Errorf("the recipe asks at %d stages, the spec has %d before 100 %%", stage, len(s.Stages)-1)
	}
	background := templates["verdin-rollback"].Spec.Metrics[0]
	r := argoRig(t)
	r.gives(recsys(1, schemas.VerdictAdvance, 5000))
	r.wants("the background run", r.ask("GET", strings.TrimPrefix(fill(background.Provider.Web.URL, canary.Analysis.Args), "https://verdin.verdin.svc:9464"), "", bearer, "Bearer "+annToken), 200, `"verdict":"hold"`)
	if background.FailureCondition != `result.verdict == "rollback"` || background.SuccessCondition != "" {
		t.Errorf("the background run can end a step: %+v", background)
	}
}

// fill puts arguments into a template as Argo does.
func fill(text string, args []argument) string {
	for _, a := range args {
		text = strings.ReplaceAll(text, "{{args."+a.Name+"}}", a.Value)
	}
	return text
}

func argoRig(t *testing.T) *rig { return newRig(t, true) }

// recsys is a verdict about the versions that the recipes name.
func recsys(seq uint64, what string, bps int) *schemas.Verdict {
	phase := schemas.PhaseRunning
	switch {
	case what == schemas.VerdictRollback:
		phase = schemas.PhaseRolledBack
	case bps == 10000:
		what, phase = schemas.VerdictAdvance, schemas.PhaseRunning // for the gate only the weight counts
	}
	v := verdict(seq, what, phase, bps)
	v.Routes[0].ModelVersion = "recsys-v42"
	return v
}

type flaggerCanary struct {
	Metadata struct{ Name, Namespace string }
	Spec     struct {
		Analysis struct {
			MaxWeight  int `yaml:"maxWeight"`
			StepWeight int `yaml:"stepWeight"`
			Webhooks   []struct {
				Name, Type, URL string
				Metadata        map[string]string
			}
		}
	}
}

// The recipe's hooks, posted as Flagger does, open on their verdicts alone.
func TestTheFlaggerRecipeOpensOnItsVerdictAlone(t *testing.T) {
	c := manifests[flaggerCanary](t, "flagger/canary.yaml")[0]
	s := spec(t, "flagger/verdin-spec.yaml")
	if w := s.Stages[0].Weight; c.Spec.Analysis.MaxWeight != w || c.Spec.Analysis.StepWeight != w || s.Stages[1].Weight != 100 {
		t.Errorf("Flagger serves %d %%, the spec says %d %%", c.Spec.Analysis.MaxWeight, w)
	}
	advance, promote := schemas.VerdictAdvance, schemas.VerdictPromote
	opens := map[string][]string{"confirm-rollout": {advance, promote}, "confirm-traffic-increase": {advance, promote},
		"confirm-promotion": {promote}, "rollback": {schemas.VerdictRollback}}
	for _, hook := range c.Spec.Analysis.Webhooks {
		u, err := url.Parse(hook.URL)
		if err != nil {
			t.Fatal(err)
		}
		if _, hasToken := u.User.Password(); !hasToken || u.Scheme != "https" {
			t.Errorf("%s: no token, or no TLS: %s", hook.Name, hook.URL)
		}
		body, err := json.Marshal(map[string]any{"name": c.Metadata.Name, "namespace": c.Metadata.Namespace, "phase": "Progressing", "checksum": "5f", "metadata": hook.Metadata})
		if err != nil {
			t.Fatal(err)
		}
		r := newRig(t, true)
		for seq, v := range []*schemas.Verdict{recsys(1, schemas.VerdictAdvance, 1000), recsys(2, schemas.VerdictHold, 1000), promoted(3), recsys(4, schemas.VerdictRollback, 0)} {
			r.gives(v)
			got := r.ask("POST", u.Path, string(body), bearer, "Bearer "+annToken)
			if open := got.code <= 202; open != slices.Contains(opens[hook.Type], v.Verdict) {
				t.Errorf("%s at verdict %d, %s: %d %s", hook.Type, seq+1, v.Verdict, got.code, got.body)
			}
		}
		if acks := len(r.acks); (hook.Metadata["router"] != "") != (acks > 0) {
			t.Errorf("%s: %d acknowledgements", hook.Type, acks)
		}
		delete(opens, hook.Type)
	}
	if len(opens) > 0 {
		t.Errorf("the recipe lacks %s", fmt.Sprint(opens))
	}
}

func promoted(seq uint64) *schemas.Verdict {
	v := recsys(seq, schemas.VerdictAdvance, 10000)
	v.Verdict, v.Phase = schemas.VerdictPromote, schemas.PhasePromoted
	return v
}
