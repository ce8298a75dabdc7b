package bench

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"verdin/ingest/window"
	"verdin/stats"
)

// served is a part of a window under one split.
type served struct {
	generation uint32
	stage      int32
	share      float64 // of the canary
	fraction   float64 // of the window
}

// parts of traffic: fractions of requests by segment, the rest first.
var segmentShares = []float64{0.6, 0.2, 0.2}

// normals are equally likely points of the standard normal: a draw is a look-up.
var normals, tails, means = tables()

const points = 1 << 12

func tables() (z, tail, mean [points]float64) {
	for i := range z {
		z[i] = distuv.UnitNormal.Quantile((float64(i) + 0.5) / points)
		tail[i] = tailMedian * math.Exp(tailSpread*z[i])
		mean[i] = meanMedian * math.Exp(meanSpread*z[i])
	}
	return z, tail, mean
}

// draw makes the cells of a part of a window, as a shard would have summarised its
// requests: the same part of the same world draws the same.
func (w *world) draw(k, part int, s served, plan *window.Plan) (fast, label []window.Cell) {
	r := rand.New(rand.NewPCG(w.seed^0x9e3779b97f4a7c15, w.run<<20|uint64(k)<<1|uint64(part)))
	total := int64(distuv.Poisson{Lambda: w.volume[k] * s.fraction, Src: r}.Rand())
	groups := 1
	if w.Segments {
		groups = len(segmentShares)
	}
	cell := func(lane window.Lane, segment int) window.Cell {
		c := window.Cell{Generation: s.generation, Stage: s.stage, Segment: uint8(segment)}
		c.Arms = [2]window.Arm{w.arm(plan, lane, segment), w.arm(plan, lane, segment)}
		return c
	}
	fast, label = []window.Cell{cell(window.Fast, 0)}, []window.Cell{cell(window.Label, 0)}
	rest := 1.0
	for g := groups - 1; g >= 0; g-- {
		n := total
		if g > 0 {
			n = Binomial(r, total, segmentShares[g]/rest)
			rest -= segmentShares[g]
			total -= n
		}
		into := [window.Lanes]*window.Cell{&fast[0], &label[0]}
		if g > 0 {
			fast, label = append(fast, cell(window.Fast, g)), append(label, cell(window.Label, g))
			into = [window.Lanes]*window.Cell{&fast[len(fast)-1], &label[len(label)-1]}
		}
		canary := Binomial(r, n, s.share)
		w.fill(r, Moment{k, s.share, g}, [2]int64{n - canary, canary}, into)
		if g > 0 {
			merge(&fast[0], into[0])
			merge(&label[0], into[1])
		}
	}
	w.features(r, &fast[0], plan, Moment{k, s.share, 0})
	if w.Segments { // ascending
		fast[1], fast[2] = fast[2], fast[1]
		label[1], label[2] = label[2], label[1]
	}
	return fast, label
}

func merge(into, from *window.Cell) {
	for a := range into.Arms {
		into.Arms[a].N += from.Arms[a].N
		for i := range from.Arms[a].Metrics {
			into.Arms[a].Metrics[i].Merge(&from.Arms[a].Metrics[i])
		}
	}
}

// arm is an empty arm of a plan's lane.
func (w *world) arm(plan *window.Plan, lane window.Lane, segment int) (a window.Arm) {
	for i := range plan.Metrics {
		if plan.Metrics[i].Lane() == lane {
			a.Metrics = append(a.Metrics, stats.NewSummary(plan.Metrics[i].Shape))
		}
	}
	if lane == window.Fast && segment == 0 {
		for i := range plan.Features {
			a.Features = append(a.Features, stats.NewSummary(stats.Shape{Kind: stats.Bins, Bins: plan.Features[i].Bins(), Sub: plan.Subs()}))
		}
	}
	return a
}

// fill draws what the requests of one segment add up to in both lanes.
func (w *world) fill(r *rand.Rand, m Moment, n [2]int64, into [window.Lanes]*window.Cell) {
	for a := range n {
		for lane := range into {
			into[lane].Arms[a].N += uint64(n[a])
		}
		at := [window.Lanes]int{}
		for i := range w.Gauges {
			g, lane := &w.Gauges[i], window.Fast
			if g.Kind == labelGauge {
				lane = window.Label
			}
			dose := 0.0
			if a == 1 && g.Dose != nil {
				dose = g.Dose(m)
			}
			g.draw(r, w.rates[i][m.Window], dose, n[a], &into[lane].Arms[a].Metrics[at[lane]])
			at[lane]++
		}
	}
}

// draw adds n requests to a summary; level is the stable arm's.
func (g *Gauge) draw(r *rand.Rand, level, dose float64, n int64, s *stats.Summary) {
	switch g.Kind {
	case shareGauge:
		s.N += uint64(n)
		s.Ones += uint64(Binomial(r, n, level+dose*g.Margin))
	case labelGauge:
		came := Binomial(r, n, labelled90)
		s.N += uint64(came)
		s.Null += uint64(n - came)
		s.Ones += uint64(Binomial(r, came, 1-level-dose*g.Margin))
	case tailGauge:
		drawValues(r, &tails, level*(1+dose*g.Margin), n, s)
	case meanGauge:
		drawValues(r, &means, level*(1+dose*g.Margin), n, s)
	}
}

func drawValues(r *rand.Rand, law *[points]float64, scale float64, n int64, s *stats.Summary) {
	for range n {
		s.Add(scale * law[r.Uint64()%points])
	}
}

// features draws the watched features: values of the stable arm while their edges are
// being learnt, counts by bin from then on.
func (w *world) features(r *rand.Rand, c *window.Cell, plan *window.Plan, m Moment) {
	for i := range plan.Features {
		known := &plan.Features[i]
		for a := range c.Arms {
			shift, s := 0.0, &c.Arms[a].Features[i]
			if a == 1 && i == 0 && w.Shift != nil {
				shift = w.Shift(m)
			}
			switch {
			case known.Edges != nil:
				countBins(r, binned(known, shift), int64(c.Arms[a].N), s)
			case a == 0:
				for range c.Arms[0].N {
					s.Offer(r.Uint64()|1, normals[r.Uint64()%points])
				}
			}
		}
	}
}

// binned is the bin of every point of the normal law, shifted.
func binned(f *window.Feature, shift float64) (bin [points]uint16) {
	k := 0
	for i := range bin {
		for k < len(f.Edges) && normals[i]+shift >= f.Edges[k] {
			k++
		}
		bin[i] = uint16(f.Group(k))
	}
	return bin
}

func countBins(r *rand.Rand, bin [points]uint16, n int64, s *stats.Summary) {
	for range n {
		x := r.Uint64()
		s.AddBin(int(x>>32)%s.Shape.Sub, int(bin[x%points]))
	}
}
