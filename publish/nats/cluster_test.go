package nats_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/publish/nats"
	"verdin/schemas"
)

// newCluster is three servers in this process with real raft between them, and the
// bucket on all three.
func newCluster(t testing.TB) *cluster {
	t.Helper()
	key, _, err := nats.OpenKey(filepath.Join(t.TempDir(), "engine.nk"))
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{bed: bed{key: key}}
	var routes []*url.URL
	for _, port := range freePorts(t, 3) {
		c.ports = append(c.ports, port)
		routes = append(routes, &url.URL{Scheme: "nats", Host: fmt.Sprintf("127.0.0.1:%d", port)})
	}
	for i := range 3 {
		c.dirs = append(c.dirs, t.TempDir())
		c.routes = routes
		c.nodes = append(c.nodes, nil)
		c.startNode(t, i)
	}
	nc := c.connect(t)
	settled(t, "the bucket", func() error { return nats.Setup(t.Context(), nc, 3) })
	return c
}

// patience is how long a cluster may take to elect a leader or to answer on a machine
// that has other things to do.
const patience = 3 * time.Minute

// settled asks until there is an answer: while a leader falls or comes back there may be
// none.
func settled(t testing.TB, what string, ask func() error) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		err := ask()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: no clear answer in %s: %v", what, patience, err)
		}
		<-time.After(5 * time.Millisecond) // as an outbox does
	}
}

type cluster struct {
	bed
	nodes  []*server.Server
	dirs   []string
	ports  []int
	routes []*url.URL
}

