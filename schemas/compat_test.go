package schemas_test

import (
	"cmp"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// breaks lists what a producer, a router or a store that knows the old contract
// would trip over. The rule is written down in docs/schemas.md.
func breaks(old, now contract) []string {
	var all []string
	for _, path := range old.paths() {
		o, n := old[path], now[path]
		if _, ok := now[path]; !ok {
			all = append(all, path+" was removed")
			continue
		}
		for _, what := range o.against(n) {
			all = append(all, path+" "+what)
		}
	}
	taken := numbers(old)
	for _, path := range now.paths() {
		n := now[path]
		if _, ok := old[path]; ok {
			continue
		}
		if was, ok := taken[place{parent(path), n.number}]; ok && n.number > 0 {
			all = append(all, fmt.Sprintf("%s takes number %d, which was %s", path, n.number, was))
		}
		if _, known := old[parent(path)]; known && n.present && n.needed(path) {
			all = append(all, path+" is new and required")
		}
	}
	return all
}

// against compares what two versions say of one member.
func (m member) against(n member) []string {
	var all []string
	say := func(bad bool, format string, args ...any) {
		if bad {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	say(n.kind != m.kind, "was %s, is %s", m.kind, n.kind)
	say(n.number != m.number, "had number %d, has %d", m.number, n.number)
	say(n.present && !m.present, "became required")
	say(m.present && !n.present, "became optional")
	say(m.null != n.null, "changed whether it may be null")
	say(m.enum == nil && n.enum != nil, "allows only some values now")
	say(m.enum != nil && n.enum == nil, "allows any value now")
	for _, v := range m.enum {
		say(n.enum != nil && !slices.Contains(n.enum, v), "no longer allows %q", v)
	}
	for _, k := range slices.Sorted(maps.Keys(n.limits)) {
		say(tighter(k, m.limits[k], n.limits[k]), "has another %s, not a wider one: %q, was %q", k, n.limits[k], m.limits[k])
	}
	for _, k := range slices.Sorted(maps.Keys(m.limits)) {
		say(n.limits[k] == "" && !strings.HasPrefix(k, "m"), "lost its %s", k)
	}
	return all
}

// tighter tells whether a limit may exclude what it did not exclude before. Of two
// patterns nobody can tell.
func tighter(keyword, was, is string) bool {
	if was == is {
		return false
	}
	a, ok1 := new(big.Rat).SetString(was)
	b, ok2 := new(big.Rat).SetString(is)
	switch {
	case !ok1 || !ok2:
		return true
	case strings.HasPrefix(keyword, "min"):
		return b.Cmp(a) > 0
	}
	return b.Cmp(a) < 0
}

// needed tells whether an absent member would be noticed. A Protobuf field is
// always written or read as its default; only a name without a number counts.
func (m member) needed(path string) bool {
	return m.number == 0 && !strings.HasSuffix(path, "[]") && !strings.HasSuffix(path, "{}")
}

type place struct {
	parent string
	number int
}

// numbers says which field has a number in which message.
func numbers(c contract) map[place]string {
	all := map[place]string{}
	for path, m := range c {
		if m.number > 0 && path != "" {
			all[place{parent(path), m.number}] = path
		}
	}
	return all
}

func parent(path string) string { return path[:max(0, strings.LastIndex(path, "."))] }

const baseline = "testdata/baseline"

var update = flag.Bool("update", false, "make the schemas the new baseline, if they are compatible with the old one")

func baselineTexts(t *testing.T) folder {
	all := folder{}
	err := filepath.WalkDir(baseline, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		all[filepath.ToSlash(strings.TrimPrefix(path, filepath.FromSlash(baseline+"/")))] = string(text)
		return err
	})
	if err != nil {
		t.Fatalf("read the baseline: %v", err)
	}
	return all
}

// The schemas are what they were when they were last accepted, or compatible with
// it; what is compatible must be accepted with -update, else a member that was
// added could be removed again unseen.
func TestSchemasStayCompatible(t *testing.T) {
	old, now := baselineTexts(t), published()
	for _, d := range messages() {
		if _, ok := old[d.Path]; !ok && *update {
			continue
		}
		for _, b := range breaks(old.read(t, d), now.read(t, d)) {
			t.Errorf("%s (%s): %s: make a new version beside it instead", d.Path, d.Name, b)
		}
	}
	for path := range old {
		if _, ok := now[path]; !ok {
			t.Errorf("%s was removed: published schemas stay", path)
		}
	}
	for path, text := range now {
		switch {
		case old[path] == text || t.Failed():
		case !*update:
			t.Errorf("%s changed and is compatible: accept it with go test ./schemas -run Compatible -update", path)
		default:
			accept(t, filepath.Join(baseline, filepath.FromSlash(path)), text)
		}
	}
}

func accept(t *testing.T, path, text string) {
	if err := cmp.Or(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}
