package window_test

import (
	"testing"

	"verdin/ingest/window"
	"verdin/schemas"
	"verdin/stats"
)

// pair is a prediction with two fields, which are also the value and label of an outcome.
func pair(a, b any) *schemas.Chunk {
	c := new(schemas.Chunk)
	l := &schemas.Layout{}
	l.Fields[schemas.KindPrediction], l.Fields[schemas.KindOutcome] = []string{"a", "b"}, []string{"label", "value"}
	c.Reset(0, l)
	c.Kind, c.Row = append(c.Kind, schemas.KindPrediction, schemas.KindOutcome), append(c.Row, 0, 0)
	for _, k := range []schemas.Kind{schemas.KindPrediction, schemas.KindOutcome} {
		for i, x := range []any{a, b} {
			v := &c.Values[k][i]
			kind, num, text := schemas.Null, 0.0, ""
			switch x := x.(type) {
			case float64:
				kind, num = schemas.Number, x
			case bool:
				kind = schemas.False
				if x {
					kind = schemas.True
				}
			case string:
				kind, text = schemas.String, x
			}
			*v = append(*v, schemas.Cell{Kind: kind, Num: num, Text: c.Intern([]byte(text))})
		}
	}
	return c
}

const none, bad = -1e9, -2e9 // no value; a value that cannot be counted

func number(x float64, got, wrong bool) float64 {
	switch {
	case wrong:
		return bad
	case !got:
		return none
	}
	return x
}

var ops = []struct {
	op   window.Op
	a, b any
	by   float64
	text string
	want float64
}{
	{op: window.OpBeyond, a: 3.0, by: 2, want: 1},
	{op: window.OpBeyond, a: 2.0, by: 2, want: 0},
	{op: window.OpBeyond, a: "3", by: 2, want: bad},
	{op: window.OpBeyond, a: nil, by: 2, want: none},
	{op: window.OpEquals, a: "buy", b: "buy", want: 1},
	{op: window.OpEquals, a: "buy", b: "leave", want: 0},
	{op: window.OpEquals, a: 1.0, b: true, want: 1},
	{op: window.OpEquals, a: "1", b: 1.0, want: 0},
	{op: window.OpEquals, a: "buy", b: nil, want: none},
	{op: window.OpText, a: "de", text: "de", want: 1},
	{op: window.OpText, a: "fr", text: "de", want: 0},
	{op: window.OpWithin, a: 1.0, b: 3.5, by: 2.5, want: 1},
	{op: window.OpWithin, a: 1.0, b: 3.6, by: 2.5, want: 0},
	{op: window.OpWithin, a: 1.0, b: "x", by: 2.5, want: bad},
	{op: window.OpRatio, a: 1.0, b: 4.0, want: 0.25},
	{op: window.OpRatio, a: 1.0, b: 0.0, want: none},
	{op: window.OpDifference, a: 1.0, b: 4.0, want: -3},
	{op: window.OpFirst, a: 1.0, b: 4.0, want: 1},
	{op: window.OpSecond, a: 1.0, b: 4.0, want: 4},
	{op: window.OpPlus, a: 1.0, b: 4.0, want: 5},
	{op: window.OpPlus, a: 1.0, b: nil, want: none},
	{op: window.OpPresent, a: false, want: 1},
	{op: window.OpPrecision, a: "fraud", b: "fraud", text: "fraud", want: 1},
	{op: window.OpPrecision, a: "fraud", b: "ok", text: "fraud", want: 0},
	{op: window.OpPrecision, a: "fraud", b: 1.0, text: "fraud", want: 1},
	{op: window.OpPrecision, a: true, b: 0.0, text: "fraud", want: 0},
	{op: window.OpPrecision, a: "ok", b: "fraud", text: "fraud", want: none},
	{op: window.OpPrecision, a: "fraud", b: nil, text: "fraud", want: none},
	{op: window.OpRecall, a: "fraud", b: "fraud", text: "fraud", want: 1},
	{op: window.OpRecall, a: "ok", b: true, text: "fraud", want: 0},
	{op: window.OpRecall, a: "fraud", b: "ok", text: "fraud", want: none},
	{op: window.OpRecall, a: nil, b: "fraud", text: "fraud", want: none},
	{op: window.OpSquared, a: 1.0, b: 4.0, want: 9},
	{op: window.OpSquared, a: 1.0, b: "x", want: bad},
	{op: window.OpAbsolute, a: 1.0, b: 4.0, want: 3},
	{op: window.OpAbsolute, a: 1.0, b: nil, want: none},
}

