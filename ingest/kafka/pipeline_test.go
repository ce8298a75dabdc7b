package kafka

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// wire is a reader whose broker the test plays, on the other end of a pipe
// without a buffer: a write returns when the other side has read it.
type wire struct {
	t    testing.TB
	c    *Consumer
	peer net.Conn
	gone chan struct{}
}

// timeless drops deadlines: those of a pipe allocate, those of a socket do not.
type timeless struct{ net.Conn }

func (timeless) SetDeadline(time.Time) error { return nil }

func newWire(t testing.TB, partitions int32) *wire {
	t.Helper()
	const broker = 1
	c := &Consumer{readers: map[int32]*reader{}, stale: make(chan struct{}, 1), budget: budgetFor(int(partitions)), out: make(chan *Records, buffers*partitions)}
	c.ctx, c.stop = context.WithCancel(t.Context())
	for i := range partitions {
		p := newPartition(c, Assignment{Topic: "log", Partition: i}, false)
		p.leader = broker
		c.parts = append(c.parts, p)
	}
	near, far := net.Pipe()
	w := &wire{t: t, c: c, peer: far, gone: make(chan struct{})}
	b := newReader(c, broker, "pipe")
	c.readers[broker] = b
	cn := &conn{Conn: protocol.NewConn(timeless{near}, clientID), addr: "pipe", detach: func() bool { return true }}
	go func() {
		defer close(w.gone)
		_ = b.rounds(cn) // it ends with the pipe
	}()
	t.Cleanup(func() { c.stop(); near.Close(); far.Close(); <-w.gone })
	return w
}

// request reads the next fetch.
func (w *wire) request() *kmsg.FetchRequest {
	w.t.Helper()
	var size [4]byte
	if _, err := io.ReadFull(w.peer, size[:]); err != nil {
		w.t.Fatal(err)
	}
	raw := make([]byte, binary.BigEndian.Uint32(size[:]))
	if _, err := io.ReadFull(w.peer, raw); err != nil {
		w.t.Fatal(err)
	}
	return parseFetch(w.t, raw)
}

// parseFetch reads a request by another implementation.
func parseFetch(t testing.TB, raw []byte) *kmsg.FetchRequest {
	t.Helper()
	req := kmsg.NewPtrFetchRequest()
	req.Version = int16(binary.BigEndian.Uint16(raw[2:]))
	if err := req.ReadFrom(raw[10+len(clientID):]); err != nil {
		t.Fatal(err)
	}
	return req
}

// answer sends the given batches of partition 0 as the answer to the id-th fetch.
func (w *wire) answer(id int32, high int64, batches ...crafted) {
	w.t.Helper()
	l := canned{batches: batches, high: high}
	w.send(id, l.answer(0, 0))
}

func (w *wire) send(id int32, ps ...kmsg.FetchResponseTopicPartition) {
	w.t.Helper()
	if _, err := w.peer.Write(fetchAnswer(id, ps...)); err != nil {
		w.t.Fatal(err)
	}
}

