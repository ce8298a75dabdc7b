package http_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"verdin/publish/control"
	"verdin/schemas"
)

const argoAsks = "/gates/argo/prod/recsys?canary=v2&weight=10"

func flaggerAsks(weight int, more string) string {
	return fmt.Sprintf(`{"name":"recsys","namespace":"prod","phase":"Progressing","checksum":"c","metadata":{"canary":"v2","weight":"%d"%s}}`, weight, more)
}

// Each state of the world that is not a fresh verdict of a live engine keeps every gate
// shut: Argo counts an error, Flagger waits, and nothing is rolled back by accident.
func TestGatesFailClosed(t *testing.T) {
	advance := func() *schemas.Verdict { return verdict(1, schemas.VerdictPromote, schemas.PhasePromoted, 9500) }
	rollback := func() *schemas.Verdict { return verdict(1, schemas.VerdictRollback, schemas.PhaseRolledBack, 0) }
	for name, break_ := range map[string]func(*rig, *schemas.Verdict){
		"no verdict":          func(r *rig, _ *schemas.Verdict) { r.seat.Saw(r.status, nil) },
		"not a cut yet":       func(*rig, *schemas.Verdict) {},
		"engine stale":        func(r *rig, v *schemas.Verdict) { r.gives(v); r.at.Add(int64(control.StaleAfter + 1)) },
		"NATS away":           func(r *rig, v *schemas.Verdict) { r.gives(v); r.linked.Store(false) },
		"not published":       func(r *rig, v *schemas.Verdict) { r.status.Phase = v.Phase; r.seat.Saw(r.status, v) },
		"dry run":             func(r *rig, v *schemas.Verdict) { v.DryRun = true; r.gives(v) },
		"dry run of a spec":   func(r *rig, v *schemas.Verdict) { r.status.DryRun = true; r.gives(v) },
		"another canary":      func(r *rig, v *schemas.Verdict) { v.Routes[0].ModelVersion = "v3"; r.gives(v) },
		"fenced":              func(r *rig, v *schemas.Verdict) { r.status.Fenced = true; r.gives(v) },
		"rollout has stopped": func(r *rig, v *schemas.Verdict) { r.gives(v); r.seat.Leave() },
	} {
		for what, v := range map[string]func() *schemas.Verdict{"promote": advance, "rollback": rollback} {
			t.Run(name+"/"+what, func(t *testing.T) {
				r := newRig(t, false)
				break_(r, v())
				answers := []answer{r.ask("GET", argoAsks, "")}
				for _, hook := range flaggerHooks {
					answers = append(answers, r.ask("POST", "/gates/flagger/"+hook, flaggerAsks(10, "")))
				}
				for _, got := range answers {
					if got.code < 400 || got.body == "" {
						t.Errorf("status %d: %s", got.code, got.body)
					}
				}
			})
		}
	}
}

func TestAnExpiredVerdictOpensNoGate(t *testing.T) {
	r := newRig(t, false)
	for seq, v := range []*schemas.Verdict{verdict(1, schemas.VerdictPromote, schemas.PhasePromoted, 9500), verdict(2, schemas.VerdictRollback, schemas.PhaseRolledBack, 0)} {
		r.at.Store(int64(noon.Add(15*time.Minute + 1)))
		r.gives(v)
		for _, hook := range flaggerHooks {
			if got := r.ask("POST", "/gates/flagger/"+hook, flaggerAsks(10, "")); got.code < 400 {
				t.Errorf("verdict %d, %s: %d %s", seq+1, hook, got.code, got.body)
			}
		}
	}
	r = newRig(t, false)
	r.at.Store(int64(noon.Add(15*time.Minute + 1)))
	r.gives(verdict(1, schemas.VerdictAdvance, schemas.PhaseRunning, 5000))
	r.wants("a step forward", r.ask("GET", argoAsks, ""), http.StatusServiceUnavailable, `"code":"expired"`)
	r.wants("none", r.ask("GET", "/gates/argo/prod/recsys?canary=v2&weight=50", ""), http.StatusOK, `"verdict":"hold"`)
}

