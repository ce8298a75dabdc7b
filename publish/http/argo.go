package http

import (
	"errors"
	"net/http"
	"strconv"

	"verdin/publish/control"
	"verdin/schemas"
)

// argoAnswer is what the web metric of Argo Rollouts reads.
type argoAnswer struct {
	Verdict    string   `json:"verdict"`
	Code       string   `json:"code"`
	Message    string   `json:"message"`
	Rollout    string   `json:"rollout"`
	Generation uint64   `json:"generation"`
	Sequence   uint64   `json:"sequence"`
	CanaryBps  int      `json:"canary_weight_bps"` // as ordered
	Missing    []string `json:"missing"`
	ETASeconds int64    `json:"eta_seconds,omitempty"`
	Cut        int64    `json:"cut"`
}

// argo answers a measurement: 200 with a verdict, or an error, which Argo counts as one.
// The question names the canary's version and the weight that is served, so that no
// answer is taken for that of another stage. With ?router=NAME the question is also the
// acknowledgement that this weight is served: that asks for the scope admin.
func (s *Server) argo(w http.ResponseWriter, r *http.Request, who control.Principal) {
	st, ok := s.find(w, r, who)
	if !ok {
		return
	}
	canary, weight, router, err := question(r.URL.Query().Get)
	if err != nil {
		s.refuse(w, r, http.StatusBadRequest, control.CodeBadRequest, err.Error())
		return
	}
	a := judge(&st, canary, weight, s.opt.Desk.Now())
	if a.Answer == "" {
		s.refuse(w, r, http.StatusServiceUnavailable, a.Code, a.Message)
		return
	}
	if err := s.acknowledge(who, &st, a, router, weight); err != nil {
		s.refuse(w, r, http.StatusForbidden, control.CodeNotAllowed, err.Error())
		return
	}
	s.reply(w, r, http.StatusOK, argoAnswer{Verdict: a.Answer, Code: a.Code, Message: a.Message, Rollout: st.Name(),
		Generation: st.Head.Generation, Sequence: st.Head.Sequence, CanaryBps: st.Head.WeightOf(schemas.ArmCanary),
		Missing: append([]string{}, st.Missing...), ETASeconds: st.ETASeconds, Cut: st.Cut})
}

// question reads what a gate is asked about.
func question(get func(string) string) (canary string, weight int, router string, err error) {
	canary, router = get("canary"), get("router")
	if canary == "" || len(canary) > 256 {
		return "", 0, "", errors.New("name the canary's model version, as the rollout spec does: canary=…")
	}
	weight, err = strconv.Atoi(get("weight"))
	if err != nil || weight < 0 || weight > 100 {
		return "", 0, "", errors.New("name the canary's weight that is served now, 0 to 100 percent: weight=…")
	}
	if router != "" {
		err = schemas.CheckLabel("router", router)
	}
	return canary, weight, router, err
}

// acknowledge tells the engine that a router serves what is ordered, if it says so.
func (s *Server) acknowledge(who control.Principal, st *control.Status, a gateAnswer, router string, weight int) error {
	if router == "" || a.Answer != answerHold || st.Head.WeightOf(schemas.ArmCanary) != weight*100 {
		return nil
	}
	return s.opt.Desk.Ack(who, st.Namespace, st.Rollout, router)
}
