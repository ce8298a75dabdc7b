package story

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"verdin/internal/engine"
)

const folder = "../../testdata/scenarios"

func scripts(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.story"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories in %s: %v", folder, err)
	}
	return files
}

// Other seeds than the script's: VERDIN_STORY_SEEDS=20 tells how often each story ends
// otherwise, so that no story is written around one piece of luck.
func TestStoriesWithOtherSeeds(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("VERDIN_STORY_SEEDS"))
	for seed := range n {
		for _, file := range scripts(t) {
			s, err := Load(file)
			if err != nil {
				t.Fatal(err)
			}
			if s.Refused != "" {
				continue
			}
			tale, err := Play(t.Context(), s, Options{Seed: uint64(seed) + 100})
			if err != nil {
				t.Fatal(err)
			}
			for _, why := range tale.Check() {
				t.Errorf("seed %d: %s: %s", seed+100, filepath.Base(file), why)
			}
			for _, why := range s.Check(tale) {
				t.Logf("seed %d: %s", seed+100, why)
			}
		}
	}
}

// Each story goes as it is written, keeps the laws, is derived again to the byte, and
// goes the same way when every record comes twice. With the race detector some are
// enough: the engine and the world take turns in all of them alike.
func TestStories(t *testing.T) {
	t.Parallel()
	for i, file := range scripts(t) {
		if raceDetector && i%10 != 0 {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			s, err := Load(file)
			if err != nil {
				t.Fatal(err)
			}
			if s.Refused != "" {
				return // Load has seen that it is
			}
			tale, err := Play(t.Context(), s, Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, why := range append(s.Check(tale), tale.Check()...) {
				t.Error(why)
			}
			for _, name := range unlisted(s, tale) {
				t.Errorf("the check %s is not among engine.Checks: metrics would count it as another", name)
			}
			if err := tale.Again(t.Context()); err != nil {
				t.Error("replayed:", err)
			}
			twice, err := Play(t.Context(), s, Options{Twice: true})
			if err != nil {
				t.Fatal(err)
			}
			if a, b := tale.Essences(), twice.Essences(); !slices.Equal(a, b) {
				t.Errorf("delivered twice, records change what is decided:\n%s\nwithout:\n%s", strings.Join(b, "\n"), strings.Join(a, "\n"))
			}
			if t.Failed() || os.Getenv("VERDIN_STORY_SHOW") != "" {
				for _, v := range tale.Verdicts() {
					t.Log(v)
				}
			}
		})
	}
}

// unlisted are the checks of a tale that engine.Checks does not know of the spec.
func unlisted(s *Script, tale *Tale) (names []string) {
	known := map[string]bool{}
	for _, name := range engine.Checks(s.Spec) {
		known[name] = true
	}
	for _, m := range tale.Cuts {
		for _, e := range m.Out.Evidence {
			if !known[e.Name] {
				known[e.Name] = true
				names = append(names, e.Name)
			}
		}
	}
	return names
}