// What an operation makes of two fields of one event.
func TestOperations(t *testing.T) {
	for _, o := range ops {
		m := window.Metric{On: schemas.KindPrediction, Op: o.op, Column: 0, Second: 1, By: o.by, Text: o.text, Asks: -1}
		if got := number(m.Read(pair(o.a, o.b), 0)); got != o.want {
			t.Errorf("op %d of %v and %v: %v, want %v", o.op, o.a, o.b, got, o.want)
		}
	}
	low := window.Metric{Op: window.OpBeyond, By: 2, Lower: true}
	if got := number(low.Read(pair(1.0, nil), 0)); got != 1 {
		t.Errorf("below a bound whose low side is bad: %v", got)
	}
}

// The same of a field of the prediction and an outcome, whichever comes first.
func TestOperationsOverAnOutcome(t *testing.T) {
	for _, o := range ops {
		if o.op == window.OpBeyond || o.op == window.OpPresent || o.op == window.OpText {
			continue
		}
		for _, turned := range []bool{false, true} {
			a, b := o.a, o.b // the outcome is b, or, turned, a
			asks := pair(a, nil)
			answer := pair(nil, b)
			if turned {
				asks, answer = pair(b, nil), pair(nil, a)
			}
			m := window.Metric{On: schemas.KindOutcome, Op: o.op, Joins: true, Column: 1, Second: 0, By: o.by, Text: o.text, Asks: 0, Turned: turned}
			x, got, wrong := m.Read(answer, 1)
			if got {
				x, got, wrong = m.Joined(m.Argument(asks, 0), x)
			}
			if y := number(x, got, wrong); y != o.want {
				t.Errorf("op %d of %v and %v, turned %v: %v, want %v", o.op, o.a, o.b, turned, y, o.want)
			}
		}
	}
	text := window.Metric{On: schemas.KindOutcome, Op: window.OpText, Joins: true, Column: 1, Second: 0, Text: "yes", Asks: -1}
	for label, want := range map[string]float64{"yes": 1, "no": 0} {
		x, _, _ := text.Read(pair(label, nil), 1) // a label where there is no value
		if got := number(text.Joined(0, x)); got != want {
			t.Errorf("label %q: %v, want %v", label, got, want)
		}
	}
	plain := window.Metric{On: schemas.KindOutcome, Joins: true, Column: 1, Second: 0, Asks: -1, Shape: stats.Shape{Kind: stats.Mean}}
	x, _, _ := plain.Read(pair("text", nil), 1)
	if got := number(plain.Joined(0, x)); got != bad {
		t.Errorf("a mean of texts: %v", got)
	}
}

// Whether a conditional metric is of an observation is known of the prediction, or only
// of the outcome; what it is not of has no label to miss.
func TestWhatAConditionalMetricIsOf(t *testing.T) {
	fraud, ok := window.Metric{Op: window.OpText, Text: "fraud", Joins: true, Column: 0, Second: 1, Asks: -1}, 0.25
	said, _, _ := fraud.Read(pair("fraud", nil), 1) // the number that stands for the text
	for _, c := range []struct {
		op       window.Op
		turned   bool
		argument float64
		want     bool
	}{
		{window.OpPrecision, false, said, true},
		{window.OpPrecision, false, 1, true},
		{window.OpPrecision, false, ok, false},
		{window.OpPrecision, false, window.Missing, false},
		{window.OpPrecision, true, ok, true},
		{window.OpRecall, false, ok, true},
		{window.OpRecall, false, window.Missing, true},
		{window.OpRecall, true, ok, false},
		{window.OpEquals, false, ok, true},
		{window.OpSquared, true, window.Missing, true},
	} {
		m := window.Metric{On: schemas.KindOutcome, Op: c.op, Joins: true, Text: "fraud", Asks: 0, Turned: c.turned}
		if got := m.Concerns(c.argument); got != c.want {
			t.Errorf("op %d, turned %v, of %v: %v", c.op, c.turned, c.argument, got)
		}
	}
	recall := window.Metric{On: schemas.KindOutcome, Op: window.OpRecall, Joins: true, Text: "fraud", Asks: 0}
	if x, got, bad := recall.Joined(said, 0); x != window.Missing || got || bad {
		t.Errorf("an outcome of another class: %v, %v, %v", x, got, bad)
	}
	if x, got, bad := recall.Joined(window.Missing, said); x == window.Missing || got || bad {
		t.Errorf("a prediction without a class: %v, %v, %v", x, got, bad)
	}
}
