package http

import (
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"verdin/publish/control"
)

const (
	maxInFlight = 64 // requests; more are told to come again
	maxStreams  = 64 // live pages and flag clients that listen
	maxBody     = 64 << 10
)

// Options of the door.
type Options struct {
	Desk    *control.Desk                    // required
	Access  *control.AccessFile              // who may what; nil = everybody may read, nobody may order
	Local   bool                             // the listener is a loopback address: only requests to such a host are served
	Origins *Origins                         // sites whose pages may evaluate flags; nil = none
	Report  func(r *http.Request, err error) // hears of answers that could not be sent; nil = nobody does
}

// Server answers over HTTP.
type Server struct {
	opt     Options
	flight  chan struct{}
	streams chan struct{}
}

// New returns a door to a desk.
func New(opt Options) *Server {
	if opt.Report == nil {
		opt.Report = func(*http.Request, error) {}
	}
	return &Server{opt: opt, flight: make(chan struct{}, maxInFlight), streams: make(chan struct{}, maxStreams)}
}

// Register adds the routes to a mux.
func (s *Server) Register(mux *http.ServeMux) {
	cross := http.NewCrossOriginProtection()
	add := func(pattern string, h handler) {
		mux.Handle(pattern, cross.Handler(s.bounded(s.flight, s.guarded(h))))
	}
	stream := func(pattern string, h handler) {
		mux.Handle(pattern, cross.Handler(s.bounded(s.streams, s.guarded(h))))
	}
	add("GET /api/v1/rollouts", s.list)
	add("GET /api/v1/rollouts/{ns}/{rollout}", s.status)
	add("POST /api/v1/rollouts/{ns}/{rollout}/{verb}", s.order) // the desk asks for more
	stream("GET /api/v1/events", s.events)
	add("GET /gates/argo/{ns}/{rollout}", s.argo)
	for hook, o := range openings {
		add("POST /gates/flagger/"+hook, s.flagger(o))
	}
	add("GET /flagd/v1/flags.json", s.flagd)
	site := s.opt.Origins.wrap // for the browsers of other sites
	mux.Handle("POST /ofrep/v1/evaluate/flags", site(s.bounded(s.flight, s.guarded(s.ofrepAll))))
	mux.Handle("POST /ofrep/v1/evaluate/flags/{key}", site(s.bounded(s.flight, s.guarded(s.ofrepOne))))
	mux.Handle("GET /ofrep/v1/events", site(s.bounded(s.streams, s.guarded(s.ofrepEvents))))
	mux.Handle("OPTIONS /ofrep/v1/", site(s.bounded(s.flight, s.local(http.HandlerFunc(s.opt.Origins.preflight)))))
	for path, asset := range assets { // the page holds no data
		mux.Handle("GET "+path, s.bounded(s.flight, s.local(asset)))
	}
}

// handler answers a request of a known principal.
type handler func(w http.ResponseWriter, r *http.Request, who control.Principal)

// bounded serves at most as many requests at once as slots has room for.
func (s *Server) bounded(slots chan struct{}, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
			h.ServeHTTP(w, r)
		default:
			w.Header().Set("Retry-After", "1")
			s.refuse(w, r, http.StatusServiceUnavailable, control.CodeTooMany, "the engine answers as many requests as it can: come again")
		}
	})
}

// local refuses a request to another host than this machine, if only this machine is
// served: the page of a foreign site may have got its name to point here.
func (s *Server) local(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.opt.Local && !loopback(r.Host) {
			s.refuse(w, r, http.StatusMisdirectedRequest, control.CodeNotAllowed, "this address answers for localhost only")
			return
		}
		h.ServeHTTP(w, r)
	})
}

func loopback(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// guarded finds out who asks: everybody in an access file may read, and what he may do
// beyond that the desk decides.
func (s *Server) guarded(h handler) http.Handler {
	return s.local(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		who, ok := s.principal(r)
		if !ok {
			w.Header().Set("WWW-Authenticate", `Bearer realm="verdin"`)
			s.refuse(w, r, http.StatusUnauthorized, control.CodeNotAllowed, "a bearer token of the access file is needed")
			return
		}
		h(w, r, who)
	}))
}

// principal is who asks. Without an access file it is anybody, who may read.
func (s *Server) principal(r *http.Request) (control.Principal, bool) {
	if s.opt.Access == nil {
		return control.Principal{Name: "anybody", Scope: control.Read, Namespaces: []string{"*"}}, true
	}
	access, err := s.opt.Access.Now()
	if err != nil {
		s.opt.Report(r, err)
		return control.Principal{}, false
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if _, password, basic := r.BasicAuth(); basic { // for hooks that can state a URL only
		token, ok = password, true
	}
	if !ok {
		return control.Principal{}, false
	}
	return access.Token(token, s.opt.Desk.Now())
}

// refuse answers with a receipt that says why not.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	s.reply(w, r, status, control.Receipt{Code: code, Message: message})
}

func (s *Server) reply(w http.ResponseWriter, r *http.Request, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		s.opt.Report(r, err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if _, err := w.Write(append(data, '\n')); err != nil {
		s.opt.Report(r, err)
	}
}

// streaming lifts the deadlines of a response that goes on.
func streaming(w http.ResponseWriter) (*http.ResponseController, error) {
	c := http.NewResponseController(w)
	if err := c.SetWriteDeadline(time.Time{}); err != nil {
		return nil, err
	}
	return c, c.SetReadDeadline(time.Time{})
}
