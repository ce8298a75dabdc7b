package table_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"verdin/ingest/arrowipc"
	"verdin/ingest/recording"
	"verdin/ingest/table"
	"verdin/schemas"
)

// typical is a recording of n predictions as a recommender writes them.
func typical(n int) string {
	rng := rand.New(rand.NewPCG(1, 1))
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"type":"prediction","event_time":"2026-03-01T12:%02d:%02d.%03dZ","prediction_id":"%08x-%08x","rollout":"prod/recsys","arm":%q,"unit_id":"u-%06d","model_version":"recsys-v42","latency_seconds":%.6f,"status_code":200,"prediction_label":%q,"prediction_score":%.4f,"features":{"age":%d,"basket_value":%.2f,"session_length":%d,"country":%q,"device":%q},"metrics":{"tokens":%d},"generation":1,"stage":0}`+"\n",
			i/60000%60, i/1000%60, i%1000, rng.Uint32(), rng.Uint32(), []string{"stable", "canary"}[rng.IntN(2)], rng.IntN(1e6),
			rng.ExpFloat64()/10, []string{"buys", "leaves"}[rng.IntN(2)], rng.Float64(), 18+rng.IntN(60), rng.ExpFloat64()*40,
			rng.IntN(900), []string{"at", "de", "es", "fr"}[rng.IntN(4)], []string{"mobile", "desktop"}[rng.IntN(2)], rng.IntN(900))
	}
	return b.String()
}

// BenchmarkReplayOfFormats reads the same events from each format, as replay does:
// into chunks with the columns of a usual spec. events/s are of one stream;
// MB is the size of the file.
func BenchmarkReplayOfFormats(b *testing.B) {
	const n = 100_000
	in := put(b, "x.ndjson", typical(n))
	layout := &schemas.Layout{Fields: [schemas.Kinds][]string{
		{"error_type", "features.age", "features.basket_value", "features.country", "features.device", "features.session_length", "latency_seconds", "prediction_score"}, {}, {},
	}}
	for _, c := range []struct {
		name string
		pack arrowipc.Compression
	}{{"x.ndjson", ""}, {"x.ndjson.gz", ""}, {"x.ndjson.zst", ""}, {"none.arrow", arrowipc.None}, {"lz4.arrow", arrowipc.LZ4}, {"zstd.arrow", arrowipc.ZSTD}} {
		path := convert(b, in, c.name, table.Options{Compression: c.pack})
		info, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.name, func(b *testing.B) {
			rows := 0
			for b.Loop() {
				s, err := recording.OpenStream(b.Context(), path, layout, recording.StreamOptions{})
				for err == nil {
					var chunk *schemas.Chunk
					if chunk, err = s.Next(b.Context()); err == nil {
						rows += chunk.Len()
						s.Recycle(chunk)
					}
				}
				s.Close()
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(info.Size())/1e6, "MB")
		})
	}
}
