package kafka

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// startBroker runs an in-process broker over TCP and says how to reach it.
func startBroker(t testing.TB, opts ...kfake.Opt) (*kfake.Cluster, Config) {
	t.Helper()
	k, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	return k, Config{Brokers: k.ListenAddrs()}
}

// within is a context that ends before the test binary's own limit.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// view is what a receiver has seen of one partition.
type view struct {
	Offsets  []int64
	Values   []string
	Oversize []int64
	Gaps     []Gap
	Skipped  Skipped
	Next     int64
}

// see adds a run and checks invariants K1 and K4.
func (v *view) see(t testing.TB, r *Records) {
	t.Helper()
	if r.First != v.Next {
		t.Errorf("a run begins at %d, the one before ended at %d", r.First, v.Next)
	}
	sum := r.First + int64(len(r.Records)) + int64(len(r.Oversize)) + r.Skipped.Total()
	for _, g := range r.Gaps {
		if g.Reason.Rewinds() {
			sum = g.From
			continue
		}
		sum += g.To - g.From
	}
	if sum != r.Next {
		t.Errorf("run from %d: parts add up to %d, Next is %d (%d records, skipped %+v, gaps %v)",
			r.First, sum, r.Next, len(r.Records), r.Skipped, r.Gaps)
	}
	if n := len(r.Gaps); n > 0 && r.Gaps[n-1].Reason.Rewinds() { // offsets from here on mean other records
		cut, _ := slices.BinarySearch(v.Offsets, r.Next)
		v.Offsets, v.Values = v.Offsets[:cut], v.Values[:cut]
	}
	for _, rec := range r.Records {
		v.Offsets = append(v.Offsets, rec.Offset)
		v.Values = append(v.Values, string(rec.Value))
	}
	for i := 1; i < len(v.Offsets); i++ {
		if v.Offsets[i] <= v.Offsets[i-1] {
			t.Errorf("offset %d comes after %d", v.Offsets[i], v.Offsets[i-1])
		}
	}
	v.Oversize = append(v.Oversize, r.Oversize...)
	v.Gaps = append(v.Gaps, r.Gaps...)
	v.Skipped.Control += r.Skipped.Control
	v.Skipped.Aborted += r.Skipped.Aborted
	v.Skipped.Compacted += r.Skipped.Compacted
	v.Next = r.Next
}

// readTo reads one partition from an offset until end is accounted for.
func readTo(t testing.TB, cfg Config, a Assignment, end int64) view {
	t.Helper()
	c, err := Open(within(t), cfg, []Assignment{a})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return follow(t, c, end)
}

func follow(t testing.TB, c *Consumer, end int64) view {
	t.Helper()
	v := view{Next: c.Start()[0].Offset}
	v.follow(t, c, func(v *view) bool { return v.Next >= end })
	return v
}

// follow reads on until enough says so.
func (v *view) follow(t testing.TB, c *Consumer, enough func(*view) bool) {
	t.Helper()
	for !enough(v) {
		r, ok := <-c.Records()
		if !ok {
			t.Fatalf("the consumer stopped at %d: %v; status %+v", v.Next, c.Err(), c.Status())
		}
		v.see(t, r)
		r.Release()
	}
}

