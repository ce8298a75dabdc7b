package kafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// sample is messages with keys, headers, tombstones and empty values.
func sample(n int) []Message {
	rnd := rand.New(rand.NewPCG(1, 2))
	all := make([]Message, n)
	for i := range all {
		m := Message{Partition: int32(i % 2), Key: fmt.Append(nil, "key-", i), Value: fmt.Append(nil, strings.Repeat("value ", rnd.IntN(40)), i),
			Time: time.UnixMilli(1_700_000_000_000 + int64(i))}
		switch i % 10 {
		case 3:
			m.Value = nil
		case 4:
			m.Key, m.Value = nil, []byte{}
		case 5:
			m.Headers = []Header{{[]byte("content-type"), []byte("application/json")}, {[]byte("empty"), []byte{}}}
		}
		all[i] = m
	}
	return all
}

// show writes a record so that nil and empty differ.
func show(offset, ms int64, key, value []byte, headers []Header) string {
	s := fmt.Sprintf("%d @%d %#v %#v", offset, ms, key, value)
	for _, h := range headers {
		s += fmt.Sprintf(" %s=%q", h.Key, h.Value)
	}
	return s
}

// readAll reads partitions 0 … n−1 until each has reached its high watermark.
func readAll(t testing.TB, cfg Config, topic string, ends []int64) [][]string {
	t.Helper()
	var as []Assignment
	for i := range ends {
		as = append(as, Assignment{Topic: topic, Partition: int32(i), Offset: Earliest})
	}
	c, err := Open(within(t), cfg, as)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	views := make([]view, len(ends))
	seen := make([][]string, len(ends))
	done := func() bool {
		for i, v := range views {
			if v.Next < ends[i] {
				return false
			}
		}
		return true
	}
	for !done() {
		r, ok := <-c.Records()
		if !ok {
			t.Fatalf("the consumer stopped: %v", c.Err())
		}
		views[r.Partition].see(t, r)
		for _, rec := range r.Records {
			seen[r.Partition] = append(seen[r.Partition], show(rec.Offset, rec.Timestamp, rec.Key, rec.Value, rec.Headers))
		}
		r.Release()
	}
	return seen
}

