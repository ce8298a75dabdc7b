package http_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"verdin/publish/control"
	"verdin/schemas"
)

const bearer = "Authorization"

func TestOnlyATokenWithTheScopeOrders(t *testing.T) {
	r := newRig(t, true)
	r.gives(verdict(1, schemas.VerdictAdvance, schemas.PhaseRunning, 1000))
	const kill = "/api/v1/rollouts/prod/recsys/kill"
	for name, headers := range map[string][]string{
		"nobody":        nil,
		"a wrong token": {bearer, "Bearer " + annToken + "x"},
		"no bearer":     {bearer, annToken},
		"an empty one":  {bearer, "Bearer "},
	} {
		got := r.ask("POST", kill, `{"reason":"x"}`, headers...)
		r.wants(name, got, http.StatusUnauthorized, `"accepted":false`)
		if got.head.Get("WWW-Authenticate") == "" {
			t.Errorf("%s is not told how to come in", name)
		}
		r.wants(name, r.ask("GET", "/api/v1/rollouts", "", headers...), http.StatusUnauthorized)
	}
	eve, ann := []string{bearer, "Bearer " + readToken}, []string{bearer, "Bearer " + annToken}
	r.wants("another namespace", r.ask("POST", kill, "", eve...), http.StatusForbidden, "not_allowed")
	r.wants("what she may not see", r.ask("GET", "/api/v1/rollouts/prod/recsys", "", eve...), http.StatusForbidden)
	r.wants("her list", r.ask("GET", "/api/v1/rollouts", "", eve...), http.StatusOK, `{"rollouts":[]}`)
	r.wants("another site", r.ask("POST", kill, "", append(ann, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")...), http.StatusForbidden)
	r.wants("a name that points here", r.ask("GET", "/api/v1/rollouts", "", append(ann, "Host", "evil.example")...), http.StatusMisdirectedRequest)
	r.wants("a misspelt member", r.ask("POST", kill, `{"raeson":"x"}`, ann...), http.StatusBadRequest, "bad_request")
	r.wants("too much", r.ask("POST", kill, `{"reason":"`+strings.Repeat("x", 9000)+`"}`, ann...), http.StatusBadRequest, "at most 8192")
	r.wants("far too much", r.ask("POST", kill, strings.Repeat("x", 70000), ann...), http.StatusRequestEntityTooLarge)
	r.wants("no verb", r.ask("POST", "/api/v1/rollouts/prod/recsys/destroy", "", ann...), http.StatusBadRequest)
	r.wants("no rollout", r.ask("POST", "/api/v1/rollouts/prod/absent/kill", "", ann...), http.StatusNotFound, "unknown_rollout")
	r.wants("an order by GET", r.ask("GET", kill, "", ann...), http.StatusMethodNotAllowed)
	if st, _ := r.desk.Status("prod", "recsys"); st.Phase != schemas.PhaseRunning {
		t.Fatal("a refused order had an effect")
	}
	r.wants("the order", r.ask("POST", kill, `{"reason":"bad answers"}`, ann...), http.StatusOK, `"code":"decided"`, `"principal":"ann"`, `"verdict":"rollback"`, `"cut":2`)
	r.wants("once more", r.ask("POST", kill, ``, ann...), http.StatusConflict, `"code":"ended"`)
}

func TestWithoutTokensEverybodyReadsAndNobodyOrders(t *testing.T) {
	r := newRig(t, false)
	r.gives(verdict(1, schemas.VerdictAdvance, schemas.PhaseRunning, 1000))
	r.wants("list", r.ask("GET", "/api/v1/rollouts", ""), http.StatusOK, `"rollout":"recsys"`, `"published":true`)
	r.wants("one", r.ask("GET", "/api/v1/rollouts/prod/recsys", ""), http.StatusOK, `"missing":["bake: 1m of 5m"]`)
	r.wants("none", r.ask("GET", "/api/v1/rollouts/prod/absent", ""), http.StatusNotFound, `"code":"unknown_rollout"`)
	r.wants("order", r.ask("POST", "/api/v1/rollouts/prod/recsys/kill", `{"reason":"x"}`), http.StatusForbidden, "http.tokensFile")
}

func TestTheWebClientSpeaksTheAPI(t *testing.T) {
	r := newRig(t, true)
	r.gives(verdict(1, schemas.VerdictAdvance, schemas.PhaseRunning, 1000))
	c := &control.WebClient{Base: r.url, Token: annToken}
	all, err := c.List(t.Context())
	if err != nil || len(all) != 1 || all[0].Name() != "prod/recsys" || all[0].Head.Sequence != 1 {
		t.Errorf("list %+v %v", all, err)
	}
	if st, err := c.Status(t.Context(), "prod", "recsys"); err != nil || st.CanaryBps != 1000 {
		t.Errorf("status %+v %v", st, err)
	}
	if _, err := c.Status(t.Context(), "prod", "absent"); !errors.Is(err, control.ErrNobody) {
		t.Errorf("absent: %v", err)
	}
	if _, err := c.Order(t.Context(), "prod", "absent", "kill", "x"); !errors.Is(err, control.ErrNobody) {
		t.Errorf("order to nobody: %v", err)
	}
	if got, err := c.Order(t.Context(), "prod", "recsys", "kill", "x"); err != nil || got.Code != control.CodeDecided {
		t.Errorf("order %+v %v", got, err)
	}
	if got, err := (&control.WebClient{Base: r.url}).Order(t.Context(), "prod", "recsys", "kill", "x"); err != nil || got.Accepted {
		t.Errorf("without a token %+v %v", got, err)
	}
	if _, err := (&control.WebClient{Base: r.url}).List(t.Context()); err == nil || !strings.Contains(err.Error(), "bearer token") {
		t.Errorf("without a token: %v", err)
	}
	for _, base := range []string{"", "127.0.0.1", "ftp://x", "http://"} {
		if _, err := (&control.WebClient{Base: base}).List(t.Context()); err == nil {
			t.Errorf("address %q", base)
		}
	}
}

// events opens the stream and returns its messages.
func (r *rig) events(path string) <-chan string {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), "GET", r.url+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { resp.Body.Close() })
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		r.t.Fatalf("the stream is %s", got)
	}
	out := make(chan string, 16)
	go func() {
		defer close(out)
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				out <- data
			}
		}
	}()
	return out
}