func fetchAnswer(id int32, ps ...kmsg.FetchResponseTopicPartition) []byte {
	resp := kmsg.NewPtrFetchResponse()
	resp.Version = fetchVersion
	resp.Topics = []kmsg.FetchResponseTopic{{Topic: "log", Partitions: ps}}
	body := resp.AppendTo(binary.BigEndian.AppendUint32(nil, uint32(id)))
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

func (w *wire) asks(req *kmsg.FetchRequest, at int64) {
	w.t.Helper()
	if got := req.Topics[0].Partitions[0].FetchOffset; got != at {
		w.t.Errorf("a fetch from %d, want %d", got, at)
	}
}

// While an answer is decoded, the fetch of what follows is under way.
func TestTheNextFetchIsUnderWayBeforeAnAnswerIsDecoded(t *testing.T) {
	w := newWire(t, 1)
	w.asks(w.request(), 0)
	w.answer(1, 10, data(0, 3), data(3, 2))
	var size [4]byte
	if _, err := io.ReadFull(w.peer, size[:]); err != nil { // the rest of the request still waits to be read
		t.Fatal(err)
	}
	if n := len(w.c.out); n > 0 {
		t.Errorf("%d runs were delivered before the next fetch was sent", n)
	}
	raw := make([]byte, binary.BigEndian.Uint32(size[:]))
	if _, err := io.ReadFull(w.peer, raw); err != nil {
		t.Fatal(err)
	}
	w.asks(parseFetch(t, raw), 5)
	v := view{}
	v.see(t, <-w.c.out)
	v.want(t, view{Offsets: upTo(5), Next: 5})
}

// Where decoding ends elsewhere than was expected, what was asked for
// meanwhile is dropped: no record is lost, none comes twice.
func TestAnAnswerThatWasAskedForInVainIsDropped(t *testing.T) {
	w := newWire(t, 1)
	bad := data(2, 2)
	bad.badCRC = true
	w.request()
	w.answer(1, 10, data(0, 2), bad, data(4, 2))
	w.asks(w.request(), 6) // expected, but decoding ends at 2
	v := view{}
	take := func() {
		r := <-w.c.out
		v.see(t, r)
		r.Release()
	}
	take()
	vain := canned{batches: []crafted{data(6, 4)}, high: 10}
	raw := fetchAnswer(2, vain.answer(0, 0))
	if _, err := w.peer.Write(raw[:1]); err != nil { // it is read, so the first answer has been digested
		t.Fatal(err)
	}
	if len(w.c.stale) > 0 || w.c.parts[0].leader < 0 {
		t.Error("the partition was given away while a fetch for it was under way")
	}
	if _, err := w.peer.Write(raw[1:]); err != nil {
		t.Fatal(err)
	}
	<-w.c.stale // the manager is asked to find it a reader
	w.c.mu.Lock()
	if p := w.c.parts[0]; p.leader >= 0 || p.status.Err == nil || len(p.free) != buffers {
		t.Errorf("leader %d, error %v, %d buffers are free", p.leader, p.status.Err, len(p.free))
	}
	w.c.mu.Unlock()
	v.want(t, view{Offsets: upTo(2), Next: 2})
}

// A run that ends early, because its batches inflate too much, is gone on with.
func TestAskingAheadNeverSkips(t *testing.T) {
	w := newWire(t, 1)
	w.c.readers[1].d.maxRun = 1 // before the first request, so nobody looks at it yet
	w.request()
	packed := func(base int64) crafted {
		c := data(base, 2)
		c.body, c.records, c.attrs, c.values = pack(t, LZ4, c.bytes()[headerSize:]), pint(2), int16(LZ4), nil
		return c
	}
	w.answer(1, 4, packed(0), packed(2))
	w.asks(w.request(), 4)
	v := view{}
	v.see(t, <-w.c.out)
	if v.Next != 2 {
		t.Fatalf("a run up to %d", v.Next)
	}
	w.answer(2, 4)
	w.asks(w.request(), 2)
	w.answer(3, 4, packed(2))
	w.request()
	v.see(t, <-w.c.out)
	v.want(t, view{Offsets: upTo(4), Next: 4})
}

// Each partition is first in turn, with nothing asked for twice, and what the
// request says is what another implementation reads.
func TestEveryPartitionComesFirstInTurn(t *testing.T) {
	c := &Consumer{budget: budgetFor(4)}
	var ps []*partition
	for i, topic := range []string{"a", "a", "b", "a"} {
		p := newPartition(c, Assignment{Topic: topic, Partition: int32(i), Offset: 100 + int64(i)}, false)
		p.leaderEpoch = 7
		ps = append(ps, p)
	}
	first := map[int32]bool{}
	for turn := range len(ps) {
		req := parseFetch(t, appendFetch(nil, 1, ps, turn, 5)[4:])
		if req.MaxWaitMillis != 5 || req.MinBytes != 1 || req.MaxBytes != fetchBytes || req.IsolationLevel != 1 || req.SessionEpoch != -1 || req.ReplicaID != -1 {
			t.Errorf("request %+v", req)
		}
		var ids []int32
		for _, rt := range req.Topics {
			for _, p := range rt.Partitions {
				if rt.Topic != ps[p.Partition].topic || p.FetchOffset != 100+int64(p.Partition) || p.CurrentLeaderEpoch != 7 || p.PartitionMaxBytes != c.budget.set {
					t.Errorf("%s: %+v", rt.Topic, p)
				}
				ids = append(ids, p.Partition)
			}
		}
		first[ids[0]] = true
		if slices.Sort(ids); !slices.Equal(ids, []int32{0, 1, 2, 3}) {
			t.Errorf("turn %d asks for %v", turn, ids)
		}
	}
	if len(first) != len(ps) {
		t.Errorf("first in turn: %v", first)
	}
}

// What all partitions together may hold does not grow with their number.
func TestManyPartitionsShareTheMemory(t *testing.T) {
	for _, n := range []int{1, 24, 300, 5000} {
		b := budgetFor(n)
		sets, runs := n*buffers*int(b.set), n*buffers*b.run
		if b.set < leastSet || b.run < 1<<20 {
			t.Errorf("%d partitions: %+v is too little to go on", n, b)
		}
		if n <= 80 && (sets > 64<<20 || runs > 256<<20) {
			t.Errorf("%d partitions: %d MiB to fetch, %d MiB decompressed", n, sets>>20, runs>>20)
		}
	}
}

// steady plays a broker that answers every fetch with the same batch further on.
func steady(t testing.TB, w *wire, n int32) {
	t.Helper()
	answer := fetchAnswer(0, canned{batches: []crafted{eventBatch(t, None, n)}, high: 1 << 40}.answer(0, 0))
	base := len(answer) - len(eventBatch(t, None, n).bytes())
	go func() {
		request := make([]byte, 1<<10)
		for {
			if _, err := io.ReadFull(w.peer, request[:4]); err != nil {
				return
			}
			size := binary.BigEndian.Uint32(request)
			if _, err := io.ReadFull(w.peer, request[:size]); err != nil {
				return
			}
			copy(answer[4:8], request[4:8]) // correlation id
			at := request[size-2-4-4-8-8:]  // rack, forgotten, max bytes, log start, and the offset
			copy(answer[base:base+8], at[:8])
			if _, err := w.peer.Write(answer); err != nil {
				return
			}
		}
	}()
}

// From the socket to the receiver, a record costs no allocation.
func TestFetchingAllocatesNothing(t *testing.T) {
	w := newWire(t, 1)
	steady(t, w, 100)
	round := func() {
		for range 100 {
			r := <-w.c.out
			if len(r.Records) != 100 {
				t.Fatalf("%d records", len(r.Records))
			}
			r.Release()
		}
	}
	round() // buffers grow
	if n := testing.AllocsPerRun(5, round); n > 0 {
		t.Errorf("%.0f allocations for 100 fetches of 100 records", n)
	}
}

// BenchmarkReader is the path of a record from the broker's answer to the
// receiver, without the kernel and without a broker's own work.
func BenchmarkReader(b *testing.B) {
	for name, n := range map[string]int32{"50": 50, "1000": 1000} {
		b.Run("records="+name, func(b *testing.B) {
			w := newWire(b, 1)
			steady(b, w, n)
			b.ReportAllocs()
			b.SetBytes(int64(len(event)))
			for got := 0; got < b.N; {
				r := <-w.c.out
				got += len(r.Records)
				r.Release()
			}
		})
	}
}
