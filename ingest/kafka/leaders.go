package kafka

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"time"
)

// surveyEvery is how often the cluster is asked about topics while all is well.
const surveyEvery = 10 * time.Second

// errNoLeader: a partition cannot be read at present.
var errNoLeader = errors.New("it has no leader: the brokers that hold it are away")

// manage gives partitions without a reader a new one, and looks after the
// topics, until the end.
func (c *Consumer) manage() {
	defer close(c.done)
	every := time.NewTicker(surveyEvery)
	defer every.Stop()
	for c.ctx.Err() == nil {
		select {
		case <-c.stale:
			pause(c.ctx, backoff(c.leastFails()))
			c.survey()
		case <-every.C:
			c.survey()
		case <-c.ctx.Done():
		}
	}
	c.stop() // frees the context when its parent has ended
	c.wg.Wait()
	close(c.out)
}

// orphan takes a partition from its reader, which calls it.
func (c *Consumer) orphan(p *partition, why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.orphanLocked(p, why)
}

func (c *Consumer) orphanLocked(p *partition, why error) {
	p.leader = -1
	p.fails++
	p.status.Err = why
	c.lookAgain()
}

// lookAgain has the manager survey the cluster soon.
func (c *Consumer) lookAgain() {
	select {
	case c.stale <- struct{}{}:
	default:
	}
}

// lose ends a reader and orphans its partitions.
func (c *Consumer) lose(b *reader, why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.readers, b.id)
	for _, p := range c.parts {
		if p.leader == b.id {
			c.orphanLocked(p, why)
		}
	}
}

// ready returns the partitions of a reader for which it can do something, and
// how many it owns. A reader that owns none is gone afterwards.
func (c *Consumer) ready(b *reader) (ready []*partition, owned int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ready = b.ready[:0]
	for _, p := range c.parts {
		if p.leader != b.id {
			continue
		}
		owned++
		if p.ready() {
			p.restart, p.reborn = p.restart || p.reborn, false
			ready = append(ready, p)
		}
	}
	if owned == 0 {
		delete(c.readers, b.id)
	}
	b.ready = ready
	return ready, owned
}

func (c *Consumer) leastFails() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	least := math.MaxInt
	for _, p := range c.parts {
		if p.leader < 0 {
			least = min(least, p.fails)
		}
	}
	if least == math.MaxInt {
		return 0
	}
	return least
}

// survey asks the cluster about the topics, notes what has become of them, and
// hands orphans to the readers of their leaders.
func (c *Consumer) survey() {
	l, err := c.layout(c.ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		return // no reader may start now
	}
	if err == nil {
		c.compareTopics(l)
	}
	for _, p := range c.parts {
		switch {
		case p.leader >= 0:
		case err != nil:
			c.orphanLocked(p, err)
		case l.led(p.topic, p.id) < 0:
			c.orphanLocked(p, p.noLeader(l))
		default:
			c.handOver(p, l)
		}
	}
}

// handOver gives an orphan to the reader of its leader.
func (c *Consumer) handOver(p *partition, l *layout) {
	id := l.led(p.topic, p.id)
	if epoch := l.epoch[p.topic][p.id]; epoch != p.leaderEpoch {
		p.leaderEpoch, p.verify = epoch, p.epoch > 0
	}
	p.leader = id
	if b := c.readers[id]; b != nil {
		b.poke()
		return
	}
	b := newReader(c, id, l.broker[id])
	c.readers[id] = b
	c.wg.Add(1)
	go b.run()
}

func (p *partition) noLeader(l *layout) error {
	if err := l.check("the cluster", []string{p.topic}); err != nil {
		return err
	}
	if n := len(l.leader[p.topic]); int(p.id) >= n {
		return p.errorf("the topic has only %d partitions now: it was created anew with fewer: restart to read it as it is", n)
	}
	return p.errorf("%w", errNoLeader)
}

// layout asks for the leaders of all topics, first the broker that answered last.
func (c *Consumer) layout(ctx context.Context) (*layout, error) {
	var topics []string
	for _, t := range c.topics {
		topics = append(topics, t.name)
	}
	var l *layout
	err := c.d.ask(ctx, c.seeds, func(cn *conn) (err error) {
		if l, err = layoutOf(cn, topics); err != nil {
			return err
		}
		c.seeds = seeds(cn.addr, c.seeds, l)
		l.id, err = cn.topicIDs(topics)
		return err
	})
	return l, err
}

// seeds lists the brokers to ask next time: the one that answered, those known
// before, and those that it named; each once.
func seeds(good string, known []string, l *layout) []string {
	all := append([]string{good}, known...)
	for _, id := range slices.Sorted(maps.Keys(l.broker)) {
		all = append(all, l.broker[id])
	}
	var once []string
	for _, a := range all {
		if !slices.Contains(once, a) {
			once = append(once, a)
		}
	}
	return once
}

func isFormat(err error) bool { return errors.Is(err, ErrFormat) }
