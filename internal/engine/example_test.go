package engine_test

import (
	"fmt"
	"log"

	"verdin/decision"
	"verdin/internal/engine"
	"verdin/schemas"
)

// An engine is a fold: rows and cuts in, verdicts and evidence out. Here one log holds
// predictions of both arms; the cut judges the window that the last of them has sealed.
func ExampleEngine() {
	spec, err := decision.Parse([]byte(specYAML), "law.yaml")
	if err != nil {
		log.Fatal(err)
	}
	layout := engine.Layout(spec)
	e := engine.New([][]schemas.Log{{{Topic: "events", Kinds: 1<<schemas.Kinds - 1}}})
	if err := e.Start(spec, layout, decision.Head{}, 0); err != nil {
		log.Fatal(err)
	}
	cut := func(wall schemas.Time) {
		for _, o := range e.Cut(engine.CutInput{Cut: decision.Cut{Wall: wall, Due: wall}, Upto: schemas.Never}) {
			fmt.Println(o.Rollout, o.Windows, "windows")
			if v := o.Verdict; v != nil {
				fmt.Println(v.Verdict, v.Reason.Code, v.Routes)
			}
		}
	}
	cut(0)
	feedAll(e, layout, answer("a", "stable", 1), answer("b", "canary", 2), answer("c", "stable", 15))
	cut(at(15))
	// Output:
	// default/law 0 windows
	// advance started [{canary v2 1000} {stable v1 9000}]
	// default/law 1 windows
}

// A restored engine goes on where the other stood: a window that was open when the
// state was written is judged whole.
func ExampleEngine_Restore() {
	spec, err := decision.Parse([]byte(specYAML), "law.yaml")
	if err != nil {
		log.Fatal(err)
	}
	layout := engine.Layout(spec)
	begin := func() *engine.Engine {
		e := engine.New([][]schemas.Log{{{Topic: "events", Kinds: 1<<schemas.Kinds - 1}}})
		if err := e.Start(spec, layout, decision.Head{}, 0); err != nil {
			log.Fatal(err)
		}
		return e
	}
	e := begin()
	e.Cut(engine.CutInput{Upto: schemas.Never})
	feedAll(e, layout, answer("a", "stable", 1), answer("b", "canary", 2))
	state := e.AppendState(nil)

	again := begin()
	if err := again.Restore(state); err != nil {
		log.Fatal(err)
	}
	feedAll(again, layout, answer("a", "stable", 1), answer("c", "stable", 15)) // the first is known already
	fmt.Println(again.Cut(engine.CutInput{Upto: schemas.Never})[0].Windows, "window")
	fmt.Printf("%+v\n", again.Shard(0).Counts("default/law"))
	// Output:
	// 1 window
	// {Counted:3 Duplicate:1 Late:0 Other:0 Arm:0 Early:0 NoKey:0}
}
