package kafka

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// historyEnds makes brokers say that the history that was read ends at end.
func historyEnds(k *kfake.Cluster, end *atomic.Int64) {
	k.ControlKey(int16(kmsg.OffsetForLeaderEpoch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		k.KeepControl()
		resp := req.ResponseKind().(*kmsg.OffsetForLeaderEpochResponse)
		for _, rt := range req.(*kmsg.OffsetForLeaderEpochRequest).Topics {
			t := kmsg.NewOffsetForLeaderEpochResponseTopic()
			t.Topic = rt.Topic
			for _, rp := range rt.Partitions {
				p := kmsg.NewOffsetForLeaderEpochResponseTopicPartition()
				p.Partition, p.LeaderEpoch, p.EndOffset = rp.Partition, rp.LeaderEpoch, end.Load()
				t.Partitions = append(t.Partitions, p)
			}
			resp.Topics = append(resp.Topics, t)
		}
		return resp, nil, true
	})
}

// A leader that was elected without having all that was read has other records
// from some offset on: those that were read are declared void, the others are read.
func TestALogThatWasCutOffAndHasGrownAgainIsSaid(t *testing.T) {
	k, cfg := startBroker(t, kfake.SeedTopics(1, "log"))
	p := newTestProducer(t, cfg)
	write(t, p, "log", 0, 50)
	c := open(t, cfg, Assignment{Topic: "log"})
	v := follow(t, c, 50)
	var end atomic.Int64
	end.Store(30)
	historyEnds(k, &end)
	if err := k.MoveTopicPartition("log", 0, 0); err != nil { // the same broker, in a new epoch
		t.Fatal(err)
	}
	v.follow(t, c, func(v *view) bool { return len(v.Gaps) > 0 && v.Next == 50 })
	v.want(t, view{Offsets: upTo(50), Gaps: []Gap{{30, 50, GapTruncated}}, Next: 50})
}

// With the epoch of a snapshot the same is noticed after a restart.
func TestARestartNoticesAnotherHistory(t *testing.T) {
	k, cfg := startBroker(t, kfake.SeedTopics(1, "log"))
	p := newTestProducer(t, cfg)
	write(t, p, "log", 0, 20)
	if err := k.MoveTopicPartition("log", 0, 0); err != nil {
		t.Fatal(err)
	}
	write(t, p, "log", 20, 20)
	c := open(t, cfg, Assignment{Topic: "log"})
	var epochs []int32
	for next := int64(0); next < 40; {
		r := <-c.Records()
		next = r.Next
		epochs = append(epochs, r.Epoch)
		r.Release()
	}
	if first, last := epochs[0], epochs[len(epochs)-1]; first < 1 || last != 2 {
		t.Errorf("epochs %v, want 2 at the end", epochs)
	}
	var end atomic.Int64
	historyEnds(k, &end)
	for name, c := range map[string]struct {
		epoch int32
		end   int64 // what the leader says
		want  view
	}{
		"the same":               {2, 40, view{Offsets: upTo(40)[35:], Next: 40}},
		"unknown":                {0, 10, view{Offsets: upTo(40)[35:], Next: 40}},
		"another":                {2, 30, view{Offsets: upTo(40)[30:], Gaps: []Gap{{30, 35, GapTruncated}}, Next: 40}},
		"another from the start": {9, -1, view{Offsets: upTo(40)[35:], Gaps: []Gap{{35, 35, GapTruncated}}, Next: 40}},
	} {
		t.Run(name, func(t *testing.T) {
			end.Store(c.end)
			readTo(t, cfg, Assignment{Topic: "log", Offset: 35, Epoch: c.epoch}, 40).want(t, c.want)
		})
	}
}

