package scenario

import (
	"math"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"verdin/schemas"
)

var (
	noon  = schemas.TimeOf(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))
	tenth = Split{CanaryBps: 1000, Generation: 1}
)

func lookup(t testing.TB, name string) Scenario {
	t.Helper()
	sc, err := Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// share returns a router that gives the canary bps/10,000 of the requests.
func share(bps uint32) func(string) bool {
	return func(id string) bool { return hash([]byte("router/"+id))%10_000 < bps }
}

// record is what Emit was given.
type record struct {
	topic     string
	partition int32
	key       string
	ts        schemas.Time
	value     string
}

// play runs a scenario from noon in ticks of a given size.
func play(sc Scenario, seed uint64, length, tick time.Duration, split Split, emit func(record)) {
	g := New(sc, seed, noon)
	for at, end := noon, noon.Add(length); at < end; {
		to := min(at.Add(tick), end)
		g.Tick(at, to, share(uint32(split.CanaryBps)), split, func(topic string, p int32, key []byte, ts schemas.Time, value []byte) {
			emit(record{topic, p, string(key), ts, string(value)})
		})
		at = to
	}
}

// collect is play that keeps everything.
func collect(sc Scenario, seed uint64, length, tick time.Duration, split Split) []record {
	var all []record
	play(sc, seed, length, tick, split, func(r record) { all = append(all, r) })
	return all
}

// decode reads an event strictly: no member twice, none that the contract does not know.
func decode[T any](t testing.TB, r record) T {
	t.Helper()
	var ev T
	if err := json.Unmarshal([]byte(r.value), &ev, json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("%s: %v\n%s", r.topic, err, r.value)
	}
	return ev
}

// tally counts a yes or no, or sums a number.
type tally struct{ n, sum float64 }

func (c *tally) add(x float64) { c.n++; c.sum += x }
func (c *tally) yes(b bool)    { c.add(truth(b)) }
func (c tally) mean() float64  { return c.sum / c.n }

// is fails unless the share is within 4.5 standard errors of want: a false
// failure in 1 of 150,000 seeds, and the seed is fixed.
func (c tally) is(t *testing.T, what string, want float64) {
	t.Helper()
	if tolerance := 4.5 * math.Sqrt(want*(1-want)/c.n); math.Abs(c.mean()-want) > tolerance {
		t.Errorf("%s: %.4f of %.0f, want %.4f ± %.4f", what, c.mean(), c.n, want, tolerance)
	}
}

// thin is the list, and under the race detector every fifth of it.
func thin(names []string) (out []string) {
	for i := 0; i < len(names); i += stride {
		out = append(out, names[i])
	}
	return out
}
