package bench

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"verdin/ingest/window"
	"verdin/internal/engine"
	"verdin/internal/peers"
	"verdin/schemas"
)

// Visits has every request drawn as a row of a chunk, which a shard windows and joins
// with outcomes that are rows, too. Users have a share of bad answers of their own and
// come back.
type Visits struct {
	Users  int
	Chance float64 // that a user comes in a window
	Sticky bool    // a user keeps the arm; else every request is assigned anew
}

const userSpread = 1.0 // σ of the log odds of a user's bad answers

// visitors is a source whose windows are made of rows.
type visitors struct {
	*world
	shard  *engine.Shard
	layout *schemas.Layout
	logs   [2]schemas.Chunk
	offset [2]int64
	place  []float64 // of each user in the order of the split
	odds   []float64 // of each user, beside the world's rate
	owed   []outcome // labels that have not come yet
	byUser []visitsOf
	ratio  [2]ratioSums
}

type outcome struct {
	at    schemas.Time
	key   string
	right bool
}

// visitsOf are the visits of one user to each arm, and the bad answers among them.
type visitsOf [2]struct{ n, y float64 }

func newVisitors(w *world, plan *window.Plan, layout *schemas.Layout, logs [][]schemas.Log) *visitors {
	v := &visitors{world: w, layout: layout, shard: engine.NewShard(0, 0, logs[0]), byUser: make([]visitsOf, w.Visits.Users)}
	v.shard.Watch(plan)
	r := rand.New(rand.NewPCG(w.seed^1, w.run))
	for range w.Visits.Users {
		v.place = append(v.place, r.Float64())
		v.odds = append(v.odds, math.Exp(userSpread*r.NormFloat64()))
	}
	return v
}

func (v *visitors) revise(plan *window.Plan, from schemas.Time) { v.shard.Revise(plan, from) }

// window draws the visits of a window and feeds them to the shard, with the labels that
// come in it; the logs are then silent until its lateness is over.
func (v *visitors) window(k int, parts []served) ([]window.Partial, [2]int64) {
	var n [2]int64
	for i := range v.logs {
		v.logs[i].Reset(i, v.layout)
	}
	r := rand.New(rand.NewPCG(v.seed^2, v.run<<20|uint64(k)))
	begin := schemas.Time(k) * minute
	for _, p := range parts {
		span := schemas.Time(p.fraction * float64(minute))
		for u := range v.place {
			if r.Float64() < v.Visits.Chance*p.fraction {
				n[v.visit(r, k, u, p, begin+schemas.Time(r.Int64N(int64(span))))]++
			}
		}
		begin += span
	}
	due := schemas.Time(k+1) * minute
	slices.SortFunc(v.owed, func(a, b outcome) int { return int(a.at - b.at) })
	for len(v.owed) > 0 && v.owed[0].at < due {
		v.label(v.owed[0])
		v.owed = v.owed[1:]
	}
	for i := range v.logs {
		for row := 0; row < v.logs[i].Len(); {
			row = v.shard.Feed(&v.logs[i], row)
		}
		v.shard.Idle(i, due.Add(lateness))
	}
	return v.shard.Take(), n
}

