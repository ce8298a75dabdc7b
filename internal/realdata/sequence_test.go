package realdata

import (
	"math"
	"testing"

	"verdin/stats/sequential"
)

// snapshot is what an experiment of a shop had counted up to one moment.
type snapshot struct {
	stable, canary sequential.Counts
}

// experiment reads the conversions of one arm; they are a share, so their sum is exact.
func experiment(t *testing.T, rows []map[string]string, name, arm string) (all []snapshot) {
	t.Helper()
	for _, r := range rows {
		if r["experiment_id"] != name || r["variant_id"] != arm || r["metric_id"] != "1" {
			continue
		}
		count := func(n, mean string) sequential.Counts {
			users := number(t, r[n])
			return sequential.Counts{N: int64(users), Y: int64(math.Round(users * number(t, r[mean])))}
		}
		all = append(all, snapshot{count("count_c", "mean_c"), count("count_t", "mean_t")})
	}
	if len(all) == 0 {
		t.Fatalf("experiment %s has no arm %s", name, arm)
	}
	return all
}

// windows are the differences of snapshots; where late events make more conversions
// than users, or a count falls, there is no window.
func windows(all []snapshot, see func(a, b sequential.Counts)) {
	last := snapshot{}
	minus := func(x, y sequential.Counts) sequential.Counts {
		return sequential.Counts{N: x.N - y.N, Y: x.Y - y.Y}
	}
	for _, s := range all {
		a, b := minus(s.stable, last.stable), minus(s.canary, last.canary)
		last = s
		if a.Y >= 0 && a.Y <= a.N && b.Y >= 0 && b.Y <= b.N && a.N > 0 && b.N > 0 {
			see(a, b)
		}
	}
}

func TestShopExperimentsHaveTheRightSign(t *testing.T) {
	rows := csvRows(t, "asos", "asos_even.csv.gz")
	for _, c := range []struct {
		name, arm string
		z         float64
	}{{"79f97f", "1", 16.82}, {"ee6ff7", "1", 11.57}, {"9b959e", "1", -10.02}, {"329386", "1", 0.42}, {"a68bf4", "1", -0.14}, {"834947", "1", -0.04}} {
		fine := sequential.Options{MDE: 0.01} // millions of users: the spec's mde is small too
		up, down := sequential.NewHarm(sequential.Null{Worse: sequential.Higher}, fine), sequential.NewHarm(sequential.Null{Worse: sequential.Lower}, fine)
		windows(experiment(t, rows, c.name, c.arm), func(a, b sequential.Counts) {
			up.Observe(a, b, 0)
			down.Observe(a, b, 0)
		})
		shown := [2]bool{up.LogEMax() >= math.Log(20), down.LogEMax() >= math.Log(20)}
		if want := [2]bool{c.z > 4, c.z < -4}; shown != want {
			t.Errorf("%s arm %s: higher shown %v, lower shown %v; log e %.1f and %.1f, the textbook has z = %v", c.name, c.arm, shown[0], shown[1], up.LogEMax(), down.LogEMax(), c.z)
		}
	}
}

func TestShopSplitsThatAreOff(t *testing.T) {
	rows := csvRows(t, "asos", "asos_even.csv.gz")
	for _, c := range []struct {
		name, arm string
		off       bool
	}{
		{"329386", "1", true}, {"329386", "2", true}, {"64dc88", "1", true}, {"64dc88", "2", true},
		// Not asked: a68bf4 and 26bd38 are off by 0.06 and 0.1 points, less than half of the
		// smallest tilt that the test looks for, 0.25 points.
		{"79f97f", "1", false}, {"ee6ff7", "1", false}, {"9b959e", "1", false}, {"47a23b", "1", false},
	} {
		test, first, day := sequential.NewSampleRatio(), 0, 0
		windows(experiment(t, rows, c.name, c.arm), func(a, b sequential.Counts) {
			day++
			test.Observe(0.5, a.N, b.N)
			if first == 0 && test.LogEMax() >= math.Log(1000) {
				first = day
			}
		})
		if (first > 0) != c.off {
			t.Errorf("%s arm %s: split off at window %d of %d, log e %.1f; want %v", c.name, c.arm, first, day, test.LogEMax(), c.off)
		}
	}
}
