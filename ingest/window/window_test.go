package window_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/array"

	"verdin/ingest/window"
	"verdin/schemas"
	"verdin/stats"
)

// plan counts one metric of each kind and two features.
func plan() *window.Plan {
	return &window.Plan{
		Rollout: "default/r", Length: 10 * time.Second, Horizon: time.Minute, ErrorCol: 0, VersionCol: -1,
		Metrics: []window.Metric{
			{Name: "errors", On: schemas.KindPrediction, Column: 0, Shape: stats.Shape{Kind: stats.Proportion}, High: 1},
			{Name: "latency", On: schemas.KindPrediction, Column: 1, Shape: stats.Shape{Kind: stats.Quantile}, High: 1e12, Success: true},
			{Name: "tokens", On: schemas.KindPrediction, Column: 2, Shape: stats.Shape{Kind: stats.Mean}, High: 100},
		},
		Features: []window.Feature{
			{Field: "features.age", Column: 3, Edges: []float64{20, 40}},
			{Field: "features.country", Column: 4, Categories: []string{"de", "fr"}},
		},
	}
}

var layout = &schemas.Layout{Fields: [schemas.Kinds][]string{
	schemas.KindPrediction: {"error_type", "latency_seconds", "metrics.tokens", "features.age", "features.country"},
}}

// row is one prediction; NaN-free values, "" = no error, country "" = null.
type row struct {
	err     string
	latency float64
	tokens  schemas.ValueKind
	n       float64
	age     float64
	country string
}

func chunk(rows []row) *schemas.Chunk {
	c := new(schemas.Chunk)
	c.Reset(0, layout)
	for i, r := range rows {
		c.Kind, c.Row = append(c.Kind, schemas.KindPrediction), append(c.Row, int32(i))
		c.Generation, c.Stage = append(c.Generation, 1), append(c.Stage, int32(i%2))
		c.Rate = append(c.Rate, []int32{1, 30, 1, 7}[i%4])
		put := func(col int, k schemas.ValueKind, x float64, s string) {
			v := &c.Values[schemas.KindPrediction][col]
			*v = append(*v, schemas.Cell{Kind: k, Num: x, Text: c.Intern([]byte(s))})
		}
		put(0, schemas.String, 0, r.err)
		put(1, schemas.Number, r.latency, "")
		put(2, r.tokens, r.n, "")
		put(3, schemas.Number, r.age, "")
		if r.country == "" {
			put(4, schemas.Null, 0, "")
		} else {
			put(4, schemas.String, 0, r.country)
		}
	}
	return c
}

func rows(n int) []row {
	rng := rand.New(rand.NewPCG(3, 4))
	out := make([]row, n)
	for i := range out {
		out[i] = row{latency: rng.ExpFloat64(), tokens: schemas.Number, n: rng.Float64() * 120, age: rng.Float64() * 60,
			country: []string{"", "de", "fr", "xx"}[rng.IntN(4)]}
		if rng.IntN(10) == 0 {
			out[i].err = "timeout"
		}
		if rng.IntN(10) == 0 {
			out[i].tokens = schemas.String
		}
	}
	return out
}

func cells(p *window.Pool, c *schemas.Chunk, from, to int) window.Partial {
	tally := p.Tally()
	for i := from; i < to; i++ {
		tally.Observe(c, i, int8(i%3&1), uint64(i)*0x9E3779B97F4A7C15|1)
	}
	return window.Partial{Rollout: "default/r", Cells: tally.Close()}
}

