package pump

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"verdin/decision"
	"verdin/internal/pump/disk"
	"verdin/internal/pump/journal"
	"verdin/internal/pump/snapshot"
	"verdin/schemas"
)

// mirror is a copy of a journal in memory.
type mirror struct {
	mu      sync.Mutex
	first   uint64
	records [][]byte
	down    bool
}

var errAway = errors.New("away")

func (m *mirror) away(down bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = down
}

func (m *mirror) len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.records)
}

func (m *mirror) JournalEnd(context.Context) (uint64, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		return 0, false, errAway
	}
	return m.first + uint64(len(m.records)) - 1, len(m.records) > 0, nil
}

func (m *mirror) AppendJournal(_ context.Context, index uint64, record []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		return errAway
	}
	if len(m.records) == 0 {
		m.first = index
	}
	if want := m.first + uint64(len(m.records)); index != want {
		return fmt.Errorf("record %d where %d is due", index, want)
	}
	m.records = append(m.records, bytes.Clone(record))
	return nil
}

func (m *mirror) ReadJournal(_ context.Context, from uint64, each func(uint64, []byte) error) error {
	for i, r := range m.records {
		if index := m.first + uint64(i); index >= from {
			if err := each(index, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// halfway is a world whose engine was killed in the middle of the story.
func halfway(t *testing.T) *universe {
	t.Helper()
	u := newUniverse(t, quickSpec)
	u.mirror = &mirror{}
	if err := u.live(begin.Add(story / 2)); err != nil {
		t.Fatal(err)
	}
	return u
}

// on lets the story go on to its end.
func (u *universe) on() {
	u.t.Helper()
	if err := u.live(begin.Add(story)); err != nil {
		u.t.Fatal(err)
	}
}

// noted tells whether an engine said something.
func (u *universe) noted(part string) bool {
	return slices.ContainsFunc(u.notes, func(n string) bool { return strings.Contains(n, part) })
}

func (u *universe) snapshots() (names []string) {
	all, _ := u.disk.List("d")
	for _, name := range all {
		if strings.HasPrefix(name, "snapshot-") {
			names = append(names, "d/"+name)
		}
	}
	return names
}

// Whatever happened to the folder while the engine was away, the chain stays the
// oracle's, and the engine says what it found.
func TestWhatIsLeftOfTheFolderIsEnough(t *testing.T) {
	damage := func(u *universe, names ...string) {
		for _, name := range names {
			b, _ := u.disk.ReadFile(name)
			b[len(b)/3] ^= 1
			u.disk.WriteFile(name, b)
		}
	}
	for name, c := range map[string]struct {
		do    func(*universe)
		noted string
	}{
		"all of it":                    {func(u *universe) {}, "the rollout goes on"},
		"without the newest snapshot":  {func(u *universe) { u.disk.Remove(u.snapshots()[len(u.snapshots())-1]) }, "the rollout goes on"},
		"with a damaged snapshot":      {func(u *universe) { damage(u, u.snapshots()[len(u.snapshots())-1]) }, "a snapshot is passed over"},
		"with damaged snapshots only":  {func(u *universe) { damage(u, u.snapshots()...) }, "a snapshot is passed over"},
		"with a state of another kind": {func(u *universe) { u.strange() }, "a snapshot is passed over"},
		"another lease": {func(u *universe) {
			u.spec = parse(u.t, strings.Replace(quickSpec, "  stages:", "  publish: {lease: 7m}\n  stages:", 1))
		}, "the rollout goes on"},
		"nothing but the mirror": {func(u *universe) { u.disk = new(disk.Memory) }, "the journal was fetched from its mirror"},
		"a journal behind its mirror": {func(u *universe) {
			b, _ := u.disk.ReadFile("d/journal-00000000000000000001")
			u.disk.WriteFile("d/journal-00000000000000000001", b[:len(b)-700])
		}, "the journal was fetched from its mirror"},
	} {
		t.Run(name, func(t *testing.T) {
			u := halfway(t)
			c.do(u)
			u.on()
			u.check(name)
			if !u.noted(c.noted) {
				t.Errorf("nobody said %q: %q", c.noted, u.notes)
			}
		})
	}
}

// strange puts a snapshot in the place of the newest that holds no engine.
func (u *universe) strange() {
	s := snapshot.Store{FS: u.disk, Dir: "d"}
	all, _ := s.List()
	newest := all[len(all)-1]
	sections, err := s.Read(newest)
	if err != nil {
		u.t.Fatal(err)
	}
	sections[1].Data = []byte("no engine")
	if err := s.Write(newest, sections); err != nil {
		u.t.Fatal(err)
	}
}

// A generation goes on only under the spec, the rules and the partitions that it began
// with, and only if its verdicts come out as they did.
func TestAnotherGenerationBeginsWhenThisOneCannotGoOn(t *testing.T) {
	for name, c := range map[string]struct {
		do  func(*universe)
		why string
	}{
		"another spec": {func(u *universe) {
			u.yaml = strings.Replace(quickSpec, "weight: 20", "weight: 30", 1)
			u.spec = parse(u.t, u.yaml)
		}, "the spec has changed"},
		"more partitions": {func(u *universe) {
			u.shards[1] = append(u.shards[1], schemas.Log{Topic: "ml.resources", Partition: 1, Kinds: 4})
			u.flat = newFlat(u.shards)
			u.topics, u.starts, u.codecs = append(u.topics, nil), append(u.starts, 0), append(u.codecs, u.codecs[0])
		}, "the partitions of the topics have changed"},
		"ended": {func(u *universe) {
			s, err := OpenStore("d", StoreOptions{FS: u.disk})
			if err = errors.Join(err, s.End("removed", u.wall), s.Close()); err != nil {
				u.t.Fatal(err)
			}
			u.mirror = nil
		}, "generation 1 has ended: removed"},
		"verdicts that differ, accepted": {func(u *universe) { u.accept = true; u.falsify() }, "cut "},
	} {
		t.Run(name, func(t *testing.T) {
			u := halfway(t)
			n := len(u.chain)
			c.do(u)
			u.on()
			n += len(u.endings()) // a generation that could have gone on says that it was superseded
			if len(u.chain) <= n || !u.noted(c.why) {
				t.Fatalf("%d verdicts after %d; it said %q", len(u.chain), n, u.notes)
			}
			v, err := schemas.ParseVerdict(u.chain[n])
			if err != nil || v.Generation != 2 || v.Sequence != 1 {
				t.Errorf("the next verdict is %d/%d, %v", v.Generation, v.Sequence, err)
			}
		})
	}
}

// falsify changes a record of the topics, so that the last verdict comes out otherwise,
// and leaves nothing to start from but the journal.
func (u *universe) falsify() {
	for _, name := range u.snapshots() {
		u.disk.Remove(name)
	}
	for i := range u.topics[0] {
		u.topics[0][i].value = bytes.ReplaceAll(u.topics[0][i].value, []byte(`"canary"`), []byte(`"stable"`))
	}
}

// Verdicts that do not come out as they did are an error that names the cut.
func TestADivergedReplayIsRefused(t *testing.T) {
	u := halfway(t)
	u.falsify()
	err := u.live(begin.Add(story))
	if !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), "cut ") || !strings.Contains(err.Error(), "--accept-journal-loss") {
		t.Errorf("%v", err)
	}
}

// When a topic no longer holds what was read after the last snapshot, the rollout keeps
// the evidence of the snapshot and takes no step on the hole; the journal says so, and
// gives the chain again.
func TestHistoryLostKeepsTheEvidence(t *testing.T) {
	u := newUniverse(t, quickSpec)
	if err := u.live(begin.Add(story/2 - 20*time.Second)); err != nil {
		t.Fatal(err)
	}
	u.orders = []decision.Command{{Verb: "resume", Actor: "ann", At: u.wall}}
	if err := u.live(begin.Add(story / 2)); err != nil {
		t.Fatal(err)
	}
	// The newest snapshot is of an older cut, and what came after is gone.
	script, all := u.script(), u.snapshots()
	newest, _ := u.disk.ReadFile(all[len(all)-1])
	older, _ := u.disk.ReadFile(all[len(all)-2])
	u.disk.Remove(all[len(all)-1])
	last := script.Cuts[len(script.Cuts)-1]
	for i := range u.starts {
		u.starts[i] = last.Next[i] - 1
	}
	if err := u.live(u.wall); err != nil || !u.noted("history lost") {
		t.Fatalf("%v, %q", err, u.notes)
	}
	after := u.script()
	if n := len(after.Cuts); after.Activation.Generation != 1 || n >= len(script.Cuts) || len(after.Cuts[n-1].Commands) != 1 {
		t.Errorf("generation %d, %d cuts of %d, the last %+v: want one that repeats what ann said", after.Activation.Generation, n, len(script.Cuts), after.Cuts[n-1])
	}
	for _, name := range u.snapshots() {
		u.disk.Remove(name)
	}
	u.disk.WriteFile(all[len(all)-1], newest)
	u.disk.WriteFile(all[len(all)-2], older)
	u.on()
	if !u.noted("counts no more") {
		t.Errorf("a snapshot of cuts that were dropped is used: %q", u.notes)
	}
	for i := range u.starts {
		u.starts[i] = 0 // the oracle reads a copy that has everything
	}
	u.check("history lost")
}

// If something was decided since the snapshot, it cannot be derived again: another
// generation begins.
func TestHistoryLostWithAVerdictBeginsAnew(t *testing.T) {
	u := halfway(t)
	for _, name := range u.snapshots() {
		u.disk.Remove(name)
	}
	for i := range u.starts {
		u.starts[i] = 5
	}
	u.on()
	if got := u.script(); got.Activation.Generation != 2 || !u.noted("history lost") {
		t.Errorf("generation %d, %q", got.Activation.Generation, u.notes)
	}
}

// script is what the journal on the disk says.
func (u *universe) script() (s Script) {
	u.t.Helper()
	_, err := journal.Open(u.disk, "d", journal.Options{}, func(_ uint64, json []byte) error {
		r, err := journal.Parse(json)
		if err != nil {
			return err
		}
		return s.Take(r)
	})
	if err != nil {
		u.t.Fatal(err)
	}
	return s
}

// A disk that does not take the journal stops the rollout before anything follows from
// what was not written; a snapshot that cannot be written stops nothing.
func TestAFullDiskStopsTheRollout(t *testing.T) {
	for op, c := range map[string]struct {
		name string
		err  error
		want error
	}{
		"write":        {"journal-", syscall.ENOSPC, journal.ErrWrite},
		"sync":         {"journal-", syscall.EIO, journal.ErrSync},
		"write of one": {"snapshot", syscall.ENOSPC, nil},
	} {
		t.Run(op, func(t *testing.T) {
			u := newUniverse(t, quickSpec)
			u.fail = func(what string) error {
				if u.wall >= begin.Add(story/2) && strings.HasPrefix(what, strings.Fields(op)[0]) && strings.Contains(what, c.name) {
					return c.err
				}
				return nil
			}
			err := u.live(begin.Add(story))
			if c.want == nil {
				if err != nil || !u.noted("no snapshot was kept") {
					t.Fatalf("%v, %q", err, u.notes)
				}
				u.check(op)
				return
			}
			if !errors.Is(err, c.want) || !errors.Is(err, c.err) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			u.fail, u.disk = nil, u.disk.Crash(true)
			u.on()
			u.check(op)
		})
	}
}

// Two engines that have journalled the same rollout: the one whose journal the mirror
// does not hold sets it aside and takes the mirror's.
func TestAForkedJournalIsSetAside(t *testing.T) {
	u := halfway(t)
	ours := u.disk
	u.disk = new(disk.Memory)
	u.on() // another engine, from the mirror
	u.disk = ours
	s, err := OpenStore("d", StoreOptions{FS: ours})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.commit(&journal.Rewind{Cut: 1, Wall: u.wall}); err != nil { // what only this one has
		t.Fatal(err)
	}
	s.Close()
	s, err = OpenStore("d", StoreOptions{FS: ours, Note: func(what string, a ...any) { u.notes = append(u.notes, what) }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Fetch(t.Context(), u.mirror); err != nil {
		t.Fatal(err)
	}
	if !u.noted("set aside") || s.file.Next() != uint64(len(u.mirror.records)+1) {
		t.Errorf("next %d of %d, %q", s.file.Next(), len(u.mirror.records), u.notes)
	}
	all, _ := ours.List("d")
	if !slices.ContainsFunc(all, func(n string) bool { return strings.HasSuffix(n, ".forked") }) {
		t.Errorf("the old journal is gone: %q", all)
	}
}

func TestALargeStateIsKeptWhenRecordsAreWorthIt(t *testing.T) {
	small, large := make([]byte, largeState-1), make([]byte, largeState)
	for _, c := range []struct {
		name  string
		after time.Duration
		last  []byte
		read  int64
		want  bool
	}{
		{"before its time", 29 * time.Second, small, 1e9, false},
		{"a small one in time", 30 * time.Second, small, 0, true},
		{"a large one without records", 30 * time.Second, large, 0, false},
		{"a large one with too few", 30 * time.Second, large, largeState/bytesPerRecord - 1, false},
		{"a large one with enough", 30 * time.Second, large, largeState / bytesPerRecord, true},
		{"a large one after many intervals", 5 * time.Minute, large, 0, true},
	} {
		s := &Store{opt: StoreOptions{Every: 30 * time.Second}, kept: begin, upto: 1000, buf: c.last}
		if got := s.due(&Place{Wall: begin.Add(c.after)}, 1000+c.read); got != c.want {
			t.Errorf("%s: due is %v", c.name, got)
		}
	}
}
