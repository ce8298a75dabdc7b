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
