package control_test

import (
	"context"
	"fmt"
	"time"

	"verdin/publish/control"
	"verdin/schemas"
)

// A rollout takes a seat, an operator gives an order, the next cut answers it.
func ExampleDesk_Order() {
	now := schemas.TimeOf(time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC))
	desk := control.NewDesk("engine-1", func() schemas.Time { return now }, func() bool { return true })
	var seat *control.Seat
	seat = desk.Join("prod", "recsys", func(_ context.Context, c schemas.Command) error {
		seat.Saw(control.Status{Phase: schemas.PhasePaused, Wall: now, Cut: 7}, nil) // what a cut with the order leaves
		seat.Obeyed(7, c, nil)
		return nil
	}, nil)
	defer seat.Leave()
	ann := control.Principal{Name: "ann", Scope: control.Operate, Namespaces: []string{"prod"}}
	fmt.Println(desk.Order(context.Background(), ann, "prod", "recsys", schemas.VerbPause, "a look at the logs").Message)
	fmt.Println(desk.Order(context.Background(), ann, "prod", "recsys", schemas.VerbPromote, "").Message)
	// Output:
	// accepted at cut 7: no verdict followed, the rollout is paused
	// ann may not promote in namespace "prod": that asks for the scope admin there
}

// An access file maps the hash of a token to a principal.
func ExampleParseAccess() {
	access, err := control.ParseAccess([]byte("ann operate prod sha256:b4d47fbaeb2e9a9b9e2c6e4b4c5e0b8d4a6b0f5c6b0d6f5e4c3b2a1908070605\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, ok := access.Token("a wrong token of enough characters", schemas.Time(0))
	fmt.Println(ok)
	// Output: false
}
