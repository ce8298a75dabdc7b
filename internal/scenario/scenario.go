package scenario

import (
	_ "embed"
	"fmt"
	"strings"
	"time"
)

// Topics that the generator writes; the spec of every scenario reads them.
const (
	Predictions = "ml.predictions"
	Outcomes    = "ml.outcomes"
	Resources   = "ml.resources"
)

// Rollout is the name of the rollout in every scenario: what differs is the
// world, not the question.
const Rollout = "assistant"

// Horizon is the time within which outcomes count; the longest delay that the
// generator draws is shorter.
const Horizon = 10 * time.Minute

// How a scenario should end.
const (
	Promote  = "promote"
	Rollback = "rollback"
	Hold     = "hold"
)

// Scenario is a world with one canary in it.
type Scenario struct {
	Name              string
	Summary           string        // what is wrong with the canary, one sentence
	Spec              []byte        // the rollout as YAML
	Expect            string        // Promote, Rollback or Hold
	Reason            string        // the metric, drift check or health rule that should decide; "" for Promote
	Duration          time.Duration // logical time after which the ending is certain to be known
	RequestsPerSecond float64       // mean over a day; 20 % more in the evening, 20 % less in the morning
	Partitions        int32         // of every topic

	canary departure
	shadow bool          // the canary answers copies of requests only
	silent time.Duration // no event at all from this time after the start; 0 = never
}

// departure says in what the canary differs from stable. The zero value is an
// identical twin.
type departure struct {
	stage   int32   // the stage from which the differences show
	errors  float64 // added to the error rate, as a share of requests
	tail    float64 // added to the 99th percentile of latency, as a share of it; the median stays
	mend    float64 // share of wrong answers put right
	spoil   float64 // share of right answers made wrong
	shift   float64 // added to the log odds of the score
	tokens  float64 // added to the tokens, as a share of them
	baskets float64 // factor on the basket value in the log; 0 = none
	lost    float64 // share of requests of which no event arrives
}

//go:embed specs/assistant.yaml
var assistant []byte

//go:embed specs/shadow.yaml
var shadow []byte

const (
	requestsPerSecond = 80
	partitions        = 2
	whole             = 6 * time.Hour // four bakes, four label horizons, the last bake, and room
)

// scenarios is the table of worlds, in the order in which help lists them.
var scenarios = []Scenario{
	{
		Name: "good", Expect: Promote, Duration: whole,
		Summary: "the canary is right a little more often and answers in fewer tokens: it is promoted through all stages",
		canary:  departure{mend: 0.05, tokens: -0.05},
	},
	{
		Name: "aa", Expect: Promote, Duration: whole,
		Summary: "both arms are the same model: nothing may be found, and the canary is promoted",
	},
	{
		Name: "errors", Expect: Rollback, Reason: "error_rate", Duration: time.Hour,
		Summary: "4 % of the canary's requests fail instead of 1 %, from the first minute",
		canary:  departure{errors: 0.03},
	},
	{
		Name: "late-harm", Expect: Rollback, Reason: "error_rate", Duration: 3 * time.Hour,
		Summary: "the canary is harmless up to 25 % of the traffic and fails under load from 50 % on",
		canary:  departure{stage: 2, errors: 0.03},
	},
	{
		Name: "latency", Expect: Rollback, Reason: "latency_p99", Duration: time.Hour,
		Summary: "the canary's slowest percent is 60 % slower, its median unchanged",
		canary:  departure{tail: 0.6},
	},
	{
		Name: "quality", Expect: Rollback, Reason: "accuracy", Duration: 2 * time.Hour,
		Summary: "the canary is right in 70 % instead of 80 %: only the delayed labels can tell",
		canary:  departure{spoil: 0.125},
	},
	{
		Name: "drift", Expect: Rollback, Reason: "scores", Duration: time.Hour,
		Summary: "the canary's scores are shifted upwards: seen in minutes, before any label",
		canary:  departure{shift: 1.9},
	},
	{
		Name: "features", Expect: Hold, Reason: "inputs", Duration: time.Hour,
		Summary: "the canary's pipeline logs baskets in cents: the arms do not see the same inputs, so nothing can be concluded",
		canary:  departure{baskets: 100},
	},
	{
		Name: "srm", Expect: Hold, Reason: "assignment", Duration: time.Hour,
		Summary: "a fifth of the canary's requests is lost on the way: the split that arrives is not the split that was asked for",
		canary:  departure{lost: 0.2},
	},
	{
		Name: "no-traffic", Expect: Hold, Reason: "no_data", Duration: 30 * time.Minute,
		Summary: "after 12 minutes no event of either arm arrives any more",
		silent:  12 * time.Minute,
	},
	{
		Name: "shadow", Expect: Promote, Duration: 2 * time.Hour, shadow: true,
		Summary: "the canary answers copies of all requests and is as good: shown safe pair by pair, without a visitor having seen it",
		canary:  departure{mend: 0.05, tokens: -0.05},
	},
	{
		Name: "shadow-harm", Expect: Rollback, Reason: "accuracy", Duration: 2 * time.Hour, shadow: true,
		Summary: "the canary answers copies of all requests, and is right in 70 % instead of 80 %: no visitor was harmed",
		canary:  departure{spoil: 0.125},
	},
	{
		Name: "shadow-lost", Expect: Hold, Reason: "unpaired", Duration: 20 * time.Minute, shadow: true,
		Summary: "half of the copies are lost on the way: what is left looks good, and proves nothing",
		canary:  departure{lost: 0.5},
	},
}

// Names lists the scenarios in the order of the table.
func Names() []string {
	names := make([]string, len(scenarios))
	for i := range scenarios {
		names[i] = scenarios[i].Name
	}
	return names
}

// Lookup finds a scenario by name. The error lists the names there are.
func Lookup(name string) (Scenario, error) {
	for _, sc := range scenarios {
		if sc.Name == name {
			sc.Spec = assistant
			if sc.shadow {
				sc.Spec = shadow
			}
			sc.RequestsPerSecond = requestsPerSecond
			sc.Partitions = partitions
			return sc, nil
		}
	}
	return Scenario{}, fmt.Errorf("scenario %q is not known: choose one of %s", name, strings.Join(Names(), ", "))
}
