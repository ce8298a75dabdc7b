//go:build real

package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestRealTopicCreatedAnewAndGrown(t *testing.T) {
	cfg := realBroker(t)
	topic := realTopic(t, cfg, 2)
	write(t, newTestProducer(t, cfg), topic, 0, 10)
	c := open(t, cfg, Assignment{Topic: topic})
	v := follow(t, c, 10)
	deleteTopic(t, cfg, topic)
	until(t, "the topic is missed", func() bool { return c.Topics()[0].Err != nil })
	oneLine(t, c.Topics()[0].Err, topic, "does not exist", "create it")
	createTopic(t, cfg, topic, 2)
	write(t, newTestProducer(t, cfg), topic, 100, 30)
	v.follow(t, c, func(v *view) bool { return v.Next == 30 })
	if len(v.Offsets) != 30 || v.Values[0] != "100" || !slices.Equal(v.Gaps, []Gap{{0, 10, GapRecreated}}) {
		t.Errorf("%d offsets, gaps %v", len(v.Offsets), v.Gaps)
	}

	req := kmsg.NewPtrCreatePartitionsRequest()
	rt := kmsg.NewCreatePartitionsRequestTopic()
	rt.Topic, rt.Count = topic, 5
	req.Topics, req.TimeoutMillis = append(req.Topics, rt), 5000
	ask(t, cfg, req)
	until(t, "the new partitions are seen", func() bool { c.lookAgain(); return c.Topics()[0].Partitions == 5 })
	if err := c.Topics()[0].Err; !errors.Is(err, ErrGrown) {
		t.Errorf("%v, want ErrGrown", err)
	}
}

func TestRealRangesAndCommits(t *testing.T) {
	cfg := realBroker(t)
	topics := []string{realTopic(t, cfg, 3), realTopic(t, cfg, 3)}
	p := newTestProducer(t, cfg)
	var as []Assignment
	var want []Range
	for i := range int32(3) {
		for _, topic := range topics {
			for range i {
				if err := p.Produce(within(t), topic, []Message{{Partition: i, Value: []byte("x")}}); err != nil {
					t.Fatal(err)
				}
			}
			as, want = append(as, Assignment{Topic: topic, Partition: i, Offset: int64(i)}), append(want, Range{0, int64(i)})
		}
	}
	if got, err := Ranges(within(t), cfg, as); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n got %v\nwant %v", err, got, want)
	}
	group := topics[0] + "-group"
	m, err := NewCommitter(cfg, group)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.Commit(within(t), as); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		req := kmsg.NewPtrDeleteGroupsRequest()
		req.Groups = []string{group}
		ask(t, cfg, req)
	})
	req := kmsg.NewPtrOffsetFetchRequest()
	req.Group, req.Groups = group, []kmsg.OffsetFetchRequestGroup{{Group: group}}
	n := 0
	for _, g := range ask(t, cfg, req).(*kmsg.OffsetFetchResponse).Groups {
		for _, rt := range g.Topics {
			for _, rp := range rt.Partitions {
				if n++; rp.Offset != int64(rp.Partition) {
					t.Errorf("%s partition %d is committed at %d", rt.Topic, rp.Partition, rp.Offset)
				}
			}
		}
	}
	if n != len(as) {
		t.Errorf("%d offsets are committed, want %d", n, len(as))
	}
}

// ownBroker is a broker that the test may stop; it is gone after the test.
type ownBroker struct {
	t    *testing.T
	cfg  Config
	port string
	home string
	env  []string
}

// newOwnBroker starts one some ports beyond the broker of all tests.
func newOwnBroker(t *testing.T, beyond int, settings ...string) *ownBroker {
	t.Helper()
	_, port, err := net.SplitHostPort(env(t, "VERDIN_KAFKA"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	port = strconv.Itoa(n + beyond)
	b := &ownBroker{t: t, port: port, env: append(settings, "KAFKA_PORT="+port), cfg: Config{Brokers: []string{net.JoinHostPort("127.0.0.1", port)}},
		home: filepath.Join("..", "..", "deploy", "dev", ".cache", "broker-"+port)}
	t.Cleanup(func() {
		b.run("stop")
		if err := os.RemoveAll(b.home); err != nil {
			t.Error(err)
		}
	})
	b.run("start")
	return b
}

func (b *ownBroker) run(what string) {
	b.t.Helper()
	cmd := exec.Command("../../deploy/dev/kafka.sh", what)
	cmd.Env = append(os.Environ(), b.env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.t.Fatalf("kafka.sh %s: %v\n%s", what, err, out)
	}
}

// cut removes what lies from an offset on from the log of partition 0, as a
// machine that lost its unwritten pages does.
func (b *ownBroker) cut(topic string, at int64) {
	b.t.Helper()
	log := filepath.Join(b.home, "data", topic+"-0", fmt.Sprintf("%020d.log", 0))
	set, err := os.ReadFile(log)
	if err != nil {
		b.t.Fatal(err)
	}
	end := 0
	for int64(binary.BigEndian.Uint64(set[end:])) < at {
		end += int(binary.BigEndian.Uint32(set[end+8:])) + lengthEnd
	}
	if err := os.Truncate(log, int64(end)); err != nil {
		b.t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(b.home, "data", ".kafka_cleanshutdown")); err != nil {
		b.t.Fatal(err)
	}
}

// A broker that goes away and comes back loses and doubles nothing; if it has
// lost records meanwhile, that is said, even when others have taken their offsets.
func TestRealRestartAndCutOff(t *testing.T) {
	b := newOwnBroker(t, 20)
	topic := realTopic(t, b.cfg, 1)
	batches := func(from, n int) { // of ten records
		p := newTestProducer(t, b.cfg)
		for i := range n {
			write(t, p, topic, from+10*i, 10)
		}
	}
	batches(0, 3)
	c, err := Open(t.Context(), b.cfg, []Assignment{{Topic: topic}}) // starting a broker may take a minute
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	v := follow(t, c, 30)
	b.run("stop")
	until(t, "it is missed", func() bool { return c.Status()[0].Err != nil })
	oneLine(t, c.Status()[0].Err, "cannot be reached", "check kafka.brokers")
	b.run("start")
	batches(30, 2)
	v.follow(t, c, func(v *view) bool { return v.Next >= 50 })
	v.want(t, view{Offsets: upTo(50), Next: 50})

	last := open(t, b.cfg, Assignment{Topic: topic, Offset: 49})
	r := <-last.Records()
	epoch := r.Epoch
	last.Close()
	b.run("stop")
	b.cut(topic, 20)
	b.run("start")
	v.follow(t, c, func(v *view) bool { return len(v.Gaps) > 0 })
	v.want(t, view{Offsets: upTo(20), Gaps: []Gap{{20, 50, GapTruncated}}, Next: 20})
	batches(1000, 5)
	v.follow(t, c, func(v *view) bool { return v.Next == 70 })
	v.want(t, view{Offsets: upTo(70), Gaps: []Gap{{20, 50, GapTruncated}}, Next: 70})

	// By now the log reaches beyond 50 again: only the epoch tells a restart.
	again := readTo(t, b.cfg, Assignment{Topic: topic, Offset: 50, Epoch: epoch}, 70)
	again.want(t, view{Offsets: upTo(70)[20:], Gaps: []Gap{{20, 50, GapTruncated}}, Next: 70})
	if again.Values[0] != "1000" {
		t.Errorf("offset 20 holds %q, want the later record", again.Values[0])
	}
}