// A topic that is deleted is said to be missing; one that is created anew under
// its name begins again, even where it has grown beyond what was read.
func TestATopicThatIsCreatedAnewBeginsAgain(t *testing.T) {
	k, cfg := startBroker(t, kfake.SeedTopics(2, "log"))
	p := newTestProducer(t, cfg)
	write(t, p, "log", 0, 10)
	c := open(t, cfg, Assignment{Topic: "log"})
	v := follow(t, c, 10)
	if err := k.DeleteTopic("log"); err != nil {
		t.Fatal(err)
	}
	until(t, "the topic is missed", func() bool { return c.Topics()[0].Err != nil && c.Status()[0].Err != nil })
	oneLine(t, c.Topics()[0].Err, `"log" does not exist`, "create it")
	oneLine(t, c.Status()[0].Err, `"log"`)
	create := func() {
		if err := k.CreateTopic("log", 2, nil); err != nil {
			t.Fatal(err)
		}
		write(t, newTestProducer(t, cfg), "log", 100, 30)
	}
	create()
	v.follow(t, c, func(v *view) bool { return v.Next == 30 })
	if len(v.Offsets) != 30 || v.Values[0] != "100" || !slices.Equal(v.Gaps, []Gap{{0, 10, GapRecreated}}) {
		t.Errorf("%d offsets, gaps %v", len(v.Offsets), v.Gaps)
	}
	until(t, "all is well", func() bool { return c.Topics()[0].Err == nil && c.Status()[0].Err == nil })

	t.Run("between two fetches", func(t *testing.T) {
		held := []*Records{} // with all buffers out nothing is fetched
		for len(held) < buffers {
			write(t, newTestProducer(t, cfg), "log", 0, 1)
			r := <-c.Records()
			v.see(t, r)
			held = append(held, r)
		}
		if err := k.DeleteTopic("log"); err != nil {
			t.Fatal(err)
		}
		create()
		write(t, newTestProducer(t, cfg), "log", 130, 10)
		for _, r := range held {
			r.Release()
		}
		c.lookAgain()
		v.follow(t, c, func(v *view) bool { return len(v.Gaps) > 1 && v.Next == 40 })
		if g := v.Gaps[1]; g.From != 0 || g.Reason != GapRecreated || len(v.Offsets) != 40 || v.Values[0] != "100" {
			t.Errorf("gaps %v, %d offsets", v.Gaps, len(v.Offsets))
		}
	})
}

func TestAddedPartitionsAreSaid(t *testing.T) {
	_, cfg := startBroker(t, kfake.SeedTopics(2, "log"))
	c := open(t, cfg, Assignment{Topic: "log", Partition: 0}, Assignment{Topic: "log", Partition: 1})
	if s := c.Topics(); len(s) != 1 || s[0] != (TopicStatus{Topic: "log", Partitions: 2}) {
		t.Errorf("topics %+v", s)
	}
	req := kmsg.NewPtrCreatePartitionsRequest()
	rt := kmsg.NewCreatePartitionsRequestTopic()
	rt.Topic, rt.Count = "log", 5
	req.Topics, req.TimeoutMillis = append(req.Topics, rt), 5000
	if _, err := req.RequestWith(within(t), kgoClient(t, cfg)); err != nil {
		t.Fatal(err)
	}
	c.lookAgain()
	until(t, "the new partitions are seen", func() bool { return c.Topics()[0].Partitions == 5 })
	err := c.Topics()[0].Err
	if !errors.Is(err, ErrGrown) {
		t.Errorf("%v, want ErrGrown", err)
	}
	oneLine(t, err, `"log" has 5 partitions, of which 2 are known here`, "restart")
	if s := c.Status(); s[0].Err != nil || s[1].Err != nil {
		t.Errorf("the old ones can be read, yet %+v", s)
	}
}

// An older cluster has no topic ids; all else works there.
func TestBrokersWithoutTopicIDs(t *testing.T) {
	k, cfg := startBroker(t, kfake.SeedTopics(1, "log"))
	k.ControlKey(int16(kmsg.ApiVersions), func(req kmsg.Request) (kmsg.Response, error, bool) {
		k.KeepControl()
		resp := req.ResponseKind().(*kmsg.ApiVersionsResponse)
		for key, most := range map[int16]int16{0: 8, 1: 11, 2: 5, 3: 9, 18: 3, 22: 2, 23: 3, 32: 2} {
			a := kmsg.NewApiVersionsResponseApiKey()
			a.ApiKey, a.MaxVersion = key, most
			resp.ApiKeys = append(resp.ApiKeys, a)
		}
		return resp, nil, true
	})
	write(t, newTestProducer(t, cfg), "log", 0, 5)
	info, err := Describe(within(t), cfg, []string{"log"})
	if err != nil || info["log"] != (TopicInfo{Partitions: 1}) {
		t.Errorf("%+v, %v", info, err)
	}
	readTo(t, cfg, Assignment{Topic: "log"}, 5).want(t, view{Offsets: upTo(5), Next: 5})
}
