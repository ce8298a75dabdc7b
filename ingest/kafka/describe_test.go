package kafka

import (
	"context"
	"errors"
	"net"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestDescribeTellsPartitionsAndSettings(t *testing.T) {
	k, cfg := startBroker(t, kfake.SeedTopics(3, "plain"))
	if err := k.CreateTopic("set", 2, map[string]string{"message.timestamp.type": "LogAppendTime", "cleanup.policy": "compact,delete"}); err != nil {
		t.Fatal(err)
	}
	got, err := Describe(within(t), cfg, []string{"plain", "set"})
	want := map[string]TopicInfo{"plain": {Partitions: 3, ID: k.TopicInfo("plain").TopicID},
		"set": {Partitions: 2, LogAppendTime: true, Compacted: true, ID: k.TopicInfo("set").TopicID}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

// mute is a port that hangs up on everybody.
func mute(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	})
	t.Cleanup(func() { ln.Close(); wg.Wait() })
	return ln.Addr().String()
}

func TestWhatIsWrongIsSaidInOneLine(t *testing.T) {
	k, cfg := startBroker(t, kfake.SeedTopics(1, "log"))
	closed := mute(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close() // nobody listens here now
	for _, c := range []struct {
		name   string
		cfg    Config
		topics []string
		parts  []string
	}{
		{"missing topic", cfg, []string{"log", "nolog"}, []string{`"nolog" does not exist`, "create it"}},
		{"no broker there", Config{Brokers: []string{ln.Addr().String()}}, []string{"log"}, []string{"cannot be reached", "refused", "check kafka.brokers"}},
		{"no broker among several", Config{Brokers: []string{ln.Addr().String(), closed}}, []string{"log"}, []string{"none of 2 kafka brokers"}},
		{"something else there", Config{Brokers: []string{closed}}, []string{"log"}, []string{closed, "check that this port speaks Kafka"}},
	} {
		_, err := Describe(within(t), c.cfg, c.topics)
		t.Log(err)
		oneLine(t, err, c.parts...)
	}
	if _, err := Describe(within(t), Config{Brokers: []string{ln.Addr().String(), cfg.Brokers[0]}}, []string{"log"}); err != nil {
		t.Errorf("the second broker answers, yet: %v", err)
	}
	k.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Topic: "log", Err: kerr.TopicAuthorizationFailed, Count: 1})
	_, err = Describe(within(t), cfg, []string{"log"})
	oneLine(t, err, `"log" may not be read`, "grant")
}

func TestABrokerThatSaysNothingIsGivenUpOnCancel(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ctx, cancel := context.WithCancel(within(t))
	done := make(chan error)
	go func() {
		_, err := Describe(ctx, Config{Brokers: []string{ln.Addr().String()}}, []string{"log"})
		done <- err
	}()
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Read(make([]byte, 1)); err != nil { // it has asked, and waits
		t.Fatal(err)
	}
	begin := time.Now()
	cancel()
	if err := <-done; err == nil || time.Since(begin) > 2*time.Second {
		t.Errorf("after %v: %v", time.Since(begin), err)
	}
}

func TestOpenRefusesWhatIsNotThere(t *testing.T) {
	_, cfg := startBroker(t, kfake.SeedTopics(2, "log"))
	for _, c := range []struct {
		as   []Assignment
		part string
	}{
		{nil, "no partition to read"},
		{[]Assignment{{Topic: "log", Partition: 2}}, "has no partition 2: it has 2"},
		{[]Assignment{{Topic: "log"}, {Topic: "log"}}, "assigned twice"},
		{[]Assignment{{Topic: "log", Offset: -3}}, "offset -3"},
		{[]Assignment{{Topic: "nolog"}}, "does not exist"},
	} {
		_, err := Open(within(t), cfg, c.as)
		oneLine(t, err, c.part)
	}
}

