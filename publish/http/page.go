package http

import (
	"embed"
	"net/http"
)

//go:embed assets
var files embed.FS

// assets are the files of the page, by path.
var assets = map[string]http.Handler{
	"/{$}":      asset("assets/live.html", "text/html; charset=utf-8"),
	"/live.css": asset("assets/live.css", "text/css; charset=utf-8"),
	"/live.js":  asset("assets/live.js", "text/javascript; charset=utf-8"),
}

// pagePolicy lets the page run its own script and style and talk to its own engine;
// there is nothing inline, and nothing comes from elsewhere.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func asset(name, kind string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := files.ReadFile(name)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Security-Policy", pagePolicy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(data) // the reader went away
	})
}
