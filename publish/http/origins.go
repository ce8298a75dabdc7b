package http

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Origins are the sites whose pages may read the flags from a browser. The zero value and
// nil are none.
type Origins struct {
	listed map[string]bool
	cross  *http.CrossOriginProtection
}

// NewOrigins reads a list of origins, each as a browser sends it: scheme, host and, if it
// is not the scheme's, the port. There is no wildcard.
func NewOrigins(list []string) (*Origins, error) {
	o := &Origins{listed: map[string]bool{}, cross: http.NewCrossOriginProtection()}
	for _, origin := range list {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Contains(origin, "*") || strings.ToLower(u.Scheme+"://"+u.Host) != origin {
			return nil, fmt.Errorf("origin %.200q is none: write it as browsers do, for example https://app.example.com, without a path or a wildcard", origin)
		}
		if err := o.cross.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("origin %.200q: %w", origin, err)
		}
		o.listed[origin] = true
	}
	return o, nil
}

// wrap lets pages of the listed sites read what h answers, and refuses what other sites
// want to change. A browser asks first with OPTIONS, and without a token.
func (o *Origins) wrap(h http.Handler) http.Handler {
	if o == nil || len(o.listed) == 0 {
		return http.NewCrossOriginProtection().Handler(h)
	}
	guarded := o.cross.Handler(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Add("Vary", "Origin") // a cache must not give one site the answer for another
		if origin := r.Header.Get("Origin"); o.listed[origin] {
			head.Set("Access-Control-Allow-Origin", origin)
			head.Set("Access-Control-Expose-Headers", "ETag, Retry-After")
		}
		guarded.ServeHTTP(w, r)
	})
}

// preflight tells a browser what a page of a listed site may send, and any other nothing.
func (o *Origins) preflight(w http.ResponseWriter, r *http.Request) {
	if head := w.Header(); o != nil && o.listed[r.Header.Get("Origin")] {
		head.Set("Access-Control-Allow-Methods", "GET, POST")
		head.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match")
		head.Set("Access-Control-Max-Age", "600")
	}
	w.WriteHeader(http.StatusNoContent)
}
