package flags_test

import (
	"context"
	"fmt"
	"time"

	of "github.com/open-feature/go-sdk/openfeature"

	"verdin/publish/flags"
	"verdin/schemas"
)

// An application asks the SDK; the router in its process answers. (Here a stand-in:
// publish/router follows the verdicts in NATS.)
func ExampleNewProvider() {
	f := flags.Of(verdict(2500))
	p := flags.NewProvider(served{&f}, func() schemas.Time { return noon }, nil)
	if err := of.SetNamedProviderAndWait("example", p); err != nil {
		fmt.Println(err)
		return
	}
	client := of.NewClient("example")
	model, err := client.StringValue(context.Background(), "prod.recsys", "v41", of.NewEvaluationContext("user-7", nil))
	fmt.Println(model, err)
	// Output: v41 <nil>
}

// Watch tells the SDK's handlers what becomes of the flags.
func ExampleProvider_Watch() {
	f := flags.Of(verdict(2500))
	p := flags.NewProvider(served{&f}, func() schemas.Time { return noon }, nil)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go p.Watch(ctx, []string{"prod/absent"}, time.Tick(time.Second))
	e := <-p.EventChannel() // the SDK reads it
	fmt.Println(e.EventType, e.Message)
	// Output: PROVIDER_ERROR prod/absent: it is not configured at the router
}

// The kill switch serves stable to everybody; the flag stays enabled.
func ExampleFlag_Evaluate() {
	v := verdict(0)
	v.KillSwitch = true
	f := flags.Of(v)
	e := f.Evaluate("user-7")
	fmt.Println(e.Variant, e.Value, e.Reason)
	// Output: stable v41 STATIC
}
