package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"verdin/publish/control"
	"verdin/publish/flags"
	"verdin/schemas"
)

// listener is a flag client that asks again whenever the engine says so.
type listener struct {
	url   string
	news  <-chan struct{}
	close func()
}

func listenTo(t *testing.T, url string) *listener {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", url+"/ofrep/v1/events", nil)
	must(t, err)
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	news := make(chan struct{}, 64)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "data: ") {
				news <- struct{}{}
			}
		}
	}()
	return &listener{url: url, news: news, close: func() { cancel(); resp.Body.Close(); <-done; http.DefaultClient.CloseIdleConnections() }}
}

// until waits until a unit gets a variant of a rollout.
func (l *listener) until(t *testing.T, rollout, unit, variant string) {
	t.Helper()
	late := time.After(patience)
	for {
		resp, err := http.Post(l.url+"/ofrep/v1/evaluate/flags/default."+rollout, "application/json", strings.NewReader(`{"context":{"targetingKey":"`+unit+`"}}`))
		must(t, err)
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		must(t, err)
		if strings.Contains(string(body), `"variant":"`+variant+`"`) {
			return
		}
		select {
		case <-l.news:
		case <-late:
			t.Fatalf("%s never came; last %s", variant, body)
		}
	}
}

// The way of a kill: an operator's order over NATS, a cut that journals it, the verdict,
// the event stream, and a client that gets stable for a unit of the canary.
func TestAKillReachesFlagClientsWithinASecond(t *testing.T) {
	r := newRig(t)
	const rollouts = 5
	for n := range rollouts {
		r.spec(t, fmt.Sprint("k", n))
	}
	p := launch(t, "run", "-c", r.config)
	client := listenTo(t, address(t, p))
	defer client.close()
	nc, err := natsgo.Connect(r.natsURL())
	must(t, err)
	defer nc.Close()
	operator := &control.Client{NC: nc, Actor: "ann"}
	var ordered, reached []time.Duration
	for n := range rollouts {
		name := fmt.Sprint("k", n)
		unit := 0
		for flags.Slot(schemas.Salt("default", name, "v2"), fmt.Sprint("u", unit)) >= 2000 {
			unit++
		}
		id := fmt.Sprint("u", unit)
		client.until(t, name, id, "canary")
		began := time.Now()
		receipt, err := operator.Order(t.Context(), "default", name, schemas.VerbKill, "bad answers")
		ordered = append(ordered, time.Since(began))
		if err != nil || receipt.Code != control.CodeDecided {
			t.Fatalf("%+v %v", receipt, err)
		}
		client.until(t, name, id, "stable")
		reached = append(reached, time.Since(began))
	}
	slices.Sort(ordered)
	slices.Sort(reached)
	t.Logf("order answered: median %v, slowest %v; flag client served stable: median %v, slowest %v", ordered[rollouts/2], ordered[rollouts-1], reached[rollouts/2], reached[rollouts-1])
	if reached[rollouts/2] > time.Second {
		t.Errorf("the median kill took %v, want less than a second", reached[rollouts/2])
	}
	p.stop(t)
}
