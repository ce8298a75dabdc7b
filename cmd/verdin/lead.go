package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"verdin/decision"
	"verdin/publish/control"
	"verdin/publish/nats"
	"verdin/schemas"
)

var (
	errFenced = errors.New("another engine has taken the chain over")
	errLease  = errors.New("another engine holds the lease")
)

// isYield tells whether a rollout stopped here because another engine judges it.
func isYield(err error) bool { return errors.Is(err, errFenced) || errors.Is(err, errLease) }

// yielded tells whether a context ended for that.
func yielded(ctx context.Context) bool { return isYield(context.Cause(ctx)) }

// candidate is what an engine needs to share rollouts with others.
type candidate struct {
	lease  time.Duration // 0 = no leases
	holder string        // this engine, told from every other
}

// newCandidate names the engine by its machine and its state folder: after a crash it is
// the same one, and need not wait for its own lease to end.
func newCandidate(engine, stateDir string, lease time.Duration) candidate {
	host, _ := os.Hostname() // a machine without a name is named by its folder alone
	dir, err := filepath.Abs(stateDir)
	if err != nil {
		dir = stateDir
	}
	sum := sha256.Sum256([]byte(host + "\n" + dir))
	return candidate{lease: lease, holder: engine + "/" + hex.EncodeToString(sum[:8])}
}

// beat is how often an engine tells that it lives: three times before others may think
// that it does not.
func (c candidate) beat() time.Duration {
	if c.lease == 0 {
		return 5 * time.Second
	}
	return min(5*time.Second, c.lease/3)
}

// silence is how long nobody must speak for a rollout that another engine has taken
// over, before it is taken back.
func (c candidate) silence() time.Duration { return 3 * c.beat() }

// leadership of one rollout. A lease only saves work: of two engines that both believe
// in theirs the fence lets one write. An engine that lost a rollout takes it back when
// nobody else has it, and not before: two never take it from each other in turn.
type leadership struct {
	wary bool // it was fenced: somebody may judge without a lease

	mu     sync.Mutex
	yield  context.CancelCauseFunc // of the judging, nil = not yet
	lost   bool
	cancel context.CancelFunc // of the lease
	done   sync.WaitGroup
}

// judge begins the work that a lost lease ends.
func (l *leadership) judge(yield context.CancelCauseFunc) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.yield = yield; l.lost {
		yield(errLease)
	}
}

// changed hears of the lease.
func (l *leadership) changed(held bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost = !held; l.lost && l.yield != nil {
		l.yield(errLease)
	}
}

// surrender gives the lease up, for another engine to take at once.
func (l *leadership) surrender() {
	l.mu.Lock()
	cancel := l.cancel
	l.mu.Unlock()
	if cancel != nil {
		cancel()
		l.done.Wait()
	}
}

// await returns when this engine may judge the rollout. It closes waits if it must wait
// for another one; meanwhile it follows the chain.
func (b *begin) await(ctx context.Context, waits chan<- struct{}) error {
	held := make(chan bool, 1)
	if b.candidate.lease == 0 {
		held <- true
	} else if err := b.contend(ctx, held); err != nil {
		return err
	}
	speaks := make(chan struct{}, 1) // that another engine does, once more
	if b.lead.wary {
		stop, err := b.publisher.FollowBeats(b.spec.Namespace, b.listen(speaks))
		if err != nil {
			return err
		}
		defer stop()
	}
	led, heard := false, time.Now()
	var seat *standbySeat
	defer func() { seat.leave() }()
	look := time.NewTicker(b.candidate.beat())
	defer look.Stop()
	for !led || b.lead.wary && time.Since(heard) < b.candidate.silence() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case led = <-held:
			if led && !b.lead.wary {
				return nil
			}
		case <-speaks:
			heard = time.Now()
		case <-look.C:
		}
		if seat == nil {
			seat = b.standBy()
			close(waits)
		}
		seat.follow(ctx, b)
	}
	return nil
}

