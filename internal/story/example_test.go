package story_test

import (
	"context"
	"fmt"
	"os"

	"verdin/internal/story"
)

// A script of four lines: a canary that fails is taken back.
func ExamplePlay() {
	script, err := story.Parse("fails.story", `title: a canary that fails is taken back
-- story --
0s      see advance started canary 20%
1m      canary error_type 50%
1m..2m  see rollback harm canary 0%
3m      end
`, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	tale, err := story.Play(context.Background(), script, story.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	tale.Timeline(os.Stdout)
	fmt.Println(len(script.Check(tale)), len(tale.Check()), tale.Again(context.Background()))
	// Output:
	//     0s       traffic 20/s
	//     0s       both error_type 1%
	//     0s       both outcome.correct 80%
	//     0s       both labels after 20s
	//   » 0s       advance  canary 20%  started: the rollout starts: 20 % of the traffic goes to v2
	//     1m0s     canary error_type 50%
	//   » 1m30s    rollback canary 0%  harm: errors got worse: stable 0.01078, canary 0.1429 over 1299 and 301 observations; evidence e^20.5 against "harm (higher is worse) ≤ 0.03", e^4.3 was needed
	// 0 0 <nil>
}

// Mistakes in a script are named by file and line.
func ExampleParse() {
	_, err := story.Parse("odd.story", "title: a claim\n-- story --\n1m canary eror_type 5%\n", nil)
	fmt.Println(err)
	// Output:
	// script odd.story:3: "eror_type" is no field of an event: write one such as error_type, latency_seconds, prediction_score, metrics.NAME, features.NAME, tags.NAME, outcome.NAME or memory_bytes
}
