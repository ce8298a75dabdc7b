package kafka

import (
	"errors"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func pint(v int32) *int32 { return &v }

// Layouts that stop, double or mislead other readers (see the design notes):
// what is in the log comes out once, and the rest is accounted for by reason.
func TestCraftedLogsAreReadToTheEnd(t *testing.T) {
	with := func(c crafted, change func(*crafted)) crafted { change(&c); return c }
	tx := func(base int64, n int32, producer int64) crafted {
		return with(data(base, n), func(c *crafted) { c.attrs, c.producer = 1<<4, producer })
	}
	absurd := appendRecord(nil, kmsg.Record{Value: []byte("v")})
	absurd = append(absurd[:len(absurd)-1], 0xfe, 0xff, 0xff, 0xff, 0xff, 0x0f) // header count: six bytes of varint
	absurd[0] = byte(len(absurd)-1) << 1

	for _, c := range []struct {
		name      string
		log       canned
		compacted bool
		want      view
	}{
		{"two empty batches in a row, compacted", canned{batches: []crafted{data(0, 3), empty(3, 2), empty(5, 1), data(6, 3)}, high: 9}, true,
			view{Offsets: []int64{0, 1, 2, 6, 7, 8}, Skipped: Skipped{Compacted: 3}, Next: 9}},
		{"the same where nothing may be missing", canned{batches: []crafted{data(0, 3), empty(3, 2), empty(5, 1), data(6, 3)}, high: 9}, false,
			view{Offsets: []int64{0, 1, 2, 6, 7, 8}, Gaps: []Gap{{3, 6, GapMissing}}, Next: 9}},
		{"an empty batch alone in its answer", canned{batches: []crafted{data(0, 3), empty(3, 2), data(5, 3)}, high: 8, limit: 1}, true,
			view{Offsets: []int64{0, 1, 2, 5, 6, 7}, Skipped: Skipped{Compacted: 2}, Next: 8}},
		{"a control batch between", canned{batches: []crafted{data(0, 3), marker(3, 9, true), data(4, 3)}, high: 7}, false,
			view{Offsets: []int64{0, 1, 2, 4, 5, 6}, Skipped: Skipped{Control: 1}, Next: 7}},
		{"a rolled-back transaction", canned{
			batches: []crafted{data(0, 2), tx(2, 3, 7), tx(5, 1, 8), marker(6, 7, false), tx(7, 1, 7), marker(8, 7, true), marker(9, 8, true)},
			aborted: []kmsg.FetchResponseTopicPartitionAbortedTransaction{{ProducerID: 7, FirstOffset: 2}}, high: 10}, false,
			view{Offsets: []int64{0, 1, 5, 7}, Skipped: Skipped{Control: 3, Aborted: 3}, Next: 10}},
		{"a batch that a compactor thinned out", canned{batches: []crafted{with(data(0, 3), func(c *crafted) { c.delta = 9 }), data(10, 1)}, high: 11}, true,
			view{Offsets: []int64{0, 1, 2, 10}, Skipped: Skipped{Compacted: 7}, Next: 11}},
		{"a hole between batches", canned{batches: []crafted{data(0, 1), data(5, 1)}, high: 6, start: 2}, false,
			view{Offsets: []int64{0, 5}, Gaps: []Gap{{1, 2, GapExpired}, {2, 5, GapMissing}}, Next: 6}},
		{"wrong checksum", canned{batches: []crafted{data(0, 2), with(data(2, 3), func(c *crafted) { c.badCRC = true }), data(5, 1)}, high: 6}, false,
			view{Offsets: []int64{0, 1, 5}, Gaps: []Gap{{2, 5, GapCorrupt}}, Next: 6}},
		{"number of records -1", canned{batches: []crafted{with(data(0, 3), func(c *crafted) { c.records = pint(-1) }), data(3, 1)}, high: 4}, false,
			view{Offsets: []int64{3}, Gaps: []Gap{{0, 3, GapMalformed}}, Next: 4}},
		{"number of records -1 and no records", canned{batches: []crafted{with(empty(0, 3), func(c *crafted) { c.records = pint(-1) }), data(3, 1)}, high: 4}, true,
			view{Offsets: []int64{3}, Gaps: []Gap{{0, 3, GapMalformed}}, Next: 4}},
		{"one record less than said", canned{batches: []crafted{with(data(0, 3), func(c *crafted) { c.delta, c.records = 3, pint(4) }), data(4, 1)}, high: 5}, false,
			view{Offsets: []int64{4}, Gaps: []Gap{{0, 4, GapMalformed}}, Next: 5}},
		{"one record more than said", canned{batches: []crafted{with(data(0, 3), func(c *crafted) { c.records = pint(2) }), data(3, 1)}, high: 4}, false,
			view{Offsets: []int64{3}, Gaps: []Gap{{0, 3, GapMalformed}}, Next: 4}},
		{"number of records 2^30", canned{batches: []crafted{with(data(0, 3), func(c *crafted) { c.records = pint(1 << 30) }), data(3, 1)}, high: 4}, false,
			view{Offsets: []int64{3}, Gaps: []Gap{{0, 3, GapMalformed}}, Next: 4}},
		{"absurd number of headers", canned{batches: []crafted{{base: 0, body: absurd, records: pint(1)}, data(1, 1)}, high: 2}, false,
			view{Offsets: []int64{1}, Gaps: []Gap{{0, 1, GapMalformed}}, Next: 2}},
		{"negative last offset delta", canned{batches: []crafted{data(0, 1), with(data(1, 1), func(c *crafted) { c.delta = -3 }), data(2, 1)}, high: 3}, false,
			view{Offsets: []int64{0, 2}, Gaps: []Gap{{1, 2, GapMalformed}}, Next: 3}},
		{"unknown compression", canned{batches: []crafted{with(data(0, 2), func(c *crafted) { c.attrs = 7 }), data(2, 1)}, high: 3}, false,
			view{Offsets: []int64{2}, Gaps: []Gap{{0, 2, GapMalformed}}, Next: 3}},
		{"an answer from before the wanted offset", canned{batches: []crafted{data(0, 5)}, high: 5}, false,
			view{Offsets: upTo(5), Next: 5}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k, cfg := startBroker(t)
			policy := "delete"
			if c.compacted {
				policy = "compact"
			}
			if err := k.CreateTopic("log", 1, map[string]string{"cleanup.policy": policy}); err != nil {
				t.Fatal(err)
			}
			c.log.serve(k)
			v := readTo(t, cfg, Assignment{Topic: "log"}, c.log.high)
			v.want(t, c.want)
		})
	}
}

