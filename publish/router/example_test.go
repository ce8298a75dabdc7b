package router_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/nats-io/nkeys"

	"verdin/publish/router"
)

// A router serves stable until Run, given a NATS connection, brings verdicts.
func ExampleRouter() {
	key, _ := nkeys.CreateUser() // in earnest: the public key that the engine prints
	trusted, _ := key.PublicKey()
	r, err := router.New(router.Config{ID: "edge-1", Rollouts: []string{"prod/recsys"}, Trusted: []string{trusted}})
	if err != nil {
		fmt.Println(err)
		return
	}
	c := r.Choose("prod/recsys", "request-17")
	fmt.Println(c.Arm, c.Generation, c.Stage)
	// Output: stable 0 -1
}

// Middleware that serves each request by the arm of its user, and tells which.
func ExampleRouter_middleware() {
	key, _ := nkeys.CreateUser()
	trusted, _ := key.PublicKey()
	r, err := router.New(router.Config{ID: "edge-1", Rollouts: []string{"prod/recsys"}, Trusted: []string{trusted}})
	if err != nil {
		fmt.Println(err)
		return
	}
	model := map[string]http.Handler{
		"stable": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "v1") }),
		"canary": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "v2") }),
	}
	serve := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		c := r.Choose("prod/recsys", req.Header.Get("X-User"))
		w.Header().Set("X-Arm", c.Arm) // and into the prediction event, with c.Generation and c.Stage
		model[c.Arm].ServeHTTP(w, req)
	})
	answer := httptest.NewRecorder()
	serve.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
	fmt.Println(answer.Header().Get("X-Arm"), answer.Body)
	// Output: stable v1
}
