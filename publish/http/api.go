package http

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"verdin/publish/control"
)

// visible are the rollouts that a principal may see.
func (s *Server) visible(who control.Principal) []control.Status {
	all := []control.Status{}
	for _, st := range s.opt.Desk.List() {
		if who.May(control.Read, st.Namespace) {
			all = append(all, st)
		}
	}
	return all
}

func (s *Server) list(w http.ResponseWriter, r *http.Request, who control.Principal) {
	s.reply(w, r, http.StatusOK, struct {
		Rollouts []control.Status `json:"rollouts"`
	}{s.visible(who)})
}

// find looks a rollout up for somebody who may see it; else it answers.
func (s *Server) find(w http.ResponseWriter, r *http.Request, who control.Principal) (control.Status, bool) {
	ns, rollout := r.PathValue("ns"), r.PathValue("rollout")
	if !who.May(control.Read, ns) {
		s.refuse(w, r, http.StatusForbidden, control.CodeNotAllowed, fmt.Sprintf("%s may not see namespace %.63q", who.Name, ns))
		return control.Status{}, false
	}
	st, ok := s.opt.Desk.Status(ns, rollout)
	if !ok {
		s.refuse(w, r, http.StatusNotFound, control.CodeUnknown, fmt.Sprintf("no rollout %.63s/%.63s runs here", ns, rollout))
	}
	return st, ok
}

func (s *Server) status(w http.ResponseWriter, r *http.Request, who control.Principal) {
	if st, ok := s.find(w, r, who); ok {
		s.reply(w, r, http.StatusOK, st)
	}
}

// order takes an order.
func (s *Server) order(w http.ResponseWriter, r *http.Request, who control.Principal) {
	if s.opt.Access == nil {
		s.refuse(w, r, http.StatusForbidden, control.CodeNotAllowed, "this engine takes no orders over HTTP: name a file with http.tokensFile, or give them over NATS")
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.refuse(w, r, http.StatusRequestEntityTooLarge, control.CodeBadRequest, fmt.Sprintf("the request cannot be read: use at most %d bytes", control.MaxRequest))
		return
	}
	req, err := control.ParseRequest(body)
	if err != nil {
		s.refuse(w, r, http.StatusBadRequest, control.CodeBadRequest, err.Error())
		return
	}
	receipt := s.opt.Desk.Order(r.Context(), who, r.PathValue("ns"), r.PathValue("rollout"), r.PathValue("verb"), req.Reason)
	s.reply(w, r, statusOf(receipt.Code), receipt)
}

// statusOf maps what became of an order to HTTP.
func statusOf(code string) int {
	switch code {
	case control.CodeDecided, control.CodeNoted:
		return http.StatusOK
	case control.CodeTaken:
		return http.StatusAccepted
	case control.CodeBadRequest:
		return http.StatusBadRequest
	case control.CodeNotAllowed:
		return http.StatusForbidden
	case control.CodeUnknown:
		return http.StatusNotFound
	case control.CodeEnded, control.CodeFenced:
		return http.StatusConflict
	case control.CodeTooMany:
		return http.StatusTooManyRequests
	case control.CodeStopped:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

const (
	eventsEvery = 100 * time.Millisecond // at most one message in this time
	quietFor    = 15 * time.Second       // then a comment keeps the connection open
)

// events streams the list whenever it changes. A slow reader misses lists, not the
// newest one.
func (s *Server) events(w http.ResponseWriter, r *http.Request, who control.Principal) {
	s.stream(w, r, func() ([]byte, error) {
		return json.Marshal(struct {
			Rollouts []control.Status `json:"rollouts"`
		}{s.visible(who)})
	})
}

// stream sends what message makes at once, and again whenever the desk has changed and
// it makes something else.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, message func() ([]byte, error)) {
	c, err := streaming(w)
	if err != nil {
		s.refuse(w, r, http.StatusInternalServerError, control.CodeBadRequest, "this connection cannot stream")
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	last := ""
	for id := uint64(0); r.Context().Err() == nil; {
		data, err := message()
		if err != nil {
			s.opt.Report(r, err)
			return
		}
		text := ": still here\n\n"
		if string(data) != last {
			last = string(data)
			text = fmt.Sprintf("id: %d\ndata: %s\n\n", id, data)
		}
		if _, err := io.WriteString(w, text); err != nil {
			return
		}
		if err := c.Flush(); err != nil {
			return
		}
		id = s.next(r.Context(), id)
	}
}

// next waits for a change of the desk, or a while; at first it lets the reader rest.
func (s *Server) next(ctx context.Context, since uint64) uint64 {
	rest := time.NewTimer(eventsEvery)
	defer rest.Stop()
	select {
	case <-rest.C:
	case <-ctx.Done():
	}
	wait, cancel := context.WithTimeout(ctx, quietFor)
	defer cancel()
	return s.opt.Desk.Await(wait, since)
}
