package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"verdin/decision"
	"verdin/internal/pump"
	"verdin/internal/telemetry"
)

// folder runs the rollout specs of a folder.
type folder struct {
	*wires
	dir     string
	diag    io.Writer
	health  *telemetry.Health
	running map[string]*running // by path
	refused map[string]string   // by path: the last complaint, told once
}

// retryEvery is how long a refused file rests before it is tried again.
const retryEvery = 10 * time.Second

// running is one rollout at work.
type running struct {
	name, digest string
	stop         context.CancelFunc
	done         sync.WaitGroup
}

// watch starts what is in the folder and follows its changes until ctx ends. All
// rollouts have stopped when it returns.
func (f *folder) watch(ctx context.Context) error {
	f.running, f.refused = map[string]*running{}, map[string]string{}
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch %s: %w", f.dir, err)
	}
	defer w.Close()
	if err := w.Add(f.dir); err != nil {
		return fmt.Errorf("watch %s: %w", f.dir, err)
	}
	defer f.stopAll()
	for {
		if err := f.scan(ctx); err != nil {
			return err
		}
		var again <-chan time.Time
		if len(f.refused) > 0 {
			again = time.After(retryEvery) // a missing topic may have been made since
		}
		select {
		case <-ctx.Done():
			return nil
		case <-again:
		case err := <-w.Errors:
			f.log.Error("watching the rollouts", "dir", f.dir, "err", err)
		case <-w.Events:
		}
	}
}

// scan makes the running rollouts those of the folder.
func (f *folder) scan(ctx context.Context) error {
	paths, err := filepath.Glob(filepath.Join(f.dir, "*.yaml"))
	if err != nil {
		return err
	}
	slices.Sort(paths)
	for path, r := range f.running {
		if !slices.Contains(paths, path) {
			f.log.Info("rollout removed", "rollout", r.name, "file", path)
			f.end(path)
		}
	}
	for _, path := range paths {
		if err := f.apply(ctx, path); err != nil && ctx.Err() == nil {
			f.complain(path, err)
		}
	}
	f.health.SetReady("rollouts", len(f.refused) == 0, fmt.Sprintf("%d running, %d files refused", len(f.running), len(f.refused)))
	return nil
}

// complain tells once why a file is refused.
func (f *folder) complain(path string, err error) {
	if f.refused[path] != err.Error() {
		f.refused[path] = err.Error()
		refused(f.diag, err)
	}
}

// apply starts a file's rollout if it is new or its analysis has changed.
func (f *folder) apply(ctx context.Context, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	spec, err := decision.Parse(data, path)
	if err != nil {
		return err
	}
	name := spec.Namespace + "/" + spec.Name
	for other, r := range f.running {
		if other != path && r.name == name {
			return fmt.Errorf("%s: rollout %s is already defined by %s: rename one of them", path, name, other)
		}
	}
	old := f.running[path]
	if old != nil && old.digest == spec.Digest {
		delete(f.refused, path)
		return nil
	}
	b, err := f.prepare(ctx, spec)
	if err != nil {
		return err
	}
	f.end(path)
	delete(f.refused, path)
	f.start(ctx, path, b)
	return nil
}

func (f *folder) start(ctx context.Context, path string, b *begin) {
	ctx, cancel := context.WithCancel(ctx)
	r := &running{name: b.name(), digest: b.spec.Digest, stop: cancel}
	ticks := make(chan pump.Tick)
	r.done.Go(func() { clock(ctx, ticks) })
	r.done.Go(func() { b.run(ctx, ticks, nil) })
	f.running[path] = r
	f.log.Info("rollout started", "rollout", r.name, "file", path, "spec", r.digest)
}

func (f *folder) end(path string) {
	if r := f.running[path]; r != nil {
		r.stop()
		r.done.Wait()
		delete(f.running, path)
	}
}

func (f *folder) stopAll() {
	for path := range f.running {
		f.end(path)
	}
}