func TestValidateSaysAllThatIsWrong(t *testing.T) {
	secret := Secret{Env: "X"}
	for _, c := range []struct {
		cfg   Config
		parts []string
	}{
		{Config{}, []string{"kafka.brokers is empty"}},
		{Config{Brokers: []string{"localhost"}}, []string{"kafka.brokers[0]", "host:port"}},
		{Config{Brokers: []string{"a:1"}, TLS: &TLSConfig{Cert: "c"}}, []string{"cert and key"}},
		{Config{Brokers: []string{"127.0.0.1:1"}, SASL: &SASLConfig{Mechanism: Plain, User: "u", Password: secret}}, []string{"in clear"}},
		{Config{Brokers: []string{"a:1"}, SASL: &SASLConfig{Mechanism: "gssapi"}}, []string{`"gssapi"`, "sasl.user is empty", "exactly one of file and env"}},
		{Config{Brokers: []string{"a:1"}, SASL: &SASLConfig{Mechanism: ScramSHA512, User: "u", Password: Secret{Env: "a", File: "b"}}}, []string{"exactly one"}},
		{Config{Brokers: []string{"a:1", "[::1]:2"}, TLS: &TLSConfig{}, SASL: &SASLConfig{Mechanism: Plain, User: "u", Password: secret}}, nil},
	} {
		err := c.cfg.Validate()
		if (err == nil) != (c.parts == nil) {
			t.Errorf("%+v: %v", c.cfg, err)
		}
		for _, p := range c.parts {
			if err != nil && !strings.Contains(err.Error(), p) {
				t.Errorf("%q does not say %q", err, p)
			}
		}
	}
}

func TestSecretsThatCannotBeReadAreSaid(t *testing.T) {
	for _, s := range []Secret{{Env: "VERDIN_TEST_UNSET"}, {File: "/nonexistent/secret"}, {File: "/dev/null"}} {
		if v, err := s.read(); err == nil || v != "" || !strings.Contains(err.Error(), "kafka.sasl.password") {
			t.Errorf("%+v: %q, %v", s, v, err)
		}
	}
}

func TestEnsureTopicWaitsUntilItCanBeUsed(t *testing.T) {
	k, cfg := startBroker(t)
	var created atomic.Bool
	h := k.Fault(
		kfake.Fault{Keys: []kmsg.Key{kmsg.CreateTopics}, Observe: true, Count: -1, When: func(kmsg.Request) bool { created.Store(true); return true }},
		kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Topic: "new", Err: kerr.LeaderNotAvailable, Count: 2, When: func(kmsg.Request) bool { return created.Load() }})
	for range 2 { // the second time it exists
		if err := EnsureTopic(within(t), cfg, "new", 3); err != nil {
			t.Fatal(err)
		}
	}
	if n := h.Hits(); n < 2 {
		t.Errorf("the topic was usable at once: the test has shown nothing (%d)", n)
	}
	if i, err := Describe(within(t), cfg, []string{"new"}); err != nil || i["new"].Partitions != 3 {
		t.Errorf("%+v, %v", i, err)
	}
	write(t, newTestProducer(t, cfg), "new", 0, 1)
	err := EnsureTopic(within(t), cfg, "new", 4)
	oneLine(t, err, "has 3 partitions, 4 are needed")
	if !errors.Is(err, kafka.InvalidPartitionNumber) {
		t.Error(err)
	}
	oneLine(t, EnsureTopic(within(t), Config{Brokers: []string{mute(t)}}, "new", 1), "speaks Kafka")
}

// A topic counts as ready when each of its partitions has a leader that is there.
func TestEnsureTopicWaitsForLeaders(t *testing.T) {
	k, cfg := startBroker(t, kfake.SeedTopics(1, "new"))
	asked := 0 // on the broker's goroutine
	k.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
		k.KeepControl()
		if asked++; asked > 2 {
			return nil, nil, false
		}
		resp := req.ResponseKind().(*kmsg.MetadataResponse)
		resp.Topics = []kmsg.MetadataResponseTopic{{Topic: kmsg.StringPtr("new"), Partitions: []kmsg.MetadataResponseTopicPartition{{Partition: 0, Leader: int32(-asked)}}}}
		return resp, nil, true
	})
	if err := EnsureTopic(within(t), cfg, "new", 1); err != nil || asked < 3 {
		t.Errorf("ready after %d answers: %v", asked, err)
	}
}
