package http

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"verdin/publish/control"
	"verdin/publish/flags"
	"verdin/schemas"
)

// served are the flags that a principal may see.
func (s *Server) served(who control.Principal) (all []flags.Flag) {
	for _, st := range s.visible(who) {
		all = append(all, flagOf(&st, s.opt.Desk.Now()))
	}
	return all
}

// flagOf is the flag of a rollout: what a router that follows its verdicts would do. It
// gives the canary nothing before the first verdict, and after the deadline if the
// verdict says so.
func flagOf(st *control.Status, now schemas.Time) flags.Flag {
	v := st.Served
	if v == nil {
		return flags.Flag{Key: schemas.Key(st.Namespace, st.Rollout), CanaryVersion: st.Canary, StableVersion: st.Stable, Phase: st.Phase}
	}
	f := flags.Of(v)
	deadline := v.ValidUntil
	if st.Linked && !st.Fenced {
		deadline = max(deadline, st.Wall.Add(control.StaleAfter)) // a live engine vouches for its verdict
	}
	if now > deadline && v.OnExpiry != schemas.ExpiryHold {
		f.WeightBps = 0
	}
	return f
}

// flagd is the file that flagd polls.
func (s *Server) flagd(w http.ResponseWriter, r *http.Request, who control.Principal) {
	data, err := flags.Flagd(s.served(who))
	s.tagged(w, r, data, err)
}

// tagged answers with JSON, or says that the client has it already.
func (s *Server) tagged(w http.ResponseWriter, r *http.Request, data []byte, err error) {
	if err != nil {
		s.opt.Report(r, err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	tag := flags.ETag(data)
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "no-cache") // ask again each time
	if matches(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if _, err := w.Write(data); err != nil {
		s.opt.Report(r, err)
	}
}

// matches reads If-None-Match: a list of tags, weak ones too, or "*".
func matches(header, tag string) bool {
	for one := range strings.SplitSeq(header, ",") {
		if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == tag {
			return true
		}
	}
	return false
}

// unitOf reads the context of an evaluation; on an error it has answered.
func (s *Server) unitOf(w http.ResponseWriter, r *http.Request, key string) (unit string, ok bool) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.reply(w, r, http.StatusRequestEntityTooLarge, flags.Evaluation{Key: key, ErrorCode: flags.CodeParse, ErrorDetails: "the request is too large"})
		return "", false
	}
	unit, code, err := flags.ParseContext(body)
	if err != nil {
		s.reply(w, r, http.StatusBadRequest, flags.Evaluation{Key: key, ErrorCode: code, ErrorDetails: err.Error()})
		return "", false
	}
	return unit, true
}

// ofrepOne evaluates one flag.
func (s *Server) ofrepOne(w http.ResponseWriter, r *http.Request, who control.Principal) {
	key := r.PathValue("key")
	unit, ok := s.unitOf(w, r, key)
	if !ok {
		return
	}
	for _, f := range s.served(who) {
		if f.Key == key {
			e := f.Evaluate(unit)
			status := http.StatusOK
			if e.ErrorCode != "" {
				status = http.StatusBadRequest
			}
			s.reply(w, r, status, e)
			return
		}
	}
	s.reply(w, r, http.StatusNotFound, flags.NotFound(key))
}

// ofrepAll evaluates every flag, and tells where changes are announced.
func (s *Server) ofrepAll(w http.ResponseWriter, r *http.Request, who control.Principal) {
	unit, ok := s.unitOf(w, r, "")
	if !ok {
		return
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	bulk := flags.Bulk{Flags: []flags.Evaluation{}, Streams: []flags.EventStream{{Type: "sse", URL: scheme + "://" + r.Host + "/ofrep/v1/events"}}}
	for _, f := range s.served(who) {
		bulk.Flags = append(bulk.Flags, f.Evaluate(unit))
	}
	data, err := json.Marshal(bulk)
	s.tagged(w, r, append(data, '\n'), err)
}

// ofrepEvents tells clients to ask again when a flag has changed.
func (s *Server) ofrepEvents(w http.ResponseWriter, r *http.Request, who control.Principal) {
	s.stream(w, r, func() ([]byte, error) {
		data, err := flags.Flagd(s.served(who))
		if err != nil {
			return nil, err
		}
		return json.Marshal(flags.Refetch{Type: "refetchEvaluation", ETag: flags.ETag(data)})
	})
}