// readKgo is the same by the independent client.
func readKgo(t testing.TB, cfg Config, topic string, ends []int64) [][]string {
	t.Helper()
	cl := kgoClient(t, cfg, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	seen := make([][]string, len(ends))
	for total, want := 0, ends; total < int(sum(want)); {
		fs := cl.PollFetches(within(t))
		if err := fs.Err(); err != nil {
			t.Fatal(err)
		}
		fs.EachRecord(func(r *kgo.Record) {
			var hs []Header
			for _, h := range r.Headers {
				hs = append(hs, Header{[]byte(h.Key), h.Value})
			}
			seen[r.Partition] = append(seen[r.Partition], show(r.Offset, r.Timestamp.UnixMilli(), r.Key, r.Value, hs))
			total++
		})
	}
	return seen
}

func sum(ns []int64) (all int64) {
	for _, n := range ns {
		all += n
	}
	return all
}

var codecs = map[string]Codec{"none": None, "gzip": Gzip, "snappy": Snappy, "lz4": LZ4, "zstd": Zstd}

// What our producer writes in any codec, we and an independent client read alike.
func TestRoundTripInEveryCodec(t *testing.T) {
	for name, codec := range codecs {
		t.Run(name, func(t *testing.T) {
			_, cfg := startBroker(t, kfake.SeedTopics(2, "log"))
			p, err := NewProducer(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			p.Codec = codec
			msgs := sample(3000)
			if err := p.Produce(within(t), "log", msgs); err != nil {
				t.Fatal(err)
			}
			want := make([][]string, 2)
			for _, m := range msgs {
				i := m.Partition
				want[i] = append(want[i], show(int64(len(want[i])), m.Time.UnixMilli(), m.Key, m.Value, m.Headers))
			}
			ends := []int64{1500, 1500}
			for who, got := range map[string][][]string{"ours": readAll(t, cfg, "log", ends), "kgo": readKgo(t, cfg, "log", ends)} {
				for i := range got {
					if !slices.Equal(got[i], want[i]) {
						t.Errorf("%s, partition %d: %d records, want %d; first of each:\n%s\n%s", who, i, len(got[i]), len(want[i]), got[i][0], want[i][0])
					}
				}
			}
		})
	}
}

// What another producer writes in any codec (snappy without framing among them) we read alike.
func TestForeignBatchesInEveryCodec(t *testing.T) {
	for name, codec := range map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(),
		"snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()} {
		t.Run(name, func(t *testing.T) {
			_, cfg := startBroker(t, kfake.SeedTopics(2, "log"))
			cl := kgoClient(t, cfg, kgo.ProducerBatchCompression(codec), kgo.RecordPartitioner(kgo.ManualPartitioner()))
			var rs []*kgo.Record
			for _, m := range sample(2000) {
				r := &kgo.Record{Topic: "log", Partition: m.Partition, Key: m.Key, Value: m.Value, Timestamp: m.Time}
				for _, h := range m.Headers {
					r.Headers = append(r.Headers, kgo.RecordHeader{Key: string(h.Key), Value: h.Value})
				}
				rs = append(rs, r)
			}
			if err := cl.ProduceSync(within(t), rs...).FirstErr(); err != nil {
				t.Fatal(err)
			}
			ends := []int64{1000, 1000}
			got, want := readAll(t, cfg, "log", ends), readKgo(t, cfg, "log", ends)
			for i := range got {
				if !slices.Equal(got[i], want[i]) {
					t.Errorf("partition %d: %d records, kgo has %d", i, len(got[i]), len(want[i]))
				}
			}
		})
	}
}

func pack(t testing.TB, codec Codec, raw []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	write := func(w interface {
		Write([]byte) (int, error)
		Close() error
	}) {
		if _, err = w.Write(raw); err == nil {
			err = w.Close()
		}
	}
	switch codec {
	case Gzip:
		write(gzip.NewWriter(&b))
	case Snappy:
		b.Write(snappy.Encode(nil, raw))
	case LZ4:
		write(lz4.NewWriter(&b))
	case Zstd:
		z, zerr := zstd.NewWriter(&b)
		if zerr != nil {
			t.Fatal(zerr)
		}
		write(z)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A batch that inflates beyond the limit becomes a gap; the log goes on behind it.
func TestBombsBecomeGaps(t *testing.T) {
	raw := make([]byte, MaxBatchBytes+1)
	for name, codec := range codecs {
		if codec == None {
			continue
		}
		t.Run(name, func(t *testing.T) {
			bomb := crafted{base: 0, delta: 4, attrs: int16(codec), body: pack(t, codec, raw), records: pint(5)}
			if len(bomb.body) > 4<<20 {
				t.Fatalf("the bomb has %d bytes", len(bomb.body))
			}
			k, cfg := startBroker(t, kfake.SeedTopics(1, "log"))
			canned{batches: []crafted{bomb, data(5, 2)}, high: 7}.serve(k)
			readTo(t, cfg, Assignment{Topic: "log"}, 7).want(t,
				view{Offsets: []int64{5, 6}, Gaps: []Gap{{0, 5, GapTooLarge}}, Next: 7})
		})
	}
}

// Framed snappy is a row of blocks, each of which may be within the limit.
func TestFramedBlocksAreLimitedTogether(t *testing.T) {
	block := pack(t, Snappy, make([]byte, 1<<20))
	src := append(slices.Clone(xerial), 0, 0, 0, 1, 0, 0, 0, 1)
	for range MaxBatchBytes>>20 + 1 {
		src = append(binary.BigEndian.AppendUint32(src, uint32(len(block))), block...)
	}
	if out, err := new(unpacker).unpack(nil, Snappy, src); !errors.Is(err, errTooLarge) || len(out) > MaxBatchBytes {
		t.Errorf("%d bytes, %v", len(out), err)
	}
}

// What a bomb claims beyond the limit is not even reserved.
func TestBombsCostNoMoreThanTheLimit(t *testing.T) {
	raw := make([]byte, 12*MaxBatchBytes)
	for name, codec := range codecs {
		if codec == None {
			continue
		}
		bomb := pack(t, codec, raw)
		var u unpacker
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		out, err := u.unpack(nil, codec, bomb)
		runtime.ReadMemStats(&after)
		if spent := after.TotalAlloc - before.TotalAlloc; err == nil || spent > 7*MaxBatchBytes || len(out) > MaxBatchBytes+1 {
			t.Errorf("%s: %d bytes of input took %d MiB, error %v", name, len(bomb), spent>>20, err)
		}
	}
}

// Bytes that are no valid stream of their codec make a gap, never more.
func TestBrokenCompressionBecomesAGap(t *testing.T) {
	var u unpacker
	for name, codec := range codecs {
		if codec == None {
			continue
		}
		good := pack(t, codec, bytes.Repeat([]byte("0123456789"), 1000))
		for cut := range len(good) {
			if out, err := u.unpack(nil, codec, good[:cut]); err == nil && len(out) == 10000 && cut < len(good)-8 {
				t.Errorf("%s: %d of %d bytes gave everything", name, cut, len(good))
			}
		}
		if out, err := u.unpack([]byte("kept"), codec, good); err != nil || len(out) != 10004 || string(out[:4]) != "kept" {
			t.Errorf("%s: after broken input: %d bytes, %v", name, len(out), err)
		}
	}
	framed := append(append(slices.Clone(xerial), make([]byte, 8)...), 0xff, 0xff, 0xff, 0xff)
	for _, src := range [][]byte{xerial, framed, {0xff, 0xff, 0xff, 0xff, 0x0f}, {0x80, 0x80, 0x40, 1}} {
		if out, err := unpackSnappy(nil, src); err == nil || cap(out) > 1<<20 {
			t.Errorf("snappy % x: %d bytes reserved, error %v", src, cap(out), err)
		}
	}
}
