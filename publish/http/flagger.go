package http

import (
	"cmp"
	"encoding/json"
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

// flaggerPromotion opens for a promote alone.
func (s *Server) flaggerPromotion(w http.ResponseWriter, r *http.Request, who control.Principal) {
	s.flagger(w, r, who, answerPromote)
}

// flaggerRollback opens for a rollback alone, one that is still valid: Flagger takes any
// success here as the order to roll back.
func (s *Server) flaggerRollback(w http.ResponseWriter, r *http.Request, who control.Principal) {
	s.flagger(w, r, who, answerRollback)
}

// flagger answers 200 if the verdict is the one that opens the gate, else 403 or worse;
// Flagger shows the text in its events.
func (s *Server) flagger(w http.ResponseWriter, r *http.Request, who control.Principal, opens string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.say(w, r, http.StatusRequestEntityTooLarge, "the hook is too large")
		return
	}
	ns, rollout, canary, weight, router, err := parseHook(body)
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
	a := judge(&st, canary, weight, now)
	if err := s.acknowledge(who, &st, a, router, weight); err != nil {
		s.say(w, r, http.StatusForbidden, err.Error())
		return
	}
	switch {
	case a.Answer != opens:
		s.say(w, r, http.StatusForbidden, fmt.Sprintf("%s (%s): %s", cmp.Or(a.Answer, "no answer"), a.Code, a.Message))
	case now > st.Head.ValidUntil:
		s.say(w, r, http.StatusForbidden, fmt.Sprintf("verdict %d was valid until %s", st.Head.Sequence, st.Head.ValidUntil))
	default:
		s.say(w, r, http.StatusOK, fmt.Sprintf("%s (%s): %s", a.Answer, a.Code, a.Message))
	}
}

func (s *Server) say(w http.ResponseWriter, r *http.Request, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	if _, err := io.WriteString(w, text+"\n"); err != nil {
		s.opt.Report(r, err)
	}
}