func TestAnySplitOfTheRowsMergesToTheSameBytes(t *testing.T) { // W3
	c := chunk(rows(3000))
	pool := window.NewPool(plan(), window.Fast)
	whole := cells(pool, c, 0, 3000)
	want := whole.AppendBinary(nil)
	rng := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		cut1, cut2 := rng.IntN(3000), rng.IntN(3000)
		cut1, cut2 = min(cut1, cut2), max(cut1, cut2)
		parts := []window.Partial{cells(pool, c, 0, cut1), cells(pool, c, cut1, cut2), cells(pool, c, cut2, 3000)}
		rng.Shuffle(3, func(i, k int) { parts[i], parts[k] = parts[k], parts[i] })
		parts[0].Merge(&parts[1])
		parts[0].Merge(&parts[2])
		if got := parts[0].AppendBinary(nil); !bytes.Equal(got, want) {
			t.Fatalf("cuts %d, %d: merged bytes differ", cut1, cut2)
		}
	}
}

func TestCountsAreThoseOfTheRows(t *testing.T) {
	c := chunk([]row{
		{err: "timeout", latency: 9, tokens: schemas.Number, n: 150, age: 39.9, country: "fr"},
		{latency: 1, tokens: schemas.Number, n: 5, age: 40, country: "xx"},
		{latency: 2, tokens: schemas.String, age: 10},
		{latency: 3, tokens: schemas.Null, age: 10, country: "de"},
	})
	for i := range c.Stage {
		c.Stage[i] = 0
	}
	tally := window.NewPool(plan(), window.Fast).Tally()
	for i := range 4 {
		tally.Observe(c, i, 1, 16) // sub-bucket 0
	}
	got := tally.Close()[0].Arms[1]
	errors, latency, tokens := &got.Metrics[0], &got.Metrics[1], &got.Metrics[2]
	if got.N != 4 || errors.N != 4 || errors.Ones != 1 {
		t.Errorf("errors: %d of %d among %d, want 1 of 4 among 4", errors.Ones, errors.N, got.N)
	}
	if latency.N != 3 || latency.Null != 0 {
		t.Errorf("latency of successes: %d values, want 3", latency.N)
	}
	if tokens.N != 2 || tokens.Clamped != 1 || tokens.Invalid != 1 || tokens.Null != 1 || tokens.Sum.Float() != 105 {
		t.Errorf("tokens: %+v, want 2 values with sum 105, one clamped, one invalid, one null", tokens)
	}
	if want := []uint64{0, 0, 0, 0, 0, 2, 1, 1}; fmt.Sprint(got.Features[0].Bins[:8]) != fmt.Sprint(want) {
		t.Errorf("age bins %v, want %v", got.Features[0].Bins[:8], want)
	}
	if want := []uint64{1, 0, 0, 0, 0, 1, 1, 0, 1}; fmt.Sprint(got.Features[1].Bins[:9]) != fmt.Sprint(want) {
		t.Errorf("country bins %v (five odd ones, de, fr, other known, new), want %v", got.Features[1].Bins[:9], want)
	}
}

func TestAFullBatchIsSummarisedEarly(t *testing.T) {
	c := chunk(rows(10))
	tally := window.NewPool(plan(), window.Fast).Tally()
	for i := range window.MaxRows + 7 {
		tally.Observe(c, 0, 0, uint64(i)+1)
	}
	if n := tally.Close()[0].Arms[0].N; n != window.MaxRows+7 {
		t.Errorf("%d rows, want %d", n, window.MaxRows+7)
	}
}

func TestPartialSurvivesItsBinaryForm(t *testing.T) {
	p := cells(window.NewPool(plan(), window.Fast), chunk(rows(200)), 0, 200)
	p.Late, p.Gap, p.To, p.PlanHash, p.After, p.End = [2]uint64{3, 4}, true, 99, 7, -5, 1<<60
	b := p.AppendBinary(nil)
	q, rest, err := window.DecodePartial(append(b, 1, 2))
	if err != nil || len(rest) != 2 {
		t.Fatalf("decode: %v, %d bytes left", err, len(rest))
	}
	if !bytes.Equal(q.AppendBinary(nil), b) {
		t.Error("decoded and encoded again, the bytes differ")
	}
}

