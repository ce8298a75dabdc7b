package throughput

import (
	"bufio"
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"verdin/ingest/kafka"
	"verdin/schemas"
)

const (
	brokerMode = "VERDIN_THROUGHPUT_BROKER" // set in the process that only is a broker
	rate       = 1000                       // requests a second of that clock
	tick       = 10 * time.Second           // of that clock, between two looks at it
)

func TestMain(m *testing.M) {
	if os.Getenv(brokerMode) == "" {
		os.Exit(m.Run())
	}
	c, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(c.ListenAddrs()[0])
	_, _ = io.Copy(io.Discard, os.Stdin) // until whoever started us is gone
	c.Close()
}

// broker starts a broker in a process of its own, unless there is one.
func broker(b *testing.B) kafka.Config {
	b.Helper()
	if addr := os.Getenv("VERDIN_KAFKA"); addr != "" {
		return kafka.Config{Brokers: []string{addr}}
	}
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), brokerMode+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return kafka.Config{Brokers: []string{strings.TrimSpace(addr)}}
}

// filled is a source whose topics hold a harmless rollout of both arms, half and half.
type filled struct {
	workload
	kafka  kafka.Config
	prefix string
	start  schemas.Time
	events int64
	bytes  int64              // of values
	ends   map[string][]int64 // per topic and partition
	steps  []step             // what was there when, to read it as it came
}

// step is where the logs ended at an instant of the events' clock.
type step struct {
	wall schemas.Time
	ends map[string][]int64
}

// fill produces the events of a workload.
func fill(b *testing.B, cfg kafka.Config, of func(start schemas.Time) workload) *filled {
	b.Helper()
	f := &filled{kafka: cfg, prefix: fmt.Sprintf("t%d.", time.Now().UnixNano()), ends: map[string][]int64{}}
	f.start = schemas.TimeOf(time.Now()).Add(-2 * time.Hour).Floor(time.Minute)
	f.workload = of(f.start)
	f.spec = []byte(strings.ReplaceAll(string(f.spec), "ml.", f.prefix))
	for _, t := range f.topics {
		if err := kafka.EnsureTopic(b.Context(), cfg, f.topic(t), f.partitions); err != nil {
			b.Fatal(err)
		}
		f.ends[f.topic(t)] = make([]int64, f.partitions)
	}
	p, err := kafka.NewProducer(cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	p.Codec = kafka.LZ4
	for at := f.start; at < f.start.Add(f.length); at = at.Add(tick) {
		f.produce(b, p, at)
	}
	return f
}

// produce sends the events of one tick.
func (f *filled) produce(b *testing.B, p *kafka.Producer, at schemas.Time) {
	b.Helper()
	batches := map[string][]kafka.Message{}
	f.tick(at, at.Add(tick), func(topic string, partition int32, key []byte, ts schemas.Time, value []byte) {
		name := f.topic(topic)
		if f.ends[name] == nil {
			return
		}
		f.bytes += int64(len(value))
		batches[name] = append(batches[name], kafka.Message{Partition: partition, Key: slices.Clone(key), Value: slices.Clone(value), Time: ts.Std()})
		f.ends[name][partition]++
		f.events++
	})
	s := step{wall: at.Add(tick), ends: map[string][]int64{}}
	for name, ends := range f.ends {
		if err := p.Produce(b.Context(), name, batches[name]); err != nil {
			b.Fatal(err)
		}
		s.ends[name] = slices.Clone(ends)
	}
	f.steps = append(f.steps, s)
}

func (f *filled) topic(name string) string { return f.prefix + strings.TrimPrefix(name, "ml.") }

// discard only fetches: the floor.
func discard(ctx context.Context, f *filled, as []kafka.Assignment) error {
	c, err := kafka.Open(ctx, f.kafka, as)
	if err != nil {
		return err
	}
	defer c.Close()
	var n int64
	for n < f.events {
		select {
		case r, ok := <-c.Records():
			if !ok {
				return c.Err()
			}
			n += int64(len(r.Records))
			r.Release()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
