package pump

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"verdin/decision"
	"verdin/ingest/kafka"
	"verdin/schemas"
)

// kinds of a log, in short.
const (
	p = 1 << schemas.KindPrediction
	o = 1 << schemas.KindOutcome
	r = 1 << schemas.KindResource
)

// Shard i owns partition i of every topic; topics that are joined must have equally
// many, and one topic may carry several kinds.
func TestShardsOwnAPartitionOfEveryTopic(t *testing.T) {
	cases := []struct {
		name              string
		predictions, outs string
		resources         string
		partitions        map[string]int
		want              []string // per shard: topic:kinds
	}{
		{"predictions alone", "a", "", "", map[string]int{"a": 2}, []string{"a1", "a1"}},
		{"joined", "a", "b", "", map[string]int{"a": 2, "b": 2}, []string{"a1 b2", "a1 b2"}},
		{"one topic for both", "a", "a", "", map[string]int{"a": 2}, []string{"a3", "a3"}},
		{"one topic for all", "a", "a", "a", map[string]int{"a": 1}, []string{"a7"}},
		{"fewer of resources", "a", "b", "c", map[string]int{"a": 2, "b": 2, "c": 1}, []string{"a1 b2 c4", "a1 b2"}},
		{"more of resources", "a", "b", "c", map[string]int{"a": 1, "b": 1, "c": 3}, []string{"a1 b2 c4", "c4", "c4"}},
		{"resources beside predictions", "a", "b", "a", map[string]int{"a": 2, "b": 2}, []string{"a5 b2", "a5 b2"}},
		{"unequal", "a", "b", "", map[string]int{"a": 2, "b": 3}, nil},
		{"unequal, with resources in the outcomes' topic", "a", "b", "b", map[string]int{"a": 2, "b": 3}, nil},
	}
	for _, c := range cases {
		spec := &decision.Spec{Source: decision.Source{Predictions: c.predictions, Outcomes: c.outs, Resources: c.resources}}
		info := map[string]kafka.TopicInfo{}
		for name, n := range c.partitions {
			info[name] = kafka.TopicInfo{Partitions: n}
		}
		topics, err := NewTopics(spec, info)
		if c.want == nil {
			if !errors.Is(err, ErrPartitions) || !strings.Contains(err.Error(), "a has 2, b has 3") {
				t.Errorf("%s: %v, want ErrPartitions with the counts", c.name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []string
		for i, logs := range topics.Shards {
			var names []string
			for k, l := range logs {
				names = append(names, l.Topic+string('0'+rune(l.Kinds)))
				if shard, log := topics.Find(l.Topic, l.Partition); shard != i || log != k || int(l.Partition) != i {
					t.Errorf("%s: partition %d of %s is found at %d, %d", c.name, l.Partition, l.Topic, shard, log)
				}
			}
			got = append(got, strings.Join(names, " "))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Every partition of every topic is read, each once.
func TestEveryPartitionIsAssignedOnce(t *testing.T) {
	spec := &decision.Spec{Source: decision.Source{Predictions: "a", Outcomes: "a", Resources: "c"}}
	topics, err := NewTopics(spec, map[string]kafka.TopicInfo{"a": {Partitions: 2}, "c": {Partitions: 3}})
	if err != nil {
		t.Fatal(err)
	}
	got := topics.Assignments(kafka.Latest)
	if len(got) != 5 || !slices.Equal(topics.Names(), []string{"a", "c"}) {
		t.Fatalf("%d assignments of topics %v", len(got), topics.Names())
	}
	seen := map[string]bool{}
	for _, a := range got {
		key := a.Topic + string('0'+rune(a.Partition))
		if seen[key] || a.Offset != kafka.Latest {
			t.Errorf("%+v is assigned twice, or from elsewhere", a)
		}
		seen[key] = true
	}
}

// A bare event takes the kind of a topic that carries one kind; a topic of several
// kinds wants events that name theirs, and none takes what it does not carry.
func TestBareEventsTakeTheKindOfTheirTopic(t *testing.T) {
	event := answer("a", "stable", begin)
	bare, typed := event.AppendJSON(nil), event.AppendLine(nil)
	cases := []struct {
		kinds uint8
		value []byte
		rows  int
	}{{p, bare, 1}, {p, typed, 1}, {p | o, bare, 0}, {p | o, typed, 1}, {o, typed, 0}, {r, typed, 0}}
	layout := &schemas.Layout{}
	for _, c := range cases {
		topics := &Topics{Shards: [][]schemas.Log{{{Topic: "t", Kinds: c.kinds}}}}
		chunk := new(schemas.Chunk)
		chunk.Reset(0, layout)
		topics.decoders(layout, nil)[0][0].Append(chunk, record(1, begin, c.value))
		if chunk.Len() != c.rows {
			t.Errorf("kinds %03b, %s: %d rows, rejected %+v", c.kinds, c.value, chunk.Len(), chunk.Rejected)
		}
	}
}
