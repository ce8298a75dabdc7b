package scenario

import (
	"math"
	"testing"
)

func kl(p, q float64) float64 {
	return float64(p*math.Log(p/q)) + float64((1-p)*math.Log((1-p)/(1-q)))
}

// nats is the evidence a minute of n[0] and n[1] units with rates p against the
// nearest point (x, boundary(x)) on the margin.
func nats(n, p [2]float64, boundary func(float64) float64) float64 {
	least := math.Inf(1)
	for x := 1e-4; x < 1; x += 1e-4 {
		if y := boundary(x); y > 0 && y < 1 {
			least = min(least, n[0]*kl(p[0], x)+n[1]*kl(p[1], y))
		}
	}
	return least
}

// tailAbove is P(latency above c·grow) when c is the p99 of the spread of stable.
func tailAbove(grow, spread float64) float64 {
	const z = 2.3263 // 99th percentile of the normal distribution
	return 0.5 * math.Erfc((z*spreadLatency+math.Log(grow))/spread/math.Sqrt2)
}

// The planning numbers of the package comment.
func TestTheFirstStageIsLongEnough(t *testing.T) {
	perMinute := requestsPerSecond * 60.0
	all := [2]float64{0.9 * perMinute, 0.1 * perMinute}
	labels := [2]float64{all[0] * labelled * (1 - errorRate), all[1] * labelled * (1 - errorRate)}
	equal := func(x float64) float64 { return x }
	point := func(x float64) float64 { return x + 0.01 }
	fivePoints := func(x float64) float64 { return x - 0.05 }
	slow := spreadLatency + math.Log(1.6)/z99
	safe, harm := math.Log(1/0.05)+1, math.Log(4*5/0.05)+1
	for _, c := range []struct {
		name     string
		n, p     [2]float64
		boundary func(float64) float64
		want     float64 // nats a minute, as the package comment says
		need     float64
		wait     float64 // minutes until the first evidence
	}{
		{"error rate is safe", all, [2]float64{0.01, 0.01}, point, 1.4, safe, 1},
		{"latency is safe", all, [2]float64{0.01, tailAbove(1.25, spreadLatency)}, equal, 1.6, safe, 1},
		{"accuracy is safe", labels, [2]float64{0.8, 0.8}, fivePoints, 0.76, safe, 11},
		{"errors are harm", all, [2]float64{0.01, 0.04}, point, 3.5, harm, 1},
		{"latency is harm", all, [2]float64{0.01, tailAbove(1.25, slow)}, equal, 3.0, harm, 1},
		{"accuracy is harm", labels, [2]float64{0.8, 0.7}, fivePoints, 0.69, harm, 11},
	} {
		got := nats(c.n, c.p, c.boundary)
		if math.Abs(got-c.want) > 0.05 {
			t.Errorf("%s: %.2f nats a minute, the comment says %.2f", c.name, got, c.want)
		}
		if minutes := c.wait + c.need/got; minutes > 25 {
			t.Errorf("%s: shown after %.0f minutes, the first stage has 30", c.name, minutes)
		}
	}
}
