package kafka

import (
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
)

// event is about as long as a prediction event.
var event = `{"prediction_id":"0123456789abcdef","rollout":"prod/ranking","arm":"canary","latency_seconds":0.0123,` +
	strings.Repeat(`"feature":1.5,`, 16) + `"end":1}`

// eventBatch is a batch of n events in a codec.
func eventBatch(t testing.TB, codec Codec, n int32) crafted {
	c := data(0, n)
	for i := range c.values {
		c.values[i] = fmt.Sprint(event[:len(event)-1], i, "}")
	}
	if codec == None {
		return c
	}
	c.body, c.records, c.attrs = pack(t, codec, c.bytes()[headerSize:]), pint(n), int16(codec)
	c.values = nil
	return c
}

// Once the buffers have grown, decoding a batch allocates nothing.
func TestDecodingAllocatesNothingPerRecord(t *testing.T) {
	for name, codec := range codecs {
		set := eventBatch(t, codec, 1000).bytes()
		var d decoder
		r := &Records{}
		run := func() {
			r.reset(0)
			if _, err := d.decode(r, set, &answer{highWatermark: 1 << 40}, false); err != nil || len(r.Records) != 1000 {
				t.Fatalf("%s: %d records, %v", name, len(r.Records), err)
			}
		}
		run()
		if n := testing.AllocsPerRun(20, run); n > 8 { // pools of the codecs lose entries under the race detector
			t.Errorf("%s: %.0f allocations for 1000 records", name, n)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, codec := range []Codec{None, Gzip, Snappy, LZ4, Zstd} {
		for name, c := range codecs {
			if c != codec {
				continue
			}
			b.Run(name, func(b *testing.B) {
				set := eventBatch(b, codec, 1000).bytes()
				var d decoder
				r := &Records{}
				b.ReportAllocs()
				for range b.N/1000 + 1 {
					r.reset(0)
					if _, err := d.decode(r, set, &answer{highWatermark: 1 << 40}, false); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkFetch is the whole path, per record: broker, loopback, fetch loop
// and decoding. The broker serves one canned batch for ever, in the same process.
func BenchmarkFetch(b *testing.B) {
	for _, per := range []int32{50, 1000} {
		b.Run(fmt.Sprint("batch=", per), func(b *testing.B) {
			_, cfg := startBroker(b, kfake.SeedTopics(1, "log"), kfake.SyntheticFetch(kfake.SyntheticBatch{Batch: eventBatch(b, None, per).bytes()}))
			c, err := Open(b.Context(), cfg, []Assignment{{Topic: "log"}})
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; {
				r, ok := <-c.Records()
				if !ok {
					b.Fatal(c.Err())
				}
				n += len(r.Records)
				r.Release()
			}
		})
	}
}