func FuzzDecodePartial(f *testing.F) {
	p := cells(window.NewPool(plan(), window.Fast), chunk(rows(20)), 0, 20)
	f.Add(p.AppendBinary(nil))
	f.Add([]byte{1, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, rest, err := window.DecodePartial(b)
		if err != nil {
			return
		}
		again, _, err := window.DecodePartial(p.AppendBinary(nil))
		if err != nil || !bytes.Equal(again.AppendBinary(nil), p.AppendBinary(nil)) {
			t.Fatalf("not stable: %v (%d bytes left)", err, len(rest))
		}
	})
}

func TestRecordSharesTheRows(t *testing.T) {
	b := window.NewBatch([]string{"latency"}, []string{"country"})
	b.Row(1, 42)
	b.Number(0, 2.5, true)
	b.Code(0, 3)
	b.Row(0, 43)
	b.Number(0, 0, false)
	b.Code(0, 0)
	rec := b.Record()
	defer rec.Release()
	latency := rec.Column(2).(*array.Float64)
	if rec.NumRows() != 2 || latency.Value(0) != 2.5 || !latency.IsNull(1) || rec.Column(3).(*array.Int32).Value(0) != 3 {
		t.Errorf("record %v", rec)
	}
}

func ExamplePool() {
	pool := window.NewPool(plan(), window.Fast)
	tally := pool.Tally()
	tally.Observe(chunk([]row{{err: "timeout", latency: 1}}), 0, 1, 7)
	cell := tally.Close()[0]
	fmt.Println(cell.Arms[1].Metrics[0].Ones, "of", cell.Arms[1].N)
	// Output: 1 of 1
}

func BenchmarkTally(b *testing.B) {
	c := chunk(rows(4096))
	pool := window.NewPool(plan(), window.Fast)
	b.ReportAllocs()
	for b.Loop() {
		tally := pool.Tally()
		for i := range c.Len() {
			tally.Observe(c, i, int8(i&1), uint64(i)+1)
		}
		tally.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/4096, "ns/row")
}

// What is no value is counted by its kind, apart from values below and above the
// reference; booleans are 0 and 1; a name that the reference knows is not new.
func TestOddValuesAreCountedByKind(t *testing.T) {
	p := plan()
	p.Features[0].Edges = []float64{0, 20, 40, 60}
	p.Features[0].Groups = []uint16{5, 7, 7, 8, 6} // below, two as one, one, above
	p.Features[1].Others = []string{"at", "xx"}
	values := []struct {
		kind schemas.ValueKind
		x    float64
		bin  int
	}{
		{schemas.Null, 0, window.RowMissing}, {schemas.Absent, 0, window.RowMissing}, {schemas.String, 0, window.RowWrongType},
		{schemas.Number, math.NaN(), window.RowNaN}, {schemas.Number, math.Inf(1), window.RowPositiveInfinity}, {schemas.Number, math.Inf(-1), window.RowNegativeInfinity},
		{schemas.Number, -1, 5}, {schemas.Number, 0, 7}, {schemas.Number, 39, 7}, {schemas.Number, 40, 8}, {schemas.Number, 60, 6},
		{schemas.True, 0, 7}, {schemas.False, 0, 7},
	}
	for _, v := range values {
		c := chunk([]row{{age: v.x, country: "xx"}})
		c.Values[schemas.KindPrediction][p.Features[0].Column][0].Kind = v.kind
		tally := window.NewPool(p, window.Fast).Tally()
		tally.Observe(c, 0, 1, 16)
		got := tally.Close()[0].Arms[1]
		if got.Features[0].Bins[v.bin] != 1 || got.Features[0].N != 1 {
			t.Errorf("%v %v is in %v, want bin %d", v.kind, v.x, got.Features[0].Bins[:9], v.bin)
		}
		if got.Features[1].Bins[window.OddRows+2] != 1 {
			t.Errorf("another known name is in %v", got.Features[1].Bins[:9])
		}
	}
}