// open opens a consumer that is closed after the test.
func open(t testing.TB, cfg Config, as ...Assignment) *Consumer {
	t.Helper()
	c, err := Open(within(t), cfg, as)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// until waits for what the consumer's goroutines will make true.
func until(t testing.TB, what string, true func() bool) {
	t.Helper()
	for ctx := within(t); !true(); pause(ctx, time.Millisecond) {
		if ctx.Err() != nil {
			t.Fatalf("it did not come to pass: %s", what)
		}
	}
}

func (v view) want(t testing.TB, w view) {
	t.Helper()
	if v.Values == nil || w.Values == nil {
		w.Values, v.Values = nil, nil
	}
	if !reflect.DeepEqual(v, w) {
		t.Errorf("\n got %+v\nwant %+v", v, w)
	}
}

// upTo is 0, 1, … n−1.
func upTo(n int64) (all []int64) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

// crafted is a record batch to be written by hand.
type crafted struct {
	base     int64
	delta    int32 // last offset delta; -1 = number of values − 1
	values   []string
	attrs    int16
	producer int64
	body     []byte // instead of values
	records  *int32 // instead of the number of values
	badCRC   bool
}

// data is a batch of n records named after their offsets.
func data(base int64, n int32) crafted {
	c := crafted{base: base, delta: n - 1, producer: -1}
	for i := range int64(n) {
		c.values = append(c.values, fmt.Sprint("v", base+i))
	}
	return c
}

// empty is a batch without records, as the log cleaner leaves it.
func empty(base int64, n int32) crafted { return crafted{base: base, delta: n - 1, producer: -1} }

// marker ends a transaction.
func marker(base, producer int64, commit bool) crafted {
	kind := byte(0)
	if commit {
		kind = 1
	}
	rec := kmsg.Record{Key: []byte{0, 0, 0, kind}, Value: []byte{0, 0, 0, 0, 0, 0}}
	one := int32(1)
	return crafted{base: base, delta: 0, attrs: 1<<4 | 1<<5, producer: producer, body: appendRecord(nil, rec), records: &one}
}

func appendRecord(dst []byte, rec kmsg.Record) []byte {
	rec.Length = 0
	rec.Length = int32(len(rec.AppendTo(nil)) - 1) // the length itself took one byte
	return rec.AppendTo(dst)
}

func (c crafted) bytes() []byte {
	b := kmsg.RecordBatch{
		FirstOffset: c.base, PartitionLeaderEpoch: 0, Magic: 2, Attributes: c.attrs, LastOffsetDelta: c.delta,
		FirstTimestamp: 1000, MaxTimestamp: 2000, ProducerID: c.producer, ProducerEpoch: 0, FirstSequence: -1,
		NumRecords: int32(len(c.values)), Records: c.body,
	}
	for i, v := range c.values {
		b.Records = appendRecord(b.Records, kmsg.Record{OffsetDelta: int32(i), TimestampDelta64: int64(i), Value: []byte(v)})
	}
	if c.records != nil {
		b.NumRecords = *c.records
	}
	b.Length = int32(len(b.Records) + headerSize - lengthEnd)
	raw := b.AppendTo(nil)
	sum := crc32.Checksum(raw[coveredAt:], castagnoli)
	if c.badCRC {
		sum++
	}
	raw[crcAt], raw[crcAt+1], raw[crcAt+2], raw[crcAt+3] = byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum)
	return raw
}

// canned makes a broker answer every fetch of partition 0 from crafted batches:
// those whose last offset is not below the wanted one, at most limit of them.
type canned struct {
	batches []crafted
	limit   int // batches per answer; 0 = all
	high    int64
	start   int64
	aborted []kmsg.FetchResponseTopicPartitionAbortedTransaction
}

func (l canned) serve(k *kfake.Cluster) {
	k.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		k.KeepControl()
		f := req.(*kmsg.FetchRequest)
		resp := f.ResponseKind().(*kmsg.FetchResponse)
		for _, rt := range f.Topics {
			t := kmsg.NewFetchResponseTopic()
			t.Topic, t.TopicID = rt.Topic, rt.TopicID
			for _, rp := range rt.Partitions {
				t.Partitions = append(t.Partitions, l.answer(rp.Partition, rp.FetchOffset))
			}
			resp.Topics = append(resp.Topics, t)
		}
		return resp, nil, true
	})
}

func (l canned) answer(partition int32, at int64) kmsg.FetchResponseTopicPartition {
	p := kmsg.NewFetchResponseTopicPartition()
	p.Partition, p.HighWatermark, p.LastStableOffset, p.LogStartOffset = partition, l.high, l.high, l.start
	p.AbortedTransactions, p.RecordBatches = l.aborted, []byte{}
	n := 0
	for _, b := range l.batches {
		if b.base+int64(max(b.delta, 0)) >= at && (l.limit == 0 || n < l.limit) {
			p.RecordBatches = append(p.RecordBatches, b.bytes()...)
			n++
		}
	}
	return p
}

// kgoClient is the independent client that tests compare with.
func kgoClient(t testing.TB, cfg Config, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(cfg.Brokers...)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// noGoroutines waits until no goroutine of this package but the test's is left.
func noGoroutines(t *testing.T) {
	t.Helper()
	buf := make([]byte, 1<<20)
	for ctx := within(t); ; runtime.Gosched() {
		n := 0
		for _, g := range bytes.Split(buf[:runtime.Stack(buf, true)], []byte("\n\n")) {
			if s := string(g); strings.Contains(s, "verdin/ingest/kafka.(*") && !strings.Contains(s, "testing.tRunner") {
				n++
			}
		}
		if n == 0 {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("%d goroutines are left:\n%s", n, buf)
		}
	}
}