func TestTheStreamTellsEveryChange(t *testing.T) {
	r := newRig(t, false)
	stream := r.events("/api/v1/events")
	var state struct{ Rollouts []control.Status }
	if err := json.Unmarshal([]byte(<-stream), &state); err != nil || state.Rollouts[0].Phase != schemas.PhasePending {
		t.Fatalf("%+v %v", state, err)
	}
	r.gives(verdict(1, schemas.VerdictAdvance, schemas.PhaseRunning, 1000))
	for data := range stream {
		if err := json.Unmarshal([]byte(data), &state); err != nil {
			t.Fatal(err)
		}
		if st := state.Rollouts[0]; st.CanaryBps == 1000 && st.Published {
			return
		}
	}
	t.Error("the stream ended without the verdict")
}

func TestThePageRunsNothingButItsOwnScript(t *testing.T) {
	r := newRig(t, false)
	got := r.ask("GET", "/", "")
	r.wants("page", got, http.StatusOK, `<script src="/live.js" defer>`)
	policy := got.head.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("no %s in %s", want, policy)
		}
	}
	for _, bad := range []string{"<style", " style=", "<script>", "onload=", "unsafe"} {
		if strings.Contains(got.body+policy, bad) {
			t.Errorf("the page has %s", bad)
		}
	}
	script := r.ask("GET", "/live.js", "")
	r.wants("script", script, http.StatusOK, "textContent")
	for _, bad := range []string{"innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "new Function"} {
		if strings.Contains(script.body, bad) {
			t.Errorf("the script has %s", bad)
		}
	}
	r.wants("style", r.ask("GET", "/live.css", ""), http.StatusOK, "prefers-color-scheme")
	r.wants("what is not there", r.ask("GET", "/absent", ""), http.StatusNotFound)
}
