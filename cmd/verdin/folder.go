package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"verdin/decision"
	"verdin/internal/pump"
	"verdin/internal/pump/journal"
)

// folder runs the rollout specs of a folder.
type folder struct {
	*wires
	dir     string
	diag    io.Writer
	running map[string]*running // by path
	refused map[string]string   // by path: the last complaint, told once
	failed  chan failure        // rollouts that have stopped by themselves
	rebuilt chan opening        // rollouts that have read their topics again
	began   bool                // some rollout has run
	fenced  map[string]bool     // by path: those that another engine has taken over
	broken  map[string]bool     // by path: those whose journal cannot be written
}

// failure is a rollout that has stopped because its journal cannot be written.
type failure struct {
	path string
	err  error
}

const (
	retryEvery = 10 * time.Second       // a refused file is tried again: a missing topic may have been made since
	drainFor   = 5 * time.Second        // how long a rollout that stops waits for its last verdicts; the rest stays in the journal
	quiet      = 200 * time.Millisecond // how long the folder must rest: half-written files are not read
)

// running is one rollout at work, or one that has ended.
type running struct {
	name, digest string
	stop         context.CancelFunc
	done         sync.WaitGroup
	rebuilding   bool   // its topics are read again
	standby      bool   // another engine judges it
	live         *begin // nil = it is not judged yet, or no more
}

// watch starts what is in the folder and follows its changes until ctx ends. It is
// an error if there are files at the start and none can be run. All rollouts have
// stopped when it returns.
func (f *folder) watch(ctx context.Context) error {
	f.running, f.refused, f.failed, f.broken = map[string]*running{}, map[string]string{}, make(chan failure), map[string]bool{}
	f.rebuilt, f.fenced = make(chan opening), map[string]bool{}
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch %s: %w", f.dir, err)
	}
	defer w.Close()
	if err := w.Add(f.dir); err != nil {
		return fmt.Errorf("watch %s: %w", f.dir, err)
	}
	defer f.stopAll()
	news := f.scan(ctx)
	if len(f.running) == 0 && len(news) > 0 {
		return errors.Join(news...)
	}
	for {
		for _, err := range news {
			refused(f.diag, err)
		}
		again, err := f.rest(ctx, w)
		if !again {
			return err
		}
		news = f.scan(ctx)
	}
}

// rest waits until the folder has changed and is quiet again, or refused files are
// due for another try. It returns false if ctx ended, or if the disk did not take a
// journal: what it holds is only known when the engine starts anew.
func (f *folder) rest(ctx context.Context, w *fsnotify.Watcher) (again bool, err error) {
	var due <-chan time.Time
	if len(f.refused) > 0 {
		due = time.After(retryEvery)
	}
	for {
		select {
		case <-ctx.Done():
			return false, nil
		case <-due:
			return true, nil
		case stopped := <-f.failed:
			if isYield(stopped.err) {
				f.yield(stopped)
				return true, nil
			}
			err := fmt.Errorf("%s: the rollout has stopped: %w", stopped.path, stopped.err)
			f.broken[stopped.path] = true
			f.health.SetReady("journal", false, err.Error())
			f.end(stopped.path)
			if errors.Is(stopped.err, journal.ErrSync) {
				return false, err
			}
			f.refused[stopped.path] = err.Error() // tried again, as a file that is refused
			f.tellReady()
			fmt.Fprintf(f.diag, "%v: it is tried again every %v\n", err, retryEvery)
			due = time.After(retryEvery)
		case o := <-f.rebuilt:
			if err := f.take(o); err != nil {
				if !f.began && len(f.running) == 0 {
					return false, err
				}
				f.refused[o.path] = err.Error()
				refused(f.diag, err)
				due = time.After(retryEvery)
			}
			f.tellReady()
		case err := <-w.Errors:
			f.log.Error("watching the rollouts", "dir", f.dir, "err", err)
		case <-w.Events:
			due = time.After(quiet)
		}
	}
}

// scan makes the running rollouts those of the folder, and returns why files are
// refused that were not, or for another reason.
func (f *folder) scan(ctx context.Context) (news []error) {
	paths, _ := filepath.Glob(filepath.Join(f.dir, "*.yaml")) // fails for a bad pattern only
	slices.Sort(paths)
	for path, r := range f.running {
		if !slices.Contains(paths, path) {
			f.log.Info("rollout removed", "rollout", r.name, "file", path)
			f.end(path)
			f.forget(r)
		}
	}
	maps.DeleteFunc(f.refused, func(path, _ string) bool { return !slices.Contains(paths, path) })
	for _, path := range paths {
		err := f.apply(ctx, path)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			if f.refused[path] != "" {
				f.log.Info("rollout file no longer refused", "file", path)
				delete(f.refused, path)
			}
		case f.refused[path] != err.Error():
			f.refused[path] = err.Error()
			news = append(news, err)
		}
	}
	f.tellReady()
	return news
}

