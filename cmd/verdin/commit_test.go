package main

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// committed are the offsets of a topic's partitions in a consumer group, −1 = none.
func (r *rig) committed(t *testing.T, group, topic string) map[int32]int64 {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(r.brokers()...))
	must(t, err)
	defer cl.Close()
	req := kmsg.NewPtrOffsetFetchRequest()
	req.Group = group
	req.Groups = []kmsg.OffsetFetchRequestGroup{{Group: group}}
	res, err := req.RequestWith(t.Context(), cl)
	must(t, err)
	all := map[int32]int64{}
	for _, g := range res.Groups {
		for _, one := range g.Topics {
			for _, p := range one.Partitions {
				if one.Topic == topic {
					all[p.Partition] = p.Offset
				}
			}
		}
	}
	return all
}

// Positions of snapshots are shown to a consumer group, if the engine file names one; a
// broker that refuses them stops nothing.
func TestPositionsAreShownToAGroup(t *testing.T) {
	r := newRig(t)
	r.spec(t, "a")
	r.fill(t, "events", "a", 10)
	run := func(group, generation string) *program {
		write(t, r.dir, "verdin.yaml", r.engineFile("kafka: {", "kafka: {"+group))
		p := launch(t, "run", "-c", r.config)
		p.await(t, `"msg":"verdict acked"`, `"generation":`+generation+`,"sequence":1`)
		return p
	}
	p := run("", "1")
	p.stop(t)
	if got := r.committed(t, "lag", "events"); len(got) > 0 {
		t.Errorf("without a group %v is committed", got)
	}
	r.spec(t, "a", "weight: 20", "weight: 30")
	p = run("group: lag, ", "2")
	r.fill(t, "events", "a", 6)
	r.awaitRows(t, p, `verdin_rows_total{fate="counted",rollout="default/a"} 6`)
	p.stop(t) // takes a snapshot
	if got := r.committed(t, "lag", "events"); got[0] != 8 || got[1] != 8 {
		t.Errorf("%v is committed, want 8 and 8", got)
	}
	var asked atomic.Int32
	r.kafka.ControlKey(int16(kmsg.OffsetCommit), func(kmsg.Request) (kmsg.Response, error, bool) {
		r.kafka.KeepControl()
		asked.Add(1)
		return nil, errors.New("not now"), true
	})
	r.spec(t, "a", "weight: 20", "weight: 40")
	p = run("group: lag, ", "3")
	if code := p.stop(t); code != exitOK || asked.Load() == 0 {
		t.Errorf("exit code %d, asked %d times", code, asked.Load())
	}
	p.await(t, `"msg":"lag dashboards do not see how far reading has come`, "default/a", `committing offsets to kafka group \"lag\"`)
	noGoroutinesLeft(t)
}
