package pump

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"verdin/decision"
	"verdin/ingest/codec"
	"verdin/ingest/kafka"
	"verdin/schemas"
)

// Topics maps the partitions of a rollout's topics to shards: shard i owns
// partition i of every topic, so that predictions meet their outcomes there.
type Topics struct {
	Shards [][]schemas.Log
	names  []string
	kinds  []uint8 // per name
}

// ErrPartitions says that joined topics have different numbers of partitions.
var ErrPartitions = errors.New("joined topics need equal partition counts")

// NewTopics lays out the topics of a spec, given their partition counts.
func NewTopics(spec *decision.Spec, info map[string]kafka.TopicInfo) (*Topics, error) {
	t := topicsOf(spec)
	n := info[t.names[0]].Partitions
	for i, name := range t.names[1:] {
		if p := info[name].Partitions; p != n && t.kinds[i+1] != 1<<schemas.KindResource {
			return nil, fmt.Errorf("%w: %s has %d, %s has %d; create the smaller one anew with as many, and let producers use the %s as key",
				ErrPartitions, t.names[0], n, name, p, cmp.Or(spec.Source.JoinKey, "prediction_id"))
		}
		n = max(n, info[name].Partitions)
	}
	t.Shards = make([][]schemas.Log, n)
	for i, name := range t.names {
		for p := range info[name].Partitions {
			t.Shards[p] = append(t.Shards[p], schemas.Log{Topic: name, Partition: int32(p), Kinds: t.kinds[i]})
		}
	}
	return t, nil
}

// TopicNames are the topics that a spec reads, each once.
func TopicNames(spec *decision.Spec) []string { return topicsOf(spec).names }

// topicsOf collects the topics of a spec and the kinds that each carries.
func topicsOf(spec *decision.Spec) *Topics {
	t := &Topics{}
	for kind, name := range []string{spec.Source.Predictions, spec.Source.Outcomes, spec.Source.Resources} {
		if name != "" {
			t.add(name, schemas.Kind(kind))
		}
	}
	return t
}

func (t *Topics) add(name string, kind schemas.Kind) {
	i := slices.Index(t.names, name)
	if i < 0 {
		i = len(t.names)
		t.names, t.kinds = append(t.names, name), append(t.kinds, 0)
	}
	t.kinds[i] |= 1 << kind
}

// Names are the topics, each once.
func (t *Topics) Names() []string { return t.names }

// Find returns the shard and the log of a partition.
func (t *Topics) Find(topic string, partition int32) (shard, log int) {
	for log, l := range t.Shards[partition] {
		if l.Topic == topic {
			return int(partition), log
		}
	}
	return int(partition), -1
}

// Assignments reads every partition from the given offset.
func (t *Topics) Assignments(offset int64) (as []kafka.Assignment) {
	for _, logs := range t.Shards {
		for _, l := range logs {
			as = append(as, kafka.Assignment{Topic: l.Topic, Partition: l.Partition, Offset: offset})
		}
	}
	return as
}

// decoders returns one decoder per shard and log.
func (t *Topics) decoders(layout *schemas.Layout, known codec.Schemas) [][]*codec.Decoder {
	out := make([][]*codec.Decoder, len(t.Shards))
	for s, logs := range t.Shards {
		for _, l := range logs {
			out[s] = append(out[s], codec.New(layout, Decoding(l, known)))
		}
	}
	return out
}

// Decoding says how the records of a log are decoded. A topic that carries one kind
// gives it to bare events that do not name their own. Known finds the schemas of
// framed records, nil if there is no registry.
func Decoding(l schemas.Log, known codec.Schemas) codec.Options {
	opt := codec.Options{Kinds: l.Kinds, Schemas: known}
	for k := range schemas.Kind(schemas.Kinds) {
		if l.Kinds == 1<<k {
			opt.DefaultKind, opt.HasDefault = k, true
		}
	}
	return opt
}
