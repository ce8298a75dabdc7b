package http_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"verdin/publish/control"
	web "verdin/publish/http"
	"verdin/schemas"
)

// The door is added to a mux; without a rollout a gate stays shut.
func ExampleServer_Register() {
	desk := control.NewDesk("engine-1", now, func() bool { return true })
	mux := http.NewServeMux()
	web.New(web.Options{Desk: desk}).Register(mux)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/gates/argo/prod/recsys?canary=v2&weight=10", nil))
	body, _ := io.ReadAll(w.Body)
	fmt.Printf("%d %s", w.Code, body)
	// Output: 404 {"accepted":false,"code":"unknown_rollout","message":"no rollout prod/recsys runs here"}
}

func now() schemas.Time { return noon }
