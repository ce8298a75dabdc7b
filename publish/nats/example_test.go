package nats_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"

	"verdin/publish/nats"
	"verdin/schemas"
)

// A verdict goes from an engine through an in-process server to a plain subscriber.
func ExamplePublisher() {
	dir, _ := os.MkdirTemp("", "verdin")
	defer os.RemoveAll(dir)
	srv, _ := server.NewServer(&server.Options{DontListen: true, JetStream: true, StoreDir: dir, SyncAlways: true})
	srv.Start()
	defer stop(srv)
	srv.ReadyForConnections(10 * time.Second)

	nc, err := nats.Connect(nats.Config{}, nil, natsgo.InProcessServer(srv))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer nc.Close()
	ctx := context.Background()
	if err := nats.Setup(ctx, nc, 1); err != nil {
		fmt.Println(err)
		return
	}
	key, _, err := nats.OpenKey(filepath.Join(dir, "engine.nk"))
	if err != nil {
		fmt.Println(err)
		return
	}
	plain, _ := nc.SubscribeSync(schemas.PlainSubject("prod", "recsys"))
	p, _ := nats.NewPublisher(nc, key, nats.Options{Engine: "a", Epoch: 1})
	result, err := p.Publish(ctx, next(nil, nil))
	fmt.Println(result, err)
	m, _ := plain.NextMsg(5 * time.Second)
	fmt.Println(m.Subject, m.Header.Get("ce-id"))
	// Output:
	// acked <nil>
	// verdin.v1.verdict.prod.recsys prod/recsys/1/1
}

// Of two engines the one that claimed the chain last writes it.
func ExamplePublisher_Claim() {
	dir, _ := os.MkdirTemp("", "verdin")
	defer os.RemoveAll(dir)
	srv, _ := server.NewServer(&server.Options{DontListen: true, JetStream: true, StoreDir: dir, SyncAlways: true})
	srv.Start()
	defer stop(srv)
	srv.ReadyForConnections(10 * time.Second)
	nc, err := nats.Connect(nats.Config{}, nil, natsgo.InProcessServer(srv))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer nc.Close()
	ctx := context.Background()
	nats.Setup(ctx, nc, 1)
	nats.SetupLeases(ctx, nc, 15*time.Second, 1)
	key, _, _ := nats.OpenKey(filepath.Join(dir, "engine.nk"))
	old, _ := nats.NewPublisher(nc, key, nats.Options{Engine: "old"})
	heir, _ := nats.NewPublisher(nc, key, nats.Options{Engine: "heir"})

	first := next(nil, nil)
	fmt.Println(old.Publish(ctx, first))
	lease, _ := nats.NewLease(ctx, nc, "prod", "recsys", "heir")
	if won, _ := lease.Try(ctx); won { // advice: somebody should judge
		fmt.Println(heir.Claim(ctx, "prod", "recsys")) // the fence
	}
	fmt.Println(old.Publish(ctx, next(first, nil)))
	// Output:
	// acked <nil>
	// 2 <nil>
	// fenced <nil>
}