// contend tries to get the lease until the rollout is surrendered, and tells held of
// every change.
func (b *begin) contend(ctx context.Context, held chan bool) error {
	l, err := nats.NewLease(ctx, b.nc, b.spec.Namespace, b.spec.Name, b.candidate.holder)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	b.lead.mu.Lock()
	b.lead.cancel, b.lead.lost = cancel, true
	b.lead.mu.Unlock()
	told := func(is bool) {
		b.metrics.Leads(b.name(), is)
		b.lead.changed(is)
		select {
		case <-held: // what was not heard is old news
		default:
		}
		held <- is
	}
	b.metrics.Leads(b.name(), false)
	b.lead.done.Go(func() { l.Run(ctx, told, b.report) })
	return nil
}

// listen hears whether an engine speaks for this rollout. This one does not: its own
// heartbeats name what it judges.
func (b *begin) listen(speaks chan<- struct{}) func(*schemas.Heartbeat) {
	return func(h *schemas.Heartbeat) {
		for _, head := range h.Rollouts {
			if head.Rollout == b.spec.Name {
				select {
				case speaks <- struct{}{}:
				default:
				}
			}
		}
	}
}

// standbySeat shows a rollout that another engine judges: flags are served by its
// verdicts, gates hold, orders are refused.
type standbySeat struct {
	*control.Seat
	seen string // digest of the verdict that is shown
}

func (b *begin) standBy() *standbySeat {
	stopped := func(context.Context, schemas.Command) error { return control.ErrStopped }
	return &standbySeat{Seat: b.desk.Join(b.spec.Namespace, b.spec.Name, stopped, nil)}
}

func (s *standbySeat) leave() {
	if s != nil {
		s.Leave()
	}
}

// follow shows where the chain stands now.
func (s *standbySeat) follow(ctx context.Context, b *begin) {
	head, err := b.publisher.Head(ctx, b.spec.Namespace, b.spec.Name)
	if err != nil {
		if ctx.Err() == nil && !errors.Is(err, nats.ErrDown) {
			b.report(fmt.Errorf("following the chain of %s: %w", b.name(), err))
		}
		return
	}
	now := b.now()
	st := control.Status{Phase: schemas.PhasePending, Stage: -1, Stages: []int{}, Stable: b.spec.Arms.Stable, Canary: b.spec.Arms.Canary, DryRun: b.spec.DryRun,
		Fenced: true, EnteredAt: schemas.Unknown, Wall: now, Mark: schemas.Unknown, Checks: []schemas.Check{},
		Missing: []string{fmt.Sprintf("engine %s to give the rollout up: it judges, this one stands by", nameOf(head.Engine))}}
	for _, stage := range b.spec.Stages {
		st.Stages = append(st.Stages, stage.Weight)
	}
	var news *schemas.Verdict
	if v := head.Verdict; v != nil {
		st.Phase, st.Generation, st.Stage = v.Phase, v.Generation, v.Stage.Index
		if s.seen != head.Digest {
			news, s.seen = v, head.Digest
		}
	}
	s.Saw(st, news)
	if news != nil {
		b.desk.Acked(b.spec.Namespace, b.spec.Name, news.Generation, news.Sequence)
	}
}

func nameOf(engine string) string {
	if engine == "" {
		return "(not named yet)"
	}
	return engine
}

// takeOver claims the chain, unless the rollout has ended, and reads where it stands:
// what an earlier holder still sends is refused from here on.
func (b *begin) takeOver(ctx context.Context) (err error) {
	ns, name := b.spec.Namespace, b.spec.Name
	if b.head, err = b.publisher.Head(ctx, ns, name); err != nil {
		return err
	}
	if v := b.head.Verdict; v != nil && decision.Final(v.Phase) && v.Phase != schemas.PhaseSuperseded && v.SpecDigest == b.spec.Digest {
		return fmt.Errorf("%w: %s, generation %d", errEnded, v.Phase, v.Generation)
	}
	if _, err = b.publisher.Claim(ctx, ns, name); err != nil {
		return err
	}
	b.head, err = b.publisher.Head(ctx, ns, name)
	return err
}

// yield ends a rollout that another engine judges. It is begun again at once, and waits
// until that one is gone.
func (f *folder) yield(stopped failure) {
	name := ""
	if r := f.running[stopped.path]; r != nil {
		name = r.name
	}
	f.log.Warn("the rollout is yielded", "rollout", name, "why", stopped.err.Error())
	f.metrics.Yielded(name)
	f.fenced[stopped.path] = errors.Is(stopped.err, errFenced)
	f.end(stopped.path)
}
