package kafka

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
)

// manage gives partitions without a reader a new one until the end.
func (c *Consumer) manage() {
	defer close(c.done)
	for c.ctx.Err() == nil {
		select {
		case <-c.stale:
			pause(c.ctx, backoff(c.leastFails()))
			c.seekLeaders()
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
	select {
	case c.stale <- struct{}{}:
	default:
	}
}

// recovered notes that a partition could be read.
func (c *Consumer) recovered(p *partition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.fails, p.status.Err = 0, nil
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

// ready returns the partitions of a reader that have a buffer to fill, and how
// many it owns. A reader that owns none is gone afterwards.
func (c *Consumer) ready(b *reader) (ready []*partition, owned int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.parts {
		if p.leader != b.id {
			continue
		}
		owned++
		if p.ready() {
			ready = append(ready, p)
		}
	}
	if owned == 0 {
		delete(c.readers, b.id)
	}
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
	return least
}

// seekLeaders finds the leaders of all orphans and hands them over.
func (c *Consumer) seekLeaders() {
	var orphans []*partition
	c.mu.Lock()
	for _, p := range c.parts {
		if p.leader < 0 {
			orphans = append(orphans, p)
		}
	}
	c.mu.Unlock()
	if len(orphans) == 0 {
		return
	}
	l, err := c.layout(c.ctx, orphans)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		return // no reader may start now
	}
	for _, p := range orphans {
		if err != nil {
			c.orphanLocked(p, err)
			continue
		}
		id := l.led(p.topic, p.id)
		if id < 0 {
			c.orphanLocked(p, p.noLeader(l))
			continue
		}
		p.leader = id
		if b := c.readers[id]; b != nil {
			b.poke()
			continue
		}
		b := newReader(c, id, l.broker[id])
		c.readers[id] = b
		c.wg.Add(1)
		go b.run()
	}
}

func (p *partition) noLeader(l *layout) error {
	if err := l.failed[p.topic]; err != 0 {
		return p.errorf("%w", err)
	}
	return p.errorf("it has no leader")
}

// layout asks for the leaders of partitions, first the broker that answered last.
func (c *Consumer) layout(ctx context.Context, ps []*partition) (*layout, error) {
	var topics []string
	for _, p := range ps {
		if !slices.Contains(topics, p.topic) {
			topics = append(topics, p.topic)
		}
	}
	var l *layout
	err := c.d.ask(ctx, c.seeds, func(cn *conn) (err error) {
		if l, err = layoutOf(cn, topics); err == nil {
			c.seeds = seeds(cn.addr, c.seeds, l)
		}
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
