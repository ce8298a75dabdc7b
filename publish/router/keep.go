package router

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"verdin/schemas"
)

// stateFormat is written first, so that a later router can tell.
const stateFormat = 1

// kept is what a router remembers over a restart. Verdicts are kept as they were
// signed and are verified again, so the file can lose what it says but not forge it.
type kept struct {
	Format int        `json:"format"`
	Lanes  []keptLane `json:"rollouts"`
}

type keptLane struct {
	Namespace string       `json:"namespace"`
	Rollout   string       `json:"rollout"`
	Killed    bool         `json:"killed"`
	Heard     schemas.Time `json:"heard"`     // last sign of an engine
	Named     schemas.Time `json:"named"`     // until when heartbeats vouched for the head
	Confirmed schemas.Time `json:"confirmed"` // until when they had moved the deadline
	Head      *signed      `json:"head"`      // newest of the chain; null = none yet
	Served    *signed      `json:"served"`    // whose weights are in force; null = none
}

// save writes the state file, if one is configured and something has changed.
func (r *Router) save() error {
	if r.cfg.StateFile == "" || !r.unsaved.Swap(false) {
		return nil
	}
	k := kept{Format: stateFormat}
	for _, l := range r.order {
		k.Lanes = append(k.Lanes, l.keep())
	}
	data, err := json.Marshal(k)
	if err == nil {
		err = replaceFile(r.cfg.StateFile, data)
	}
	if err != nil {
		r.unsaved.Store(true)
		return fmt.Errorf("router: state file: %w: it is tried again; until then a restart begins with an older verdict", err)
	}
	return nil
}

func (l *lane) keep() keptLane {
	l.mu.Lock()
	defer l.mu.Unlock()
	return keptLane{Namespace: l.ns, Rollout: l.name, Killed: l.killed.Load(),
		Heard: l.heard, Named: l.named, Confirmed: l.confirmed, Head: l.head, Served: l.served}
}

// replaceFile puts data in the place of a file: a crash leaves the old one or the new one.
func replaceFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// load takes up the state file. A file that is absent is a first start. One that
// cannot be used is reported and left alone: stable serves until verdicts come.
func (r *Router) load() {
	if r.cfg.StateFile == "" {
		return
	}
	data, err := os.ReadFile(r.cfg.StateFile)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var k kept
	if err == nil {
		err = json.Unmarshal(data, &k)
	}
	if err == nil && k.Format != stateFormat {
		err = fmt.Errorf("format %d is not %d: it was written by another version", k.Format, stateFormat)
	}
	if err != nil {
		r.cfg.OnError(fmt.Errorf("router: state file %s cannot be used, stable serves until verdicts come: %w", r.cfg.StateFile, err))
		return
	}
	for _, lane := range k.Lanes {
		if l := r.lanes[lane.Namespace+"/"+lane.Rollout]; l != nil {
			r.restore(l, lane)
		}
	}
}

// restore takes up one rollout. The kill switch stays as it was; a chain that no
// trusted key has signed is dropped. A restart is no sign of the engine, so a step
// that waits goes on waiting. What is served is acknowledged anew: the word may have
// been lost with the process.
func (r *Router) restore(l *lane, k keptLane) {
	l.killed.Store(k.Killed)
	if k.Head == nil {
		return
	}
	for _, s := range []*signed{k.Head, k.Served} {
		if s == nil {
			continue
		}
		if err := r.read(l, s); err != nil {
			r.cfg.OnError(fmt.Errorf("router: state file: %w", err))
			return
		}
	}
	now := r.cfg.Now()
	most := now.Add(maxLease) // a file from a clock that was ahead must not vouch for ever
	l.mu.Lock()
	defer l.mu.Unlock()
	l.head, l.digest = k.Head, schemas.Digest([]byte(k.Head.Payload))
	l.heard, l.named, l.confirmed = min(k.Heard, now), min(k.Named, most), min(k.Confirmed, most)
	if s := k.Served; s != nil {
		if s.Payload == k.Head.Payload {
			s = k.Head
		}
		l.serve(s, now)
	}
	l.settle(now)
}

// maxLease bounds how far ahead a kept deadline may lie.
const maxLease = 366 * 24 * time.Hour
