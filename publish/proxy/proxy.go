package proxy

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"time"

	"verdin/publish/router"
	"verdin/schemas"
)

// Headers that the proxy sets on the request to the model and on the answer.
const (
	HeaderArm        = "Verdin-Arm"           // stable or canary: the arm that serves
	HeaderPrediction = "Verdin-Prediction-Id" // outcomes name it
)

// StatusClientClosed is the status code of an event whose client went away before
// the answer was complete. No HTTP standard knows it; nginx uses the same number.
const StatusClientClosed = 499

// Chooser says which arm serves a request: a *router.Router.
type Chooser interface {
	Choose(rollout, id string) router.Choice
}

// Config of a proxy. Router, Rollout, Stable, Canary and Report are required.
type Config struct {
	Router         Chooser
	Rollout        string // "name" or "namespace/name"
	Stable, Canary *url.URL
	UnitHeader     string // request header with the randomisation unit, for sticky rollouts; "" = each request by itself
	Report         func(*schemas.Prediction)
	Mirror         Mirror            // of stages that send the canary copies of requests
	Transport      http.RoundTripper // default: http.DefaultTransport
	Now            func() time.Time  // default: the wall clock
}

// Proxy is an http.Handler.
type Proxy struct {
	cfg     Config
	forward httputil.ReverseProxy
	copies  copies
}

// New checks the configuration.
func New(cfg Config) (*Proxy, error) {
	if cfg.Router == nil || cfg.Report == nil {
		return nil, errors.New("proxy: Router and Report are required")
	}
	if _, _, err := schemas.SplitRollout(cfg.Rollout); err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	for _, u := range []*url.URL{cfg.Stable, cfg.Canary} {
		if u == nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, fmt.Errorf("proxy: the address of a model is %v: want http:// or https:// and a host, for both arms", u)
		}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Mirror = cfg.Mirror.withDefaults()
	p := &Proxy{cfg: cfg}
	p.copies.open(cfg.Mirror)
	p.forward = httputil.ReverseProxy{Rewrite: p.rewrite, Transport: cfg.Transport, FlushInterval: -1, ErrorHandler: fail}
	return p, nil
}

// served is what is known of one request while it runs.
type served struct {
	choice    router.Choice
	id        string
	errorType string
	copied    bool // it is the copy of a request that stable has answered
}

type servedKey struct{}

// ServeHTTP serves a request by the arm that the verdicts say, and reports it when
// the answer is complete, or has failed.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := &served{id: rand.Text()}
	unit := s.id
	if p.cfg.UnitHeader != "" && r.Header.Get(p.cfg.UnitHeader) != "" {
		unit = r.Header.Get(p.cfg.UnitHeader)
	}
	s.choice = p.cfg.Router.Choose(p.cfg.Rollout, unit)
	w.Header().Set(HeaderArm, s.choice.Arm)
	w.Header().Set(HeaderPrediction, s.id)
	r = r.WithContext(context.WithValue(r.Context(), servedKey{}, s))
	var kept *original
	if s.choice.Mirror != "" {
		kept = p.keep(r)
	}
	broken := p.serve(w, r, s)
	if kept != nil {
		p.mirror(r, kept, s)
	}
	if broken != nil {
		panic(broken) // the server closes the connection, so the client sees it too
	}
}

// rewrite addresses the request to its arm.
func (p *Proxy) rewrite(r *httputil.ProxyRequest) {
	s := r.In.Context().Value(servedKey{}).(*served)
	target := p.cfg.Stable
	if s.choice.Arm == schemas.ArmCanary {
		target = p.cfg.Canary
	}
	r.SetURL(target)
	r.SetXForwarded()
	r.Out.Header.Set(HeaderArm, s.choice.Arm)
	r.Out.Header.Set(HeaderPrediction, s.id)
	r.Out.Header.Del(HeaderMirror)
	if s.copied {
		r.Out.Header.Set(HeaderMirror, "copy")
	}
}

// fail answers for a model that did not.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	s := r.Context().Value(servedKey{}).(*served)
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled):
		s.errorType = "client_closed"
		w.WriteHeader(StatusClientClosed)
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		s.errorType = "timeout"
		w.WriteHeader(http.StatusGatewayTimeout)
	default:
		s.errorType = "unreachable"
		w.WriteHeader(http.StatusBadGateway)
	}
}

// report makes the event of a request.
func (p *Proxy) report(r *http.Request, s *served, a *answer, begun time.Time, broken bool) {
	end := p.cfg.Now()
	e := &schemas.Prediction{
		PredictionID: s.id, Rollout: p.cfg.Rollout, Arm: s.choice.Arm, ModelVersion: s.choice.ModelVersion,
		EventTime: end, LatencySeconds: schemas.Num(end.Sub(begun).Seconds()), StatusCode: a.status, ErrorType: s.errorType,
	}
	switch {
	case e.ErrorType != "":
	case broken && r.Context().Err() != nil:
		e.ErrorType, e.StatusCode = "client_closed", StatusClientClosed
	case broken:
		e.ErrorType = "broken_off"
	case a.status >= 500:
		e.ErrorType = "status_" + strconv.Itoa(a.status)
	}
	if !a.first.IsZero() {
		e.TTFTSeconds = schemas.Num(a.first.Sub(begun).Seconds())
	}
	if p.cfg.UnitHeader != "" {
		e.UnitID = r.Header.Get(p.cfg.UnitHeader)
	}
	if s.choice.Generation > 0 {
		e.Generation, e.Stage = uint32(s.choice.Generation), schemas.Num(float64(s.choice.Stage))
	}
	p.cfg.Report(e)
}

// answer sees the status and the first byte of an answer pass by.
type answer struct {
	http.ResponseWriter
	now    func() time.Time
	status int
	first  time.Time
}

func (a *answer) WriteHeader(status int) {
	if status >= 200 && a.status == 0 { // 1xx are followed by the real one
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	if a.first.IsZero() && len(b) > 0 {
		a.first = a.now()
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the writer below.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
