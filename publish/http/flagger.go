package http

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"verdin/publish/control"
	"verdin/schemas"
)

// hook is what Flagger posts; the metadata are those of the webhook in its Canary.
type hook struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	Metadata  map[string]string `json:"metadata"`
}

// parseHook reads a hook: which rollout, which canary, what is served, by whom.
func parseHook(data []byte) (ns, rollout, canary string, weight int, router string, err error) {
	var h hook
	if err = json.Unmarshal(data, &h); err != nil {
		return "", "", "", 0, "", fmt.Errorf("the hook cannot be read: %w", err)
	}
	name := h.Metadata["rollout"]
	if name == "" {
		name = h.Namespace + "/" + h.Name
	}
	if ns, rollout, err = schemas.SplitRollout(name); err != nil {
		return "", "", "", 0, "", fmt.Errorf("metadata.rollout: %w", err)
	}
	if canary, weight, router, err = question(func(key string) string { return h.Metadata[key] }); err != nil {
		return "", "", "", 0, "", fmt.Errorf("metadata: %w", err)
	}
	return ns, rollout, canary, weight, router, nil
}

// opening is what a hook opens on: the state of a rollout, what its gate answers to the
// weight that the hook states, and that weight, percent.
type opening struct {
	asks func(weight int) int // the weight that the gate is asked about
	on   func(st *control.Status, a gateAnswer, weight int) bool
	acks bool // the question may acknowledge
}

// The hooks of Flagger that are served.
var openings = map[string]opening{
	"confirm-rollout":          {below, rises, false},
	"confirm-traffic-increase": {below, rises, false},
	"confirm-promotion":        {same, onAnswer(answerPromote), true},
	"rollback":                 {same, onAnswer(answerRollback), true}, // Flagger takes any success here as the order to roll back
}

func same(weight int) int { return weight }

// below asks as a system that serves a little less than the weight that it is to serve.
func below(weight int) int { return max(weight-1, 0) }

func onAnswer(opens string) func(*control.Status, gateAnswer, int) bool {
	return func(_ *control.Status, a gateAnswer, _ int) bool { return a.Answer == opens }
}

// rises tells whether the weight may be served from now on: at least as much is ordered,
// by a step forward that stands, or by one that is held for nothing but that nobody
// serves it yet.
func rises(st *control.Status, a gateAnswer, weight int) bool {
	waits := a.Answer == answerHold && a.Code == codeUnapplied && st.Held == codeUnapplied && !st.CatchingUp
	return (a.Answer == answerAdvance || a.Answer == answerPromote || waits) &&
		weight > 0 && st.Head.WeightOf(schemas.ArmCanary) >= weight*100
}

// flagger answers 200 if the verdict is one that opens the gate, else 403 or worse;
// Flagger shows the text in its events.
func (s *Server) flagger(o opening) handler {
	return func(w http.ResponseWriter, r *http.Request, who control.Principal) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			s.say(w, r, http.StatusRequestEntityTooLarge, "the hook is too large")
			return
		}
		ns, rollout, canary, weight, router, err := parseHook(body)
		if err == nil && router != "" && !o.acks {
			err = errors.New("metadata.router: this hook is asked before the weight is served and acknowledges nothing: state it at confirm-promotion")
		}
		if err != nil {
			s.say(w, r, http.StatusBadRequest, err.Error())
			return
		}
		if !who.May(control.Read, ns) {
			s.say(w, r, http.StatusForbidden, fmt.Sprintf("%s may not see namespace %s", who.Name, ns))
			return
		}
		st, ok := s.opt.Desk.Status(ns, rollout)
		if !ok {
			s.say(w, r, http.StatusNotFound, fmt.Sprintf("no rollout %s/%s runs here", ns, rollout))
			return
		}
		now := s.opt.Desk.Now()
		a := judge(&st, canary, o.asks(weight), now)
		if err := s.acknowledge(who, &st, a, router, weight); err != nil {
			s.say(w, r, http.StatusForbidden, err.Error())
			return
		}
		text := fmt.Sprintf("%s (%s): %s", cmp.Or(a.Answer, "no answer"), a.Code, a.Message)
		switch {
		case a.Answer == "" || !o.on(&st, a, weight):
			s.say(w, r, http.StatusForbidden, text)
		case now > st.Head.ValidUntil:
			s.say(w, r, http.StatusForbidden, fmt.Sprintf("verdict %d was valid until %s", st.Head.Sequence, st.Head.ValidUntil))
		default:
			s.say(w, r, http.StatusOK, text)
		}
	}
}

func (s *Server) say(w http.ResponseWriter, r *http.Request, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	if _, err := io.WriteString(w, text+"\n"); err != nil {
		s.opt.Report(r, err)
	}
}
