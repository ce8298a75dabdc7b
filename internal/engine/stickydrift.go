package engine

import (
	"math"

	"verdin/drift"
	"verdin/internal/wire"
	"verdin/stats"
	"verdin/stats/sequential"
)

// stickyDrift asks whether a distribution is still the same where units come back: the
// share of every set of bins that is looked at may not differ between the arms by more
// than the tolerance allows, to either side. The evidence is the mean over sets and
// sides, on one clock. Asymptotic.
//
// For KS the sets are all bins below an edge, and the tolerance is the distance itself.
// For PSI they are single bins: shares p and q of a set add at least
//
//	(q − p)·(logit q − logit p) ≥ 4·(q − p)²
//
// to the index, so that PSI ≤ d implies |q − p| ≤ √d/2. The test is on the safe side.
type stickyDrift struct {
	bins    int
	sets    []binSet
	buckets []sequential.Bucket
	logs    []float64
	log     float64
	most    float64
	shown   drift.Test // for its effect alone
}

type binSet struct {
	from, to int
	*sequential.Sticky
}

// mostSets bounds the sets that are looked at.
const mostSets = 16

func newStickyDrift(method string, bins int, above float64, stages, buckets int) *stickyDrift {
	t := &stickyDrift{bins: bins, buckets: make([]sequential.Bucket, buckets), shown: drift.Methods[method](bins, above, stages)}
	margin := above
	if method == "psi" {
		margin = math.Sqrt(above) / 2
	}
	add := func(from, to int) {
		for _, worse := range []sequential.Worse{sequential.Higher, sequential.Lower} {
			t.sets = append(t.sets, binSet{from, to, sequential.NewSticky(sequential.ScoreOptions{
				Null: sequential.Null{Worse: worse, Margin: margin}, Harm: true, Stages: stages}, buckets)})
		}
	}
	n := min(bins-1, mostSets)
	for k := range n {
		switch {
		case method == "ks":
			add(0, (k+1)*bins/(n+1))
		case bins-1 <= mostSets:
			add(k+1, k+2)
		default:
			add(k*bins/n, (k+1)*bins/n)
		}
	}
	t.logs = make([]float64, len(t.sets))
	return t
}

func (t *stickyDrift) Observe(b drift.Block) {
	if len(b.Stable) != t.bins*len(t.buckets) || len(b.Canary) != len(b.Stable) {
		return
	}
	t.shown.Observe(b)
	for i := range t.sets {
		t.sets[i].Observe(t.fill(b, &t.sets[i]), b.Stage)
		t.logs[i] = t.sets[i].LogE()
	}
	if len(t.sets) > 0 {
		t.log = stats.LogSumExp(t.logs) - math.Log(float64(len(t.logs)))
	}
	t.most = math.Max(t.most, t.log)
}

func (t *stickyDrift) fill(b drift.Block, set *binSet) []sequential.Bucket {
	clear(t.buckets)
	for a, counts := range [2][]uint64{b.Stable, b.Canary} {
		for g := range t.buckets {
			k := &t.buckets[g]
			for bin, n := range counts[g*t.bins : (g+1)*t.bins] {
				k.Rows[a] += int64(n)
				if bin >= set.from && bin < set.to {
					k.Sum[a] += float64(n)
				}
			}
			k.Base[a] = float64(k.Rows[a])
		}
	}
	return t.buckets
}

func (t *stickyDrift) LogE() float64    { return t.log }
func (t *stickyDrift) LogEMax() float64 { return t.most }
func (t *stickyDrift) N() [2]int64      { return t.shown.N() }
func (t *stickyDrift) Blocks() int64    { return t.shown.Blocks() }

// Effect is the distance in the running stage, without bounds: those hold for
// independent events.
func (t *stickyDrift) Effect() stats.Interval {
	e := t.shown.Effect()
	e.Low, e.High, e.Level, e.Method = e.Estimate, e.Estimate, 0, "asymptotic"
	return e
}

func (t *stickyDrift) AppendState(b []byte) []byte { return appendFields(b, t.fields) }
func (t *stickyDrift) Restore(b []byte) error      { return restoreFields(b, errTest, t.fields) }

func (t *stickyDrift) fields(f *wire.Fields) {
	for i := range t.sets {
		part(f, t.sets[i].Sticky)
		t.logs[i] = t.sets[i].LogE()
	}
	f.Float(&t.log)
	f.Float(&t.most)
	part(f, t.shown)
}