// Beginning within a batch delivers only what was asked for.
func TestReadingResumesWithinABatch(t *testing.T) {
	k, cfg := startBroker(t, kfake.SeedTopics(1, "log"))
	canned{batches: []crafted{data(0, 5), data(5, 5)}, high: 10}.serve(k)
	readTo(t, cfg, Assignment{Topic: "log", Offset: 3}, 10).want(t,
		view{Offsets: []int64{3, 4, 5, 6, 7, 8, 9}, Values: []string{"v3", "v4", "v5", "v6", "v7", "v8", "v9"}, Next: 10})
}

// Messages from before Kafka 0.11 are refused by name.
func TestOldMessageFormatsStopTheConsumer(t *testing.T) {
	for _, magic := range []byte{0, 1} {
		k, cfg := startBroker(t, kfake.SeedTopics(1, "log"))
		k.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
			k.KeepControl()
			l := canned{high: 9}
			p := l.answer(0, 0)
			p.RecordBatches = data(0, 2).bytes()
			p.RecordBatches[16] = magic
			resp := req.ResponseKind().(*kmsg.FetchResponse)
			resp.Topics = []kmsg.FetchResponseTopic{{Topic: "log", Partitions: []kmsg.FetchResponseTopicPartition{p}}}
			return resp, nil, true
		})
		c, err := Open(within(t), cfg, []Assignment{{Topic: "log"}})
		if err != nil {
			t.Fatal(err)
		}
		for range c.Records() {
			t.Error("a record was delivered")
		}
		if err := c.Err(); !errors.Is(err, ErrFormat) {
			t.Errorf("magic %d: error %v, want ErrFormat", magic, err)
		}
		c.Close()
	}
}
