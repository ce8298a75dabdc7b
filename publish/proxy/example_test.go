package proxy_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"

	"verdin/publish/proxy"
	"verdin/publish/router"
	"verdin/schemas"
)

// always serves stable, as a router does before its first verdict.
type always struct{}

func (always) Choose(string, string) router.Choice {
	return router.Choice{Arm: schemas.ArmStable, ModelVersion: "v1", Stage: -1}
}

func ExampleNew() {
	model := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "42 from the ", r.Header.Get(proxy.HeaderArm), " model")
	}))
	defer model.Close()
	address, _ := url.Parse(model.URL)
	p, err := proxy.New(proxy.Config{Router: always{}, Rollout: "prod/recsys", Stable: address, Canary: address,
		Report: func(e *schemas.Prediction) { fmt.Println(e.Arm, e.StatusCode) }})
	if err != nil {
		fmt.Println(err)
		return
	}
	answer := httptest.NewRecorder()
	p.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/predict", nil))
	fmt.Println(answer.Body)
	// Output:
	// stable 200
	// 42 from the stable model
}

func ExampleNewQueue() {
	q := proxy.NewQueue(1, func(_ context.Context, batch []*schemas.Prediction) error {
		fmt.Println(len(batch), "written")
		return nil
	}, func(err error) { fmt.Println(err) })
	q.Add(&schemas.Prediction{PredictionID: "p1"})
	q.Add(&schemas.Prediction{PredictionID: "p2"}) // no room
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	q.Run(ended) // writes what is left
	written, waiting, lost := q.Counts()
	fmt.Println(written, waiting, lost)
	// Output:
	// 1 written
	// 1 0 1
}
