package bench

import (
	"math"
	"math/rand/v2"

	"verdin/stats/sequential"
)

// visits is a look at users who come back and keep their arm: rows by bucket of users,
// all rows, and each user's first row alone.
type visits struct {
	Stage   int
	Buckets []sequential.Bucket
	Rows    Counts
	First   Counts
}

const userWindows = 30

// users are 400 people, each with a share of bad answers of their own, who come back in
// six windows of ten; the ramp moves one after the other to the canary.
func users(r *rand.Rand, see func(visits) bool) {
	const n = 400
	var rate [n]float64
	var seen [n]bool
	order := r.Perm(n)
	for i := range rate {
		rate[i] = Odds(math.Exp(2*r.NormFloat64()))(0.1, 0)
	}
	block := make([]sequential.Bucket, sequential.Buckets)
	for j := range userWindows {
		v := visits{Stage: j * len(ramp) / userWindows, Buckets: block}
		clear(block)
		for i, p := range rate {
			if r.Float64() > 0.6 {
				continue
			}
			arm := 0
			if float64(order[i]) < ramp[v.Stage]*n {
				arm = 1
			}
			bad := int64(0)
			if r.Float64() < p {
				bad = 1
			}
			b := &block[i%len(block)]
			b.Rows[arm]++
			b.Base[arm]++
			b.Sum[arm] += float64(bad)
			v.Rows.add(arm, bad)
			if !seen[i] {
				seen[i] = true
				v.First.add(arm, bad)
			}
		}
		v.Rows.Stage, v.First.Stage = v.Stage, v.Stage
		if !see(v) {
			return
		}
	}
}

func (l *Counts) add(arm int, bad int64) {
	c := &l.Stable
	if arm == 1 {
		c = &l.Canary
	}
	c.N++
	c.Y += bad
}

const sticky = "400 users with rates of their own, who come back and keep their arm; 30 windows"

// comingBack judges all rows, with a variance from buckets of users; the others take
// rows for independent, as ours would if the spec said so.
func comingBack(name string, alpha float64, runs int) Case {
	rows := func(v visits) Counts { return v.Rows }
	ours := Alarm("Verdin", func() func(visits) bool {
		s := sequential.NewSticky(sequential.ScoreOptions{Harm: true, Stages: len(ramp)}, 0)
		return func(v visits) bool {
			s.Observe(v.Buckets, v.Stage)
			return s.Ready() && s.LogEMax() >= threshold(alpha)
		}
	})
	return NewCase(Case{Name: name, About: sticky + "; variance by bucket", Alpha: alpha, Runs: runs}, users,
		ours, Through(ZEachLook(alpha), rows), Through(GrowthBook(alpha), rows), Through(HowardRamdas(alpha), rows))
}

// firstSeen counts each user once.
func firstSeen() Case {
	first := func(v visits) Counts { return v.First }
	return NewCase(Case{Name: "sticky users, first visits", About: sticky + "; each counts once",
		Alpha: falseRollback, Exact: true, Runs: fullRuns}, users,
		Through(HarmShown(sequential.Null{}, sequential.Options{Stages: len(ramp)}, falseRollback), first),
		Through(ZEachLook(falseRollback), first), Through(GrowthBook(falseRollback), first))
}
