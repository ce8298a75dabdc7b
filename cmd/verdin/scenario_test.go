package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"verdin/internal/scenario"
	"verdin/schemas"
)

// endings are the final words of a scenario on the timeline and its exit code in
// a replay. A reason is named by its code, or by the metric or drift check that
// the message begins with.
var endings = map[string]struct {
	verdict string
	code    int
}{
	scenario.Promote:  {`promote   (canary 100%, stable 0%|canary 0%, stable 100%)    completed: REASON`, exitOK},
	scenario.Rollback: {`rollback  canary 0%, stable 100%    (\w+: )?REASON\b`, exitRollback},
	scenario.Hold:     {`hold      canary (10|0)%, stable (90|100)%    (\w+: )?REASON\b`, exitUndecided},
}

var timeline = regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d  (.*)$`)

// endsAsItSays compares the last verdict of a timeline with the scenario's table.
func endsAsItSays(t *testing.T, sc scenario.Scenario, text string) {
	t.Helper()
	lines := timeline.FindAllStringSubmatch(text, -1)
	want := "^" + strings.Replace(endings[sc.Expect].verdict, "REASON", regexp.QuoteMeta(sc.Reason), 1)
	if len(lines) == 0 || !regexp.MustCompile(want).MatchString(lines[len(lines)-1][1]) {
		t.Errorf("the last verdict does not match %q:\n%s", want, text)
	}
	if !strings.Contains(lines[0][1], "started: ") {
		t.Errorf("the first verdict does not start the rollout: %s", lines[0][1])
	}
}

func lookup(t *testing.T, name string) scenario.Scenario {
	t.Helper()
	sc, err := scenario.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// The demo plays every scenario to the end that its table states, without a word
// on standard error.
func TestDemoEndsAsTheScenarioSays(t *testing.T) {
	t.Parallel()
	for _, name := range scenario.Names() {
		if whole[name] && raceDetector {
			continue // hours of traffic: played without the race detector
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := verdin(t, "demo", "--scenario", name)
			if got.code != exitOK || got.diag != "" {
				t.Fatalf("exit code %d: %s", got.code, got.diag)
			}
			endsAsItSays(t, lookup(t, name), got.out)
			if !strings.Contains(got.out, "verdin replay "+name+".ndjson.zst --spec "+name+".yaml") {
				t.Errorf("the demo does not say where to go from here:\n%s", got.out)
			}
		})
	}
}

// whole are the scenarios that go through most stages or last longest: hundreds of thousands of
// events that show the race detector nothing new.
var whole = map[string]bool{"good": true, "aa": true, "late-harm": true, "shadow": true, "features": true, "srm": true, "shadow-lost": true}

// A replay of a recording gives the verdicts of the run that wrote it, byte for
// byte, and its exit code tells a pipeline how the rollout ended.
func TestReplayGivesTheVerdictsOfTheRun(t *testing.T) {
	t.Parallel()
	for name, ending := range map[string]string{
		"errors": ".ndjson", "latency": ".ndjson.zst", "drift": ".ndjson.gz", "no-traffic": ".ndjson",
		"shadow": ".ndjson.zst", "shadow-harm": ".ndjson",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sc := lookup(t, name)
			file := filepath.Join(t.TempDir(), name+ending)
			live := verdin(t, "simulate", "--scenario", name, "--out", file, "-o", "jsonl")
			if live.code != exitOK {
				t.Fatalf("simulate: exit code %d: %s", live.code, live.diag)
			}
			again := verdin(t, "replay", file, "--spec", specPath(file), "-o", "jsonl")
			if want := endings[sc.Expect].code; again.code != want {
				t.Errorf("replay: exit code %d, want %d: %s", again.code, want, again.diag)
			}
			if again.out != live.out {
				t.Errorf("the replay's verdicts are not those of the run:\n%s\nwant\n%s", again.out, live.out)
			}
			var text strings.Builder
			for _, v := range verdicts(t, again.out) {
				text.WriteString(oneLine(v) + "\n")
			}
			if name != "no-traffic" { // a recording cannot tell silence from its own end
				endsAsItSays(t, sc, text.String())
			}
		})
	}
}

// verdicts reads a verdict log: each line is a verdict that follows the one before.
func verdicts(t *testing.T, log string) (vs []*schemas.Verdict) {
	t.Helper()
	before := ""
	for line := range strings.Lines(log) {
		payload := []byte(strings.TrimSpace(line))
		v, err := schemas.ParseVerdict(payload)
		if err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if v.PrevDigest != before {
			t.Errorf("verdict %s follows %q, want %q", v.ID(), v.PrevDigest, before)
		}
		before = schemas.Digest(payload)
		vs = append(vs, v)
	}
	return vs
}
