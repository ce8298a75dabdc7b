package codec

import (
	"fmt"
	"math"
	"reflect"
	"testing"

	"verdin/schemas"
)

var knownLayout = &schemas.Layout{Fields: [schemas.Kinds][]string{
	schemas.KindPrediction: {"error_type", "evaluations.judge.score", "features.age", "features.country", "latency_seconds", "prediction_score", "team"},
	schemas.KindOutcome:    {"label", "value"},
}}

// walking is a decoder that knows no text: each event is read by the walk.
func walking(opt Options) *Decoder {
	d := New(knownLayout, opt)
	for k := range d.known {
		d.known[k] = known{steps: make([]step, 1), credit: math.MinInt}
	}
	return d
}

func event(id int, members string) []byte {
	return fmt.Appendf(nil, `{"prediction_id":"p%d","rollout":"r","arm":"canary","event_time":"2026-03-01T12:00:00Z"%s}`, id, members)
}

var similar = []string{
	``, `,"latency_seconds":0.25`, `,"latency_seconds":null`, `,"latency_seconds":"fast"`, `,"latency_seconds":1e300`, `,"latency_seconds":-`,
	`,"latency_seconds":0.25,"latency_seconds":0.25`, `,"unknown":{"a":[1,{"b":2}],"c":"x"},"features":{"age":7,"country":"AT","new":[0.1]}`,
	`,"unknown":{"a":[1,{"b":2,"b":2}],"c":"x"},"features":{"age":7}`, `,"unknown":{"a":[[[[[[[7]]]]]]],"c":"x"},"features":{"age":true}`,
	`,"evaluations":[{"name":"judge","score":0.5},{"name":"other","label":"x"}],"team":"\u00e9"`, `,"evaluations":[],"team":false`,
	`,"type":"prediction","features":{}`, `,"type":"outcome","name":"x","value":1`, `,"type":"nothing"`, `,"specversion":"1.0","type":"outcome","data":{}`,
	`,"@pos":{"topic":"t","partition":0,"offset":9},"@at":1772366400000`, `,"@pos":{"offset":9}`, `,"@pos":{"topic":"t"}`, ` `, `,"sampledrate":0`, `,"sampledrate":5`, `,"@pos":{"topic":"u","partition":0,"offset":10}`, `,"unknown":[[[[[[[[7]]]]]]]]`, `,"unknown":[[[[[[[7]]]]]]]`, `,"deep":{"a":{"b":[[[[7]]]]}}`, `,"deep":{"a":{"b":[[[[[[7]]]]]]}}`,
}

// FuzzKnownTexts: an event gives what the walk gives, whatever texts are known.
func FuzzKnownTexts(f *testing.F) {
	for i, a := range similar {
		for _, b := range similar {
			f.Add(event(i, a), event(1, b), uint16(40*i), `"}`[i/2%2], uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, v, w []byte, at uint16, b byte, bits uint8) {
		opt := Options{DefaultKind: schemas.Kind(bits >> 4 % schemas.Kinds), HasDefault: bits&1 == 0, Recording: bits&2 != 0, NoFuture: bits&4 != 0}
		near := append([]byte(nil), v...)
		if len(near) > 0 {
			near[int(at)%len(near)] = b
		}
		d, ref := New(knownLayout, opt), walking(opt)
		var got, want schemas.Chunk
		got.Reset(0, knownLayout)
		want.Reset(0, knownLayout)
		for i, text := range [][]byte{v, v, near, w, append(v[:len(v):len(v)], b), v, near, w} {
			r := Record{Offset: int64(i), At: 1772366400e9, Value: text}
			d.Append(&got, r)
			ref.Append(&want, r)
			if !reflect.DeepEqual(&got, &want) {
				t.Fatalf("record %d: %q\nafter %q:\n%+v\nby the walk:\n%+v", i, text, v, got, want)
			}
		}
	})
}

// read decodes an event and tells whether its text was known.
func knows(d *Decoder, c *schemas.Chunk, value []byte) bool {
	c.Reset(0, knownLayout)
	k := &d.known[schemas.KindPrediction]
	steps, before := len(k.steps), k.credit
	d.Append(c, Record{At: 1772366400e9, Value: value})
	return len(k.steps) == steps && k.credit >= before && before >= 0 && c.Len() == 1
}

func TestTextsAreKnownTheSecondTime(t *testing.T) {
	d, c := New(knownLayout, Options{HasDefault: true}), new(schemas.Chunk)
	for i, members := range []string{``, `,"team":"a"`, `,"team":"a","features":{"age":1}`, `,"team":null`, `,"unknown":[1,2]`} {
		first, second, third := knows(d, c, event(i, members)), knows(d, c, event(i+100, members)), knows(d, c, event(i, members))
		if first || !second || !third {
			t.Errorf("%q: known %v, %v, %v", members, first, second, third)
		}
	}
	if !knows(d, c, event(7, "")) {
		t.Error("the first text was forgotten")
	}
}

// Events that have nothing in common are left to the walk, and hold no memory; when they
// are alike again, they are known again.
func TestLearningIsBounded(t *testing.T) {
	d, c := New(knownLayout, Options{HasDefault: true}), new(schemas.Chunk)
	k := &d.known[schemas.KindPrediction]
	learned := 0
	for i := range 3 * pause {
		before := k.credit
		knows(d, c, event(i, fmt.Sprintf(`,"n%d":1,"features":{"a%d":2,"b%d":3}`, i, i, i)))
		if k.credit < before {
			learned++
		}
		if len(k.steps) > maxSteps || k.bytes > maxTokens {
			t.Fatalf("%d steps of %d bytes after %d events", len(k.steps), k.bytes, i+1)
		}
	}
	if most := (fullCredit + 3*fullCredit/4) / learnCost; learned > most {
		t.Errorf("%d events were learned, want at most %d", learned, most)
	}
	n := 0
	for i := range 2 * pause {
		if knows(d, c, event(i, `,"team":"a"`)) {
			n++
		}
	}
	if n < pause/2 {
		t.Errorf("%d of %d events that are alike were known", n, 2*pause)
	}
}