// visit draws one request, and the label that it will have, and returns its arm.
func (v *visitors) visit(r *rand.Rand, k, u int, p served, at schemas.Time) (arm int) {
	place := v.place[u]
	if !v.Visits.Sticky {
		place = r.Float64()
	}
	if place < p.share {
		arm = 1
	}
	values := map[string]float64{}
	key, m := strconv.FormatInt(v.offset[0], 10), Moment{k, p.share, 0}
	for i := range v.Gauges {
		g, dose, level := &v.Gauges[i], 0.0, v.rates[i][k]
		if arm == 1 && g.Dose != nil {
			dose = g.Dose(m)
		}
		bad := 0.0
		if o := v.odds[u] * level / (1 - level); g.Kind != tailGauge && r.Float64() < o/(1+o)+dose*g.Margin {
			bad = 1
		}
		switch g.Kind {
		case shareGauge:
			values["metrics."+g.Name] = bad
			v.count(u, arm, bad)
		case tailGauge:
			values["latency_seconds"] = level * (1 + dose*g.Margin) * tails[r.Uint64()%points]
		case labelGauge:
			if r.Float64() < labelled90 {
				delay := min(0.95, r.ExpFloat64()/4) * horizon
				v.owed = append(v.owed, outcome{at + schemas.Time(delay*float64(minute)), key, bad == 0})
			}
		}
	}
	v.row(0, schemas.KindPrediction, at, key, p, [2]string{[2]string{"stable", "canary"}[arm], "u" + strconv.Itoa(u)}, "", func(field string) (float64, bool) {
		x, ok := values[field]
		return x, ok
	})
	return arm
}

func (v *visitors) label(o outcome) {
	name := ""
	for i := range v.Gauges {
		if v.Gauges[i].Kind == labelGauge {
			name = v.Gauges[i].Name
		}
	}
	v.row(1, schemas.KindOutcome, o.at, o.key, served{stage: -1}, [2]string{}, name, func(field string) (float64, bool) {
		if o.right {
			return 1, field == "value"
		}
		return 0, field == "value"
	})
}

// row appends a row to the chunk of a log.
func (v *visitors) row(log int, kind schemas.Kind, at schemas.Time, key string, p served, armUnit [2]string, name string, value func(string) (float64, bool)) {
	c := &v.logs[log]
	text := func(s string) schemas.Text { return c.Intern([]byte(s)) }
	c.Row = append(c.Row, int32(rowsOf(c, kind)))
	c.Kind, c.Offset = append(c.Kind, kind), append(c.Offset, v.offset[log])
	c.TS, c.At = append(c.TS, at), append(c.At, at)
	rollout := ""
	if kind == schemas.KindPrediction {
		rollout = "bench"
	}
	c.Rollout, c.Arm = append(c.Rollout, text(rollout)), append(c.Arm, text(armUnit[0]))
	c.Key, c.Unit = append(c.Key, text(key)), append(c.Unit, text(armUnit[1]))
	c.Name, c.Identifier, c.Revision = append(c.Name, text(name)), append(c.Identifier, schemas.Text{}), append(c.Revision, 0)
	c.Generation, c.Stage = append(c.Generation, p.generation), append(c.Stage, p.stage)
	c.Rate = append(c.Rate, 1)
	v.offset[log]++
	c.Next = v.offset[log]
	for i, field := range v.layout.Fields[kind] {
		var cell schemas.Cell
		if x, ok := value(field); ok {
			cell = schemas.Cell{Kind: schemas.Number, Num: x}
		}
		c.Values[kind][i] = append(c.Values[kind][i], cell)
	}
}

func rowsOf(c *schemas.Chunk, kind schemas.Kind) (n int) {
	if len(c.Values[kind]) > 0 {
		return len(c.Values[kind][0])
	}
	return 0
}

// ratioSums are sums over users of visits n and bad answers y, for a share by user.
type ratioSums struct{ users, n, y, nn, yy, ny float64 }

func (v *visitors) count(u, arm int, bad float64) {
	s, x := &v.ratio[arm], &v.byUser[u][arm]
	if x.n == 0 {
		s.users++
	}
	s.n, s.y = s.n+1, s.y+bad
	s.nn += 2*x.n + 1
	s.ny += x.y + bad*(x.n+1)
	s.yy += bad * (2*x.y + 1)
	x.n, x.y = x.n+1, x.y+bad
}

// sample is the share of bad answers with its variance by the delta method over users.
func (s ratioSums) sample() peers.Sample {
	q := s.y / s.n
	spread := (s.yy - 2*q*s.ny + q*q*s.nn) / s.users // of y − q·n, whose mean is 0
	each := s.n / s.users
	return peers.Sample{N: s.users, Mean: q, Variance: spread / (each * each)}
}
