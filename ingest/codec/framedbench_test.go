package codec_test

import (
	"encoding/json"
	"syscall"
	"testing"
	"time"

	"verdin/ingest/codec"
	"verdin/schemas"
)

// typicals are the same events in each encoding.
func typicals(t testing.TB) map[string][]codec.Record {
	w, out := newWriters(t), map[string][]codec.Record{}
	for i := range 1024 {
		var ev object
		if err := json.Unmarshal(typical(i), &ev); err != nil {
			t.Fatal(err)
		}
		out["JSON"] = append(out["JSON"], bare(string(typical(i))))
		out["Avro"] = append(out["Avro"], w.avroFrame(t, 0, ev))
		out["Protobuf"] = append(out["Protobuf"], w.protoFrame(t, 0, ev))
	}
	return out
}

// cpu is the time that the process has computed, which a busy machine does not stretch.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkEncodings(b *testing.B) {
	for name, records := range typicals(b) {
		b.Run(name, func(b *testing.B) {
			d := codec.New(watched, codec.Options{DefaultKind: schemas.KindPrediction, HasDefault: true, Schemas: ours(b)})
			var c schemas.Chunk
			c.Reset(0, watched)
			b.SetBytes(int64(len(records[0].Value)))
			b.ReportAllocs()
			before := cpu()
			for i := 0; b.Loop(); i++ {
				if i%len(records) == 0 {
					c.Reset(0, watched)
				}
				d.Append(&c, records[i%len(records)])
			}
			b.ReportMetric(float64((cpu()-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
			if len(c.Rejected) > 0 {
				b.Fatal(c.Rejected[0])
			}
		})
	}
}

func TestNoEncodingAllocates(t *testing.T) {
	for name, records := range typicals(t) {
		d := codec.New(watched, codec.Options{DefaultKind: schemas.KindPrediction, HasDefault: true, Schemas: ours(t)})
		var c schemas.Chunk
		run := func() {
			c.Reset(0, watched)
			for _, r := range records {
				d.Append(&c, r)
			}
		}
		run()
		if n := testing.AllocsPerRun(10, run); n != 0 || c.Len() != len(records) {
			t.Errorf("%s: %v allocations for %d rows of %d events", name, n, c.Len(), len(records))
		}
	}
}