// What Argo is told depends on the weight that it serves: an order for a later stage
// lets it go on, and one for its own does not.
func TestArgoIsAnsweredForItsStage(t *testing.T) {
	for name, c := range map[string]struct {
		v      *schemas.Verdict
		weight int
		change func(*control.Status)
		want   string
	}{
		"its own stage":       {verdict(1, "advance", schemas.PhaseRunning, 1000), 10, nil, "hold"},
		"the next stage":      {verdict(2, "advance", schemas.PhaseRunning, 5000), 10, nil, "advance"},
		"ahead of the engine": {verdict(1, "advance", schemas.PhaseRunning, 1000), 50, nil, "hold"},
		"before the first":    {verdict(1, "advance", schemas.PhaseRunning, 1000), 0, nil, "advance"},
		"promoted":            {verdict(3, "promote", schemas.PhasePromoted, 9500), 50, nil, "promote"},
		"completed":           {verdict(4, "promote", schemas.PhaseCompleted, 10000), 50, nil, "promote"},
		"held":                {verdict(3, "hold", schemas.PhaseHeld, 5000), 10, nil, "hold"},
		"held, an old word":   {verdict(2, "advance", schemas.PhaseRunning, 5000), 10, func(s *control.Status) { s.Held = "no_data" }, "hold"},
		"catching up":         {verdict(2, "advance", schemas.PhaseRunning, 5000), 10, func(s *control.Status) { s.CatchingUp = true }, "hold"},
		"rolled back":         {verdict(2, "rollback", schemas.PhaseRolledBack, 0), 10, nil, "rollback"},
		"catching up to harm": {verdict(2, "rollback", schemas.PhaseRolledBack, 0), 10, func(s *control.Status) { s.CatchingUp = true }, "rollback"},
		"aborted":             {verdict(2, "rollback", schemas.PhaseAborted, 0), 10, nil, "rollback"},
	} {
		r := newRig(t, false)
		if c.change != nil {
			c.change(&r.status)
		}
		r.gives(c.v)
		r.wants(name, r.ask("GET", fmt.Sprintf("/gates/argo/prod/recsys?canary=v2&weight=%d", c.weight), ""), http.StatusOK, fmt.Sprintf(`"verdict":%q`, c.want))
		promote := http.StatusForbidden
		if c.want == "promote" {
			promote = http.StatusOK
		}
		r.wants(name+": confirm-promotion", r.ask("POST", "/gates/flagger/confirm-promotion", flaggerAsks(c.weight, "")), promote)
		rollback := http.StatusForbidden
		if c.want == "rollback" {
			rollback = http.StatusOK
		}
		r.wants(name+": rollback", r.ask("POST", "/gates/flagger/rollback", flaggerAsks(c.weight, "")), rollback)
	}
}

func TestAGateWantsToKnowWhatItIsAskedAbout(t *testing.T) {
	r := newRig(t, false)
	r.gives(verdict(1, "promote", schemas.PhasePromoted, 9500))
	for _, query := range []string{"", "?canary=v2", "?weight=10", "?canary=v2&weight=101", "?canary=v2&weight=-1", "?canary=v2&weight=ten", "?canary=v2&weight=10&router=No+Label"} {
		r.wants(query, r.ask("GET", "/gates/argo/prod/recsys"+query, ""), http.StatusBadRequest, "bad_request")
	}
	for _, body := range []string{"", "{}", "[]", "not json", `{"name":"recsys","namespace":"prod"}`, `{"name":"recsys","namespace":"prod","metadata":{"canary":"v2"}}`,
		`{"name":"recsys","namespace":"prod","metadata":{"canary":"v2","weight":"x"}}`, `{"name":"A","namespace":"prod","metadata":{"canary":"v2","weight":"10"}}`,
		`{"name":"recsys","namespace":"prod","metadata":{"canary":"v2","weight":"10","rollout":"a/b/c"}}`} {
		for _, hook := range flaggerHooks {
			if got := r.ask("POST", "/gates/flagger/"+hook, body); got.code < 400 {
				t.Errorf("%s of %s: %d", hook, body, got.code)
			}
		}
	}
	r.wants("another rollout by name", r.ask("POST", "/gates/flagger/confirm-promotion", flaggerAsks(10, `,"rollout":"prod/absent"`)), http.StatusNotFound)
	r.wants("this rollout by name", r.ask("POST", "/gates/flagger/confirm-promotion", `{"name":"web","namespace":"x","metadata":{"canary":"v2","weight":"10","rollout":"prod/recsys"}}`), http.StatusOK)
}

// A system that serves the weights and cannot speak for itself acknowledges by asking.
func TestAQuestionMayBeAnAcknowledgement(t *testing.T) {
	r := newRig(t, true)
	r.gives(verdict(1, "advance", schemas.PhaseRunning, 1000))
	ann := []string{bearer, "Bearer " + annToken}
	r.wants("no router", r.ask("GET", argoAsks, "", ann...), http.StatusOK)
	r.wants("another weight", r.ask("GET", "/gates/argo/prod/recsys?canary=v2&weight=50&router=argo", "", ann...), http.StatusOK)
	if len(r.acks) > 0 {
		t.Fatal("something else was acknowledged")
	}
	r.wants("this weight", r.ask("GET", argoAsks+"&router=argo", "", ann...), http.StatusOK)
	if a := r.acked(); a.Router != "argo" || a.Sequence != 1 || a.At != noon {
		t.Errorf("%+v", a)
	}
	req := r.ask("POST", "/gates/flagger/confirm-promotion", flaggerAsks(10, `,"router":"flagger"`), bearer, "Basic YW5uOmFubi0wMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg==")
	r.wants("by a hook, whose URL holds the token", req, http.StatusForbidden, "hold")
	if a := r.acked(); a.Router != "flagger" {
		t.Errorf("%+v", a)
	}
	open := newRig(t, false)
	open.gives(verdict(1, "advance", schemas.PhaseRunning, 1000))
	open.wants("without tokens", open.ask("GET", argoAsks+"&router=argo", ""), http.StatusForbidden, "scope admin")
}
