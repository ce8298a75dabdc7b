package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// write puts n records with their number as value into partition 0.
func write(t testing.TB, p *Producer, topic string, from, n int) {
	t.Helper()
	msgs := make([]Message, n)
	for i := range msgs {
		msgs[i].Value = fmt.Append(nil, from+i)
	}
	if err := p.Produce(within(t), topic, msgs); err != nil {
		t.Fatal(err)
	}
}

func newTestProducer(t testing.TB, cfg Config) *Producer {
	t.Helper()
	p, err := NewProducer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func TestOffsetsThatTheLogHasLostAreAGap(t *testing.T) {
	k, cfg := startBroker(t, kfake.SeedTopics(1, "log"))
	write(t, newTestProducer(t, cfg), "log", 0, 100)
	if err := k.DeleteRecords("log", 0, 60); err != nil {
		t.Fatal(err)
	}
	v := readTo(t, cfg, Assignment{Topic: "log", Offset: 10}, 100)
	v.want(t, view{Offsets: upTo(100)[60:], Gaps: []Gap{{10, 60, GapExpired}}, Next: 100})

	t.Run("while reading", func(t *testing.T) {
		c, err := Open(within(t), cfg, []Assignment{{Topic: "log", Offset: Earliest}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if at := c.Start()[0].Offset; at != 60 {
			t.Errorf("Earliest is %d, want 60", at)
		}
	})
}

func TestALogThatBecameShorterIsSaid(t *testing.T) {
	_, cfg := startBroker(t, kfake.SeedTopics(1, "log"))
	p := newTestProducer(t, cfg)
	write(t, p, "log", 0, 50)
	c, err := Open(within(t), cfg, []Assignment{{Topic: "log", Offset: 80}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r := <-c.Records()
	if len(r.Gaps) != 1 || r.Gaps[0] != (Gap{50, 80, GapTruncated}) || r.Next != 50 {
		t.Errorf("gaps %v, next %d", r.Gaps, r.Next)
	}
	r.Release()
	write(t, p, "log", 50, 1)
	if r = <-c.Records(); len(r.Records) != 1 || r.Records[0].Offset != 50 {
		t.Errorf("after it: %+v", r.Records)
	}
}

func TestLatestMeansWhatIsWrittenFromNowOn(t *testing.T) {
	_, cfg := startBroker(t, kfake.SeedTopics(1, "log"))
	p := newTestProducer(t, cfg)
	write(t, p, "log", 0, 7)
	c, err := Open(within(t), cfg, []Assignment{{Topic: "log", Offset: Latest}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	write(t, p, "log", 7, 3)
	follow(t, c, 10).want(t, view{Offsets: []int64{7, 8, 9}, Values: []string{"7", "8", "9"}, Next: 10})
	if s := c.Status()[0]; s.Next != 10 || s.HighWatermark != 10 || s.Err != nil || s.FetchedAt.IsZero() {
		t.Errorf("status %+v", s)
	}
}

// Leaders that move, connections that drop and answers that are cut off
// neither lose nor repeat a record.
func TestReadingSurvivesMovesAndDrops(t *testing.T) {
	net := &shaky{}
	k, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.SeedTopics(1, "log"), kfake.ListenFn(net.listen))
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	cfg := Config{Brokers: k.ListenAddrs()}
	p := newTestProducer(t, cfg)
	c, err := Open(within(t), cfg, []Assignment{{Topic: "log"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	v := view{}
	const rounds, each = 12, 50
	for i := range rounds {
		write(t, p, "log", i*each, each)
		switch i % 4 {
		case 1:
			if err := k.MoveTopicPartition("log", 0, int32(i/4)); err != nil {
				t.Fatal(err)
			}
		case 2:
			net.drop(0)
		case 3:
			net.drop(500) // within the next answer
		}
		for v.Next < int64((i+1)*each) {
			r, ok := <-c.Records()
			if !ok {
				t.Fatal(c.Err())
			}
			v.see(t, r)
			r.Release()
		}
	}
	v.want(t, view{Offsets: upTo(rounds * each), Next: rounds * each})
	if n := net.dropped.Load(); n < rounds/2 {
		t.Errorf("%d connections were dropped: the test has shown nothing", n)
	}
}

func TestBrokerErrorsAreRetriedAndShown(t *testing.T) {
	k, cfg := startBroker(t, kfake.SeedTopics(1, "log"))
	write(t, newTestProducer(t, cfg), "log", 0, 20)
	h := k.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "log", Err: kerr.KafkaStorageError, Count: -1})
	c, err := Open(within(t), cfg, []Assignment{{Topic: "log"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	h.Wait(within(t), 2)
	if s := c.Status()[0]; !errors.Is(s.Err, kafka.KafkaStorageError) {
		t.Errorf("status %+v, want the broker's error", s)
	}
	h.Remove()
	follow(t, c, 20).want(t, view{Offsets: upTo(20), Next: 20})
	if s := c.Status()[0]; s.Err != nil && s.Next != 20 {
		t.Errorf("status %+v", s)
	}
}

func TestOversizeRecordsAreReportedAndPassedOver(t *testing.T) {
	_, cfg := startBroker(t, kfake.SeedTopics(1, "log"))
	p := newTestProducer(t, cfg)
	big := make([]byte, MaxRecordBytes+1)
	if err := p.Produce(within(t), "log", []Message{{Value: []byte("a")}, {Value: big}, {Value: []byte("b")}}); err != nil {
		t.Fatal(err)
	}
	readTo(t, cfg, Assignment{Topic: "log"}, 3).want(t,
		view{Offsets: []int64{0, 2}, Values: []string{"a", "b"}, Oversize: []int64{1}, Next: 3})
}

// A batch larger than what is asked for per fetch still comes through.
func TestBatchesLargerThanAFetchAreRead(t *testing.T) {
	k, cfg := startBroker(t, kfake.SeedTopics(1, "log"), kfake.BrokerConfigs(map[string]string{"message.max.bytes": "8000000"}))
	big := crafted{base: 0, producer: -1, delta: 19}
	for range 20 {
		big.values = append(big.values, string(make([]byte, 200<<10)))
	}
	l := canned{batches: []crafted{big, data(20, 1)}, high: 21}
	k.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		k.KeepControl()
		f := req.(*kmsg.FetchRequest)
		rp := f.Topics[0].Partitions[0]
		p := l.answer(0, rp.FetchOffset)
		p.RecordBatches = p.RecordBatches[:min(len(p.RecordBatches), int(rp.PartitionMaxBytes))] // cut within the batch
		resp := f.ResponseKind().(*kmsg.FetchResponse)
		resp.Topics = []kmsg.FetchResponseTopic{{Topic: "log", Partitions: []kmsg.FetchResponseTopicPartition{p}}}
		return resp, nil, true
	})
	readTo(t, cfg, Assignment{Topic: "log"}, 21).want(t, view{Offsets: upTo(21), Next: 21})
}

// A receiver that holds on to its runs stops its partition and no other.
func TestAFullReceiverPausesItsPartitionAlone(t *testing.T) {
	_, cfg := startBroker(t, kfake.SeedTopics(2, "log"))
	p := newTestProducer(t, cfg)
	c, err := Open(within(t), cfg, []Assignment{{Topic: "log", Partition: 0}, {Topic: "log", Partition: 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var held []*Records
	for len(held) < buffers {
		write(t, p, "log", 0, 1)
		held = append(held, <-c.Records())
	}
	write(t, p, "log", 0, 1) // must wait
	other := view{}
	for i := range 20 {
		if err := p.Produce(within(t), "log", []Message{{Partition: 1, Value: []byte("x")}}); err != nil {
			t.Fatal(err)
		}
		for other.Next <= int64(i) {
			r := <-c.Records()
			if r.Partition != 1 {
				t.Fatalf("a run of partition 0 came while %d buffers are held", buffers)
			}
			other.see(t, r)
			r.Release()
		}
	}
	v := view{}
	for _, r := range held {
		v.see(t, r)
		r.Release()
		r.Release() // harmless
	}
	r := <-c.Records()
	v.see(t, r)
	v.want(t, view{Offsets: upTo(buffers + 1), Next: buffers + 1})
}

// With every buffer out, nothing is fetched; the first release starts it again.
func TestReleasingWakesTheReader(t *testing.T) {
	_, cfg := startBroker(t, kfake.SeedTopics(1, "log"))
	p := newTestProducer(t, cfg)
	c, err := Open(within(t), cfg, []Assignment{{Topic: "log"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var held []*Records
	for i := range 20 {
		write(t, p, "log", i, 1)
		r, ok := <-c.Records()
		if !ok {
			t.Fatalf("stopped after %d runs: %v", i, c.Err())
		}
		if held = append(held, r); len(held) == buffers {
			held[0].Release()
			held = held[1:]
		}
	}
}

func TestTheEndOfTheContextStopsEverythingAtOnce(t *testing.T) {
	for name, stop := range map[string]func(*Consumer, context.CancelFunc){
		"cancel": func(_ *Consumer, cancel context.CancelFunc) { cancel() },
		"close":  func(c *Consumer, _ context.CancelFunc) { c.Close() },
	} {
		_, cfg := startBroker(t, kfake.SeedTopics(3, "log"))
		ctx, cancel := context.WithCancel(within(t))
		defer cancel()
		c, err := Open(ctx, cfg, []Assignment{{Topic: "log", Partition: 0}, {Topic: "log", Partition: 2}})
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		stop(c, cancel)
		for range c.Records() {
		}
		c.Close()
		if d := time.Since(begin); d > time.Second {
			t.Errorf("%s: stopping took %v", name, d)
		}
		if err := c.Err(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	noGoroutines(t)
}

// Transactions as a real client writes them: only committed records come out.
func TestReadCommittedAgreesWithKgo(t *testing.T) {
	_, cfg := startBroker(t, kfake.SeedTopics(1, "log"))
	cl := kgoClient(t, cfg, kgo.TransactionalID("tx"), kgo.DefaultProduceTopic("log"))
	ctx := within(t)
	for i := range 4 {
		if err := cl.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		for j := range 5 {
			if err := cl.ProduceSync(ctx, kgo.StringRecord(fmt.Sprint(i, j))).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		if err := cl.EndTransaction(ctx, kgo.TransactionEndTry(i%2 == 0)); err != nil {
			t.Fatal(err)
		}
	}
	v := readTo(t, cfg, Assignment{Topic: "log"}, 24)
	v.want(t, view{Offsets: []int64{0, 1, 2, 3, 4, 12, 13, 14, 15, 16}, Skipped: Skipped{Control: 4, Aborted: 10}, Next: 24})
}

// shaky is a network whose connections can be cut at the broker's side.
type shaky struct {
	mu      sync.Mutex
	conns   []*shakyConn
	dropped atomic.Int64
}

type shakyListener struct {
	net.Listener
	n *shaky
}

type shakyConn struct {
	net.Conn
	n    *shaky
	left atomic.Int64 // bytes that may still be written; negative = no limit
}

func (n *shaky) listen(network, addr string) (net.Listener, error) {
	ln, err := net.Listen(network, addr)
	return shakyListener{ln, n}, err
}

func (l shakyListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	s := &shakyConn{Conn: c, n: l.n}
	s.left.Store(-1)
	l.n.mu.Lock()
	l.n.conns = append(l.n.conns, s)
	l.n.mu.Unlock()
	return s, nil
}

// drop cuts all present connections after so many more bytes to the client.
func (n *shaky) drop(after int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.conns {
		if c.left.Store(after); after == 0 {
			c.Close()
			n.dropped.Add(1)
		}
	}
	n.conns = nil
}

func (c *shakyConn) Write(b []byte) (int, error) {
	left := c.left.Load()
	if left < 0 || int64(len(b)) < left {
		if left >= 0 {
			c.left.Store(left - int64(len(b)))
		}
		return c.Conn.Write(b)
	}
	n, _ := c.Conn.Write(b[:left])
	c.n.dropped.Add(1)
	c.Close()
	return n, net.ErrClosed
}