func freePorts(t testing.TB, n int) (ports []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

func (c *cluster) startNode(t testing.TB, i int) {
	t.Helper()
	s, err := server.NewServer(&server.Options{
		ServerName: fmt.Sprintf("n%d", i), Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true,
		JetStream: true, SyncAlways: true, StoreDir: c.dirs[i], Routes: c.routes,
		Cluster: server.ClusterOpts{Name: "verdin", Host: "127.0.0.1", Port: c.ports[i]},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(patience) {
		t.Fatal("a node does not start")
	}
	c.nodes[i] = s
	t.Cleanup(func() { stop(s) })
}

func (c *cluster) urls() string {
	var all []string
	for _, s := range c.nodes {
		all = append(all, s.ClientURL())
	}
	return strings.Join(all, ",")
}

func (c *cluster) connect(t testing.TB, opts ...natsgo.Option) *natsgo.Conn {
	t.Helper()
	nc, err := nats.Connect(nats.Config{URL: c.urls()}, func(error) {}, append(opts, natsgo.ReconnectWait(20*time.Millisecond))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

func (c *cluster) publisher(t testing.TB, engine string, opts ...natsgo.Option) *nats.Publisher {
	t.Helper()
	p, err := nats.NewPublisher(c.connect(t, opts...), c.key, nats.Options{Engine: engine, Epoch: 1, Timeout: 500 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// stopLeader stops the node that leads the bucket and returns its number.
func (c *cluster) stopLeader(t testing.TB) (leader int) {
	t.Helper()
	settled(t, "the leader of the bucket", func() error {
		leader = slices.IndexFunc(c.nodes, func(s *server.Server) bool {
			return s.JetStreamIsStreamLeader(server.DEFAULT_GLOBAL_ACCOUNT, schemas.StreamRoutes)
		})
		if leader < 0 {
			return errors.New("it has none")
		}
		return nil
	})
	stop(c.nodes[leader])
	return leader
}

// held is what the bucket holds for a rollout, oldest first, as soon as it is as many
// verdicts as are wanted: who reads may be told by a node that has not caught up.
func held(t testing.TB, nc *natsgo.Conn, rollout string, want int) (all []string) {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	settled(t, "the history of "+rollout, func() error {
		kv, err := js.KeyValue(t.Context(), schemas.BucketRoutes)
		if err != nil {
			return err
		}
		entries, err := kv.History(t.Context(), schemas.Key("prod", rollout))
		all = nil
		for _, e := range entries {
			all = append(all, string(e.Value()))
		}
		if err == nil && len(all) != want {
			err = fmt.Errorf("%d verdicts are stored, want %d", len(all), want)
		}
		return err
	})
	return all
}

// chainOf is chain for another rollout.
func chainOf(rollout string, n int) (all [][]byte) {
	var prev []byte
	for range n {
		prev = next(prev, func(v *schemas.Verdict) { v.Rollout = rollout })
		all = append(all, prev)
	}
	return all
}

// until publishes until the answer is clear.
func until(t testing.TB, p *nats.Publisher, payload []byte) (r nats.Result) {
	t.Helper()
	settled(t, "publishing", func() (err error) {
		r, err = p.Publish(context.Background(), payload)
		return err
	})
	return r
}

// claimed claims a chain.
func claimed(t testing.TB, p *nats.Publisher, rollout string) {
	t.Helper()
	settled(t, "claiming "+rollout, func() error {
		_, err := p.Claim(t.Context(), "prod", rollout)
		return err
	})
}

func TestThreeNodes(t *testing.T) {
	c := newCluster(t)
	t.Run("the fence holds", c.theFenceHolds)
	t.Run("a lost answer is found again", c.aLostAnswerIsFoundAgain)
	t.Run("of many at once one is stored", c.ofManyAtOnceOneIsStored)
	t.Run("leaders fall and nothing is lost", c.leadersFall)
}

func (c *cluster) theFenceHolds(t *testing.T) {
	a, z, all := c.publisher(t, "a"), c.publisher(t, "z"), chainOf("fence", 2)
	if r := until(t, a, all[0]); r != nats.Acked {
		t.Fatal(r)
	}
	claimed(t, z, "fence")
	if r := until(t, a, all[1]); r != nats.Fenced {
		t.Errorf("the stale engine: %s", r)
	}
	if r := until(t, z, all[1]); r != nats.Acked {
		t.Errorf("the new engine: %s", r)
	}
	if r := until(t, z, next(all[0], func(v *schemas.Verdict) { v.Rollout, v.Reason.Code = "fence", "late" })); r != nats.Fenced {
		t.Errorf("another verdict in the place of the head: %s", r)
	}
}

func (c *cluster) aLostAnswerIsFoundAgain(t *testing.T) {
	net := &faults{}
	p, all := c.publisher(t, "a", natsgo.SetCustomDialer(net)), chainOf("lost", 2)
	for i, payload := range all {
		if i > 0 {
			net.loseAnswerTo("HPUB " + schemas.WriteSubject("prod", "lost"))
			if r, err := p.Publish(t.Context(), payload); err == nil {
				t.Fatalf("with a lost answer: %s", r)
			}
			net.cut()
		}
		if r := until(t, p, payload); r != nats.Acked {
			t.Errorf("verdict %d: %s", i+1, r)
		}
	}
	held(t, c.connect(t), "lost", len(all))
}

func (c *cluster) ofManyAtOnceOneIsStored(t *testing.T) {
	p := c.publisher(t, "a")
	claimed(t, p, "crowd")
	same := next(nil, func(v *schemas.Verdict) { v.Rollout = "crowd" })
	var wg sync.WaitGroup
	for range 30 { // one engine, the same bytes: ids and subjects under way meet
		wg.Go(func() {
			if r := until(t, p, same); r != nats.Acked {
				t.Errorf("the same bytes: %s", r)
			}
		})
	}
	wg.Wait()
	var mu sync.Mutex
	n := map[nats.Result]int{}
	for i := range 30 { // other bytes for the place after it
		wg.Go(func() {
			r := until(t, p, next(same, func(v *schemas.Verdict) { v.Rollout, v.Reason.Code = "crowd", fmt.Sprint("writer_", i) }))
			mu.Lock()
			defer mu.Unlock()
			n[r]++
		})
	}
	wg.Wait()
	if n[nats.Acked] != 1 || n[nats.Fenced] != 29 {
		t.Errorf("%v, want 1 acked and 29 fenced", n)
	}
	held(t, c.connect(t), "crowd", 2)
}

// leadersFall stops the bucket's leader in the middle of a chain, again and again.
func (c *cluster) leadersFall(t *testing.T) {
	p, all := c.publisher(t, "a"), chainOf("ramp", 5)
	for i, payload := range all {
		down := -1
		if i%2 == 1 {
			done := make(chan nats.Result)
			go func() { done <- until(t, p, payload) }() // the leader falls while it is written
			down = c.stopLeader(t)
			if r := <-done; r != nats.Acked {
				t.Errorf("verdict %d, while the leader falls: %s", i+1, r)
			}
		}
		if r := until(t, p, payload); r != nats.Acked {
			t.Fatalf("verdict %d: %s", i+1, r)
		}
		if down >= 0 {
			c.startNode(t, down)
			waitCurrent(t, c.nodes[down])
		}
	}
	got := held(t, c.connect(t), "ramp", len(all))
	for i := range all {
		if got[i] != string(all[i]) {
			t.Errorf("verdict %d is not what was published", i+1)
		}
	}
}

// waitCurrent waits until a node has caught up, so that the next may fall.
func waitCurrent(t testing.TB, s *server.Server) {
	t.Helper()
	settled(t, "a node that came back", func() error {
		if !s.JetStreamIsCurrent() || !s.JetStreamIsStreamCurrent(server.DEFAULT_GLOBAL_ACCOUNT, schemas.StreamRoutes) {
			return errors.New("it has not caught up")
		}
		return nil
	})
}
