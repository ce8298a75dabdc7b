package codec_test

import (
	"fmt"
	"testing"

	"verdin/ingest/codec"
	"verdin/schemas"
)

// typical is a prediction of about 370 bytes, with six features and two metrics.
func typical(i int) []byte {
	return fmt.Appendf(nil, `{"prediction_id":"p-%08d","rollout":"recsys","arm":"canary","event_time":"2026-03-01T12:00:00.25Z",`+
		`"unit_id":"user-%06d","latency_seconds":0.0%d,"status_code":200,"prediction_score":0.%d,`+
		`"features":{"age":%d,"income":%d.5,"country":"AT","device":"phone","tenure":0.731,"visits":17},`+
		`"metrics":{"input_tokens":412,"cost_usd":0.0031},"tags":{"country":"AT"}}`, i, i%1000, 100+i%900, 1000000+i, 20+i%60, 30000+i)
}

var watched = &schemas.Layout{Fields: [schemas.Kinds][]string{schemas.KindPrediction: {
	"error_type", "features.age", "features.country", "features.income", "latency_seconds", "metrics.cost_usd",
	"prediction_score", "tags.country",
}}}

func BenchmarkAppend(b *testing.B) {
	const rows = 1024
	events := make([][]byte, rows)
	for i := range events {
		events[i] = typical(i)
	}
	d := codec.New(watched, codec.Options{DefaultKind: schemas.KindPrediction, HasDefault: true})
	var c schemas.Chunk
	c.Reset(0, watched)
	b.SetBytes(int64(len(events[0])))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%rows == 0 {
			c.Reset(0, watched)
		}
		d.Append(&c, codec.Record{Offset: int64(i), Timestamp: noon, At: noon, Value: events[i%rows]})
	}
	if len(c.Rejected) > 0 {
		b.Fatal(c.Rejected[0])
	}
}

func TestDecodingAllocatesNothing(t *testing.T) {
	events := make([][]byte, 1024)
	for i := range events {
		events[i] = typical(i)
	}
	d := codec.New(watched, codec.Options{DefaultKind: schemas.KindPrediction, HasDefault: true})
	var c schemas.Chunk
	run := func() {
		c.Reset(0, watched)
		for i, e := range events {
			d.Append(&c, codec.Record{Offset: int64(i), At: noon, Value: e})
		}
	}
	run()
	if n := testing.AllocsPerRun(10, run); n != 0 || c.Len() != len(events) {
		t.Errorf("%v allocations for %d rows of %d events", n, c.Len(), len(events))
	}
}
