package main

import (
	"strings"
	"testing"
)

// One rollout of a row can be looked at again, verdict by verdict.
func TestBenchRolloutsPrintsOneRollout(t *testing.T) {
	one := verdin(t, "bench", "rollouts", "--only", "broken", "--run", "3")
	if one.code != exitOK || !strings.Contains(one.out, "window 0: advance, running at 10 %: started") || !strings.Contains(one.out, "rollback, rolled_back") || !strings.Contains(one.out, "Flagger: rolled_back") {
		t.Fatalf("exit code %d\n%s%s", one.code, one.out, one.diag)
	}
	if again := verdin(t, "bench", "rollouts", "--only", "broken", "--run", "3", "--seed", "1"); again.out != one.out {
		t.Errorf("the same rollout again prints\n%s", again.out)
	}
	if other := verdin(t, "bench", "rollouts", "--only", "broken", "--run", "3", "--seed", "2"); other.out == one.out {
		t.Error("another seed prints the same")
	}
	for _, args := range [][]string{{"--run", "3"}, {"--only", "broken", "--run", "-1"}, {"--only", "no such row"}, {"--runs", "0"}} {
		if got := verdin(t, append([]string{"bench", "rollouts"}, args...)...); got.code != exitUsage {
			t.Errorf("%v: exit code %d, %s", args, got.code, got.diag)
		}
	}
}
