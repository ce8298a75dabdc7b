package http_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"verdin/publish/control"
	"verdin/schemas"
)

var update = flag.Bool("update", false, "rewrite the bodies that Flagger posts")

var flaggerHooks = []string{"confirm-rollout", "confirm-traffic-increase", "confirm-promotion", "rollback"}

// flaggerBody is what Flagger posts: the members and their order of its documentation and
// of CanaryWebhookPayload.
type flaggerBody struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	Phase     string            `json:"phase"`
	Checksum  string            `json:"checksum"`
	Metadata  map[string]string `json:"metadata,omitempty"`
}

// The bodies in testdata are those that the manifest's hooks post, one for each hook that
// is served.
func TestTheFlaggerBodiesAreThoseOfTheRecipe(t *testing.T) {
	c := manifests[flaggerCanary](t, "flagger/canary.yaml")[0]
	if n := len(c.Spec.Analysis.Webhooks); n != len(flaggerHooks) {
		t.Errorf("the recipe has %d hooks", n)
	}
	for i, hook := range c.Spec.Analysis.Webhooks {
		if hook.Type != flaggerHooks[i] {
			t.Errorf("hook %d is %s, want %s", i, hook.Type, flaggerHooks[i])
		}
		body, err := json.MarshalIndent(flaggerBody{c.Metadata.Name, c.Metadata.Namespace, "Progressing", "85d557f47b", hook.Metadata}, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		path, body := filepath.Join("testdata", "flagger", hook.Type+".json"), append(body, '\n')
		if *update {
			if err := os.WriteFile(path, body, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if want := golden(t, hook.Type); !bytes.Equal(body, want) {
			t.Errorf("%s posts\n%s\nthe file has\n%s", hook.Type, body, want)
		}
	}
}

func golden(t *testing.T, hook string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "flagger", hook+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// What each hook says in each state of a rollout of which Flagger serves 10 %.
func TestEachFlaggerHookOpensOnItsStatesAlone(t *testing.T) {
	held := func(code string) func(*control.Status, *schemas.Verdict) {
		return func(s *control.Status, v *schemas.Verdict) { s.Held, v.Reason.Code = code, code }
	}
	start := []string{"confirm-rollout", "confirm-traffic-increase"}
	for name, c := range map[string]struct {
		v      *schemas.Verdict
		change func(*control.Status, *schemas.Verdict)
		opens  []string
	}{
		"the weight is ordered":      {recsys(2, "advance", 1000), nil, start},
		"more is ordered":            {recsys(2, "advance", 2500), nil, start},
		"a little less is ordered":   {recsys(2, "advance", 999), nil, nil},
		"nothing is ordered":         {recsys(2, "advance", 0), nil, nil},
		"held, as nobody serves it":  {recsys(2, "hold", 1000), held("unapplied"), start},
		"that, and it catches up":    {recsys(2, "hold", 1000), func(s *control.Status, v *schemas.Verdict) { held("unapplied")(s, v); s.CatchingUp = true }, nil},
		"that, and less was ordered": {recsys(2, "hold", 500), held("unapplied"), nil},
		"paused":                     {recsys(2, "hold", 1000), held("paused"), nil},
		"paused since, an old word":  {recsys(2, "hold", 1000), func(s *control.Status, v *schemas.Verdict) { held("unapplied")(s, v); s.Held = "paused" }, nil},
		"held for a signal":          {recsys(2, "hold", 1000), held("signal"), nil},
		"catching up":                {recsys(2, "advance", 1000), func(s *control.Status, _ *schemas.Verdict) { s.CatchingUp = true }, nil},
		"promoted":                   {promoted(2), nil, append([]string{"confirm-promotion"}, start...)},
		"rolled back":                {recsys(2, "rollback", 0), nil, []string{"rollback"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, true)
			if c.change != nil {
				c.change(&r.status, c.v)
			}
			r.gives(c.v)
			want := map[string]int{}
			for _, hook := range c.opens {
				want[hook] = http.StatusOK
			}
			for _, hook := range flaggerHooks {
				code := max(want[hook], http.StatusOK)
				if want[hook] == 0 {
					code = http.StatusForbidden
				}
				r.wants(hook, r.ask("POST", "/gates/flagger/"+hook, string(golden(t, hook)), bearer, "Bearer "+annToken), code)
			}
		})
	}
}

// Before anything is served there is nothing to acknowledge, and no weight to serve is no
// question.
func TestAHookBeforeTheWeightAcknowledgesNothing(t *testing.T) {
	r := newRig(t, false)
	r.gives(verdict(1, "advance", schemas.PhaseRunning, 1000))
	for _, hook := range flaggerHooks[:2] {
		r.wants(hook, r.ask("POST", "/gates/flagger/"+hook, flaggerAsks(10, `,"router":"flagger"`)), http.StatusBadRequest, "metadata.router")
		r.wants(hook, r.ask("POST", "/gates/flagger/"+hook, flaggerAsks(0, "")), http.StatusForbidden)
		r.wants(hook, r.ask("POST", "/gates/flagger/"+hook, flaggerAsks(10, "")), http.StatusOK)
	}
	if len(r.acks) > 0 {
		t.Errorf("acknowledged: %+v", r.acked())
	}
}
