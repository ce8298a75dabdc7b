package kafka

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestRangesOfManyPartitionsAtOnce(t *testing.T) {
	k, cfg := startBroker(t, kfake.NumBrokers(3), kfake.SeedTopics(7, "log", "more"))
	p := newTestProducer(t, cfg)
	var as []Assignment
	var want []Range
	for i := range int32(7) {
		for _, topic := range []string{"more", "log"} {
			as, want = append(as, Assignment{Topic: topic, Partition: i, Offset: 99}), append(want, Range{0, int64(i)})
			if err := p.Produce(within(t), topic, func() (ms []Message) {
				for range i {
					ms = append(ms, Message{Partition: i, Value: []byte("x")})
				}
				return ms
			}()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := k.DeleteRecords("log", 5, 2); err != nil {
		t.Fatal(err)
	}
	want[11].Start = 2
	k.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Topic: "log", Err: kerr.NotLeaderForPartition, Count: 1}) // while leaders move
	got, err := Ranges(within(t), cfg, append(as, as[11]))
	if want = append(want, want[11]); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n got %v\nwant %v", err, got, want)
	}
	_, err = Ranges(within(t), cfg, []Assignment{{Topic: "log", Partition: 7}})
	oneLine(t, err, "has no partition 7: it has 7")
	_, err = Ranges(within(t), cfg, []Assignment{{Topic: "none"}})
	oneLine(t, err, `"none" does not exist`, "create it")
}

// A restart reads each partition again from where a snapshot stands, and knows
// when it has passed where the run before it stood.
func TestABoundedReadEndsWhereItShould(t *testing.T) {
	_, cfg := startBroker(t, kfake.SeedTopics(3, "log"))
	p := newTestProducer(t, cfg)
	from, to := []int64{3, 0, 8}, []int64{9, 4, 8}
	var as []Assignment
	for i := range int32(3) {
		var ms []Message
		for n := range 12 {
			ms = append(ms, Message{Partition: i, Value: fmt.Append(nil, n)})
		}
		if err := p.Produce(within(t), "log", ms); err != nil {
			t.Fatal(err)
		}
		as = append(as, Assignment{Topic: "log", Partition: i, Offset: from[i]})
	}
	c := open(t, cfg, as...)
	before := make([]int, 3) // records below the bound
	at := append([]int64{}, from...)
	for at[0] < to[0] || at[1] < to[1] || at[2] < to[2] {
		r := <-c.Records()
		for _, rec := range r.Records {
			if rec.Offset < to[r.Partition] {
				before[r.Partition]++
			}
		}
		at[r.Partition] = r.Next
		r.Release()
	}
	if want := []int{6, 4, 0}; !reflect.DeepEqual(before, want) {
		t.Errorf("%v records, want %v", before, want)
	}
}

func TestCommittedOffsetsAreForDashboards(t *testing.T) {
	k, cfg := startBroker(t, kfake.NumBrokers(3), kfake.SeedTopics(2, "log", "more"))
	m, err := NewCommitter(cfg, "verdin")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for i := range int64(3) {
		if i == 1 {
			k.RehashCoordinators()
			k.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Topic: "log", Err: kerr.NotCoordinator, Count: 1})
		}
		err := m.Commit(within(t), []Assignment{{Topic: "log", Partition: 0, Offset: 5 + i, Epoch: 1}, {Topic: "more", Partition: 1, Offset: 7 + i}, {Topic: "log", Partition: 1, Offset: 6 + i}})
		if err != nil {
			t.Fatal(err)
		}
		got := k.GroupInfo("verdin").Commits
		if got["log"][0].Offset != 5+i || got["log"][1].Offset != 6+i || got["more"][1].Offset != 7+i {
			t.Errorf("commits %+v", got)
		}
	}
	// They do not tell where to begin: only the assignment does.
	write(t, newTestProducer(t, cfg), "log", 0, 9)
	readTo(t, cfg, Assignment{Topic: "log"}, 9).want(t, view{Offsets: upTo(9), Next: 9})

	for code, part := range map[*kerr.Error]string{kerr.GroupAuthorizationFailed: "grant it Read on the group", kerr.UnknownMemberID: "name a group of our own"} {
		k.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Topic: "log", Err: code, Count: 1})
		err := m.Commit(within(t), []Assignment{{Topic: "log"}})
		oneLine(t, err, `kafka group "verdin"`, part)
		if !errors.Is(err, kafka.Error(code.Code)) {
			t.Errorf("%v does not wrap the code", err)
		}
	}
	if _, err := NewCommitter(cfg, ""); err == nil {
		t.Error("a group without a name")
	}
}
