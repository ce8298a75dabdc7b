package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/twmb/franz-go/pkg/kfake"
)

// servers are the demo's stand-ins: franz-go's fake Kafka broker, which speaks the
// protocol over TCP and keeps records in memory, and a real NATS server with
// JetStream, both in this process.
type servers struct {
	kafka *kfake.Cluster
	nats  *server.Server
	dir   string
}

func startServers(partitions int32, topics ...string) (*servers, error) {
	dir, err := os.MkdirTemp("", "verdin-demo-")
	if err != nil {
		return nil, err
	}
	s := &servers{dir: dir}
	s.kafka, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, topics...))
	if err != nil {
		s.stop()
		return nil, fmt.Errorf("start the in-process Kafka broker: %w", err)
	}
	if s.nats, err = startNATS(dir, server.RANDOM_PORT); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// startNATS starts a server with JetStream over what it has stored in dir before.
func startNATS(dir string, port int) (*server.Server, error) {
	s, err := server.NewServer(&server.Options{
		ServerName: "verdin-demo", Host: "127.0.0.1", Port: port,
		JetStream: true, StoreDir: filepath.Join(dir, "nats"), SyncAlways: true,
		JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 256 << 20, NoSigs: true, NoLog: true,
	})
	if err != nil {
		return nil, fmt.Errorf("start the in-process NATS server: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		s.Shutdown()
		return nil, fmt.Errorf("the in-process NATS server is not ready after 10 s")
	}
	return s, nil
}

func (s *servers) brokers() []string { return s.kafka.ListenAddrs() }

func (s *servers) natsURL() string { return s.nats.ClientURL() }

func (s *servers) addresses() string {
	return fmt.Sprintf("Kafka %s (in process: franz-go's kfake, for demos and tests)\nNATS  %s (in process: nats-server with JetStream)",
		strings.Join(s.brokers(), ","), s.natsURL())
}

// stop ends both and removes what they stored.
func (s *servers) stop() {
	if s.nats != nil {
		s.nats.Shutdown()
		s.nats.WaitForShutdown()
	}
	if s.kafka != nil {
		s.kafka.Close()
	}
	os.RemoveAll(s.dir)
}
