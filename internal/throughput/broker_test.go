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
	"verdin/internal/pump"
	"verdin/internal/scenario"
	"verdin/schemas"
)

const (
	brokerMode = "VERDIN_THROUGHPUT_BROKER" // set in the process that only is a broker
	seconds    = 1200                       // of traffic in the topics, by the events' clock
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
	kafka  kafka.Config
	spec   []byte
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

//go:embed predictions.yaml
var predictionsOnly []byte

// fill produces the events: predictions, outcomes and readings, or predictions alone.
func fill(b *testing.B, cfg kafka.Config, alone bool) *filled {
	b.Helper()
	sc, err := scenario.Lookup("aa")
	if err != nil {
		b.Fatal(err)
	}
	sc.RequestsPerSecond = rate
	topics := []string{scenario.Predictions, scenario.Outcomes, scenario.Resources}
	if alone {
		sc.Spec, topics = predictionsOnly, topics[:1]
	}
	f := &filled{kafka: cfg, prefix: fmt.Sprintf("t%d.", time.Now().UnixNano()), ends: map[string][]int64{}}
	f.spec = []byte(strings.ReplaceAll(string(sc.Spec), "ml.", f.prefix))
	f.start = schemas.TimeOf(time.Now()).Add(-2 * seconds * time.Second).Floor(time.Minute)
	for i, t := range topics {
		topics[i] = f.topic(t)
		if err := kafka.EnsureTopic(b.Context(), cfg, topics[i], int(sc.Partitions)); err != nil {
			b.Fatal(err)
		}
		f.ends[topics[i]] = make([]int64, sc.Partitions)
	}
	p, err := kafka.NewProducer(cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	p.Codec = kafka.LZ4
	gen := scenario.New(sc, 1, f.start)
	for at := f.start; at < f.start.Add(seconds*time.Second); at = at.Add(tick) {
		batches := map[string][]kafka.Message{}
		gen.Tick(at, at.Add(tick), pump.Choose(5000), scenario.Split{CanaryBps: 5000, Generation: 1}, func(topic string, partition int32, key []byte, ts schemas.Time, value []byte) {
			name := f.topic(topic)
			if f.ends[name] == nil {
				return
			}
			f.bytes += int64(len(value))
			batches[name] = append(batches[name], kafka.Message{Partition: partition, Key: append([]byte(nil), key...), Value: append([]byte(nil), value...), Time: ts.Std()})
			f.ends[name][partition]++
			f.events++
		})
		for _, name := range topics {
			if err := p.Produce(b.Context(), name, batches[name]); err != nil {
				b.Fatal(err)
			}
		}
		s := step{wall: at.Add(tick), ends: map[string][]int64{}}
		for name, ends := range f.ends {
			s.ends[name] = slices.Clone(ends)
		}
		f.steps = append(f.steps, s)
	}
	return f
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