// tellReady says how the rollouts stand.
func (f *folder) tellReady() {
	var again []string
	standby := 0
	for _, r := range f.running {
		switch {
		case r.standby:
			standby++
		case r.rebuilding:
			again = append(again, r.name)
		}
	}
	slices.Sort(again)
	text := fmt.Sprintf("%d running, %d files refused", len(f.running)-len(again)-standby, len(f.refused))
	if standby > 0 {
		text += fmt.Sprintf(", %d judged by another engine", standby)
	}
	if len(again) > 0 {
		text += ", topics are read again for " + strings.Join(again, ", ")
	}
	f.health.SetReady("rollouts", len(f.refused)+len(again) == 0, text)
}

// apply starts a file's rollout if it is new or its analysis has changed.
func (f *folder) apply(ctx context.Context, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	spec, err := parseSpec(data, path)
	if err != nil {
		return err
	}
	name := spec.FullName()
	for other, r := range f.running {
		if other != path && r.name == name {
			return usage(fmt.Errorf("%s: rollout %s is already defined by %s: rename one of them", path, name, other))
		}
	}
	if old := f.running[path]; old != nil && old.digest == spec.Digest {
		return nil
	}
	b, err := f.find(ctx, spec, textOf(spec, data))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	f.supersede(path)
	f.end(path) // the old generation speaks to the end before the next one reads where the chain stands
	return f.open(ctx, path, b)
}

// run starts a rollout that is open.
func (f *folder) run(o opening) {
	path, b, r, ctx := o.path, o.b, o.r, o.ctx
	ticks := make(chan pump.Tick)
	r.done.Go(func() { clock(ctx, ticks) })
	r.done.Go(func() {
		err := b.run(ctx, ticks, nil)
		if !isYield(err) { // the heir begins where the last verdict stands
			await(drainFor, func() bool { return f.board.waiting(r.name) == 0 || !f.nc.IsConnected() })
		}
		b.lead.surrender()
		if err != nil {
			f.tell(ctx, failure{path, err})
		}
	})
	f.began, f.fenced[path], r.live = true, false, b
	if delete(f.broken, path); len(f.broken) == 0 {
		f.health.SetReady("journal", true, "")
	}
	f.log.Info("rollout started", "rollout", r.name, "file", path, "spec", r.digest, "generation", b.generation)
}

// forget closes the generation of a rollout whose file is gone: if it comes back,
// another one begins.
func (f *folder) forget(r *running) {
	f.metrics.Forget(r.name)
	s, err := f.store(r.name, nil, nil)
	if err == nil {
		err = errors.Join(s.End("the rollout was removed", f.now()), s.Close())
	}
	if err != nil {
		f.log.Error("the journal of a removed rollout stays open", "rollout", r.name, "err", err)
	}
}

// tell reports a rollout that has stopped by itself, unless somebody stops it meanwhile.
func (f *folder) tell(ctx context.Context, what failure) {
	select {
	case f.failed <- what:
	case <-ctx.Done():
	}
}

// supersede gives the running generation of a changed file its last order: the cut with
// which it stops says that another one begins.
func (f *folder) supersede(path string) {
	r := f.running[path]
	if r == nil || r.live == nil {
		return
	}
	select {
	case r.live.orders <- decision.Superseding(f.now()):
	case <-time.After(drainFor):
		f.log.Warn("the generation ends without a word: it takes no orders", "rollout", r.name)
	}
}

// end stops a rollout and waits until its verdicts are published, or a moment.
func (f *folder) end(path string) {
	if r := f.running[path]; r != nil {
		r.stop()
		r.done.Wait()
		delete(f.running, path)
		await(drainFor, func() bool { return f.board.waiting(r.name) == 0 || !f.nc.IsConnected() })
	}
}

// stopAll stops every rollout at once; whoever calls it waits for the last verdicts.
func (f *folder) stopAll() {
	for _, r := range f.running {
		r.stop()
	}
	for _, r := range f.running {
		r.done.Wait()
	}
	clear(f.running)
}
