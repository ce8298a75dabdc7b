//go:build !race

package bench

import (
	"context"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestThePageIsOfThisCode plays two cheap rows of the page again, as often as it says, and
// wants the same figures: a page of older code is found out.
func TestThePageIsOfThisCode(t *testing.T) {
	if testing.Short() {
		t.Skip("ten thousand runs")
	}
	page, err := os.ReadFile("../../docs/operating-characteristics.md")
	if err != nil {
		t.Fatal(err)
	}
	made := regexp.MustCompile(`with seed (\d+) and ([\d,]+) runs`).FindSubmatch(page)
	if made == nil {
		t.Fatal("the page does not say with which seed and how many runs it was made")
	}
	seed, _ := strconv.ParseUint(string(made[1]), 10, 64)
	runs, _ := strconv.Atoi(strings.ReplaceAll(string(made[2]), ",", ""))
	o := Options{Seed: seed, Runs: runs}
	var cheap []Case
	for _, c := range harmless() {
		if c.Name == "sample ratio" || c.Name == "revenue" {
			cheap = append(cheap, c)
		}
	}
	results, err := o.PlayAll(context.Background(), "", cheap)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range results {
		row := Table{Columns: []string{""}, Rows: [][]string{alarmRow(x)}}.Markdown()
		row = row[strings.LastIndex(strings.TrimSpace(row), "\n")+1:]
		if !strings.Contains(string(page), row) {
			t.Errorf("docs/operating-characteristics.md is of other code: run \"verdin bench stats --full --out docs\"; it has no row\n%s", row)
		}
	}
	if !o.Full() {
		t.Error("docs/operating-characteristics.md is of a quick run: run \"verdin bench stats --full --out docs\"")
	}
}

// TestTheRolloutsOnThePageAreOfThisCode plays two cheap rows of whole rollouts again.
func TestTheRolloutsOnThePageAreOfThisCode(t *testing.T) {
	if testing.Short() {
		t.Skip("two thousand rollouts")
	}
	page, err := os.ReadFile("../../docs/operating-characteristics.md")
	if err != nil {
		t.Fatal(err)
	}
	made := regexp.MustCompile(`bench rollouts` + "`" + ` with seed (\d+) and 1,000 runs`).FindSubmatch(page)
	if made == nil {
		t.Fatal("docs/operating-characteristics.md has no full run of rollouts: run \"verdin bench rollouts --full --out docs\"")
	}
	seed, _ := strconv.ParseUint(string(made[1]), 10, 64)
	for name, cells := range map[string]func(*fates) []string{"rare errors": (*fates).harmlessRow, "twice the margin, latency": (*fates).harmfulRow} {
		f, err := Options{Seed: seed, Runs: FullRuns}.playLaunch(context.Background(), row(t, name), "")
		if err != nil {
			t.Fatal(err)
		}
		want := "| " + strings.Join(cells(&f), " | ") + " |\n"
		if !strings.Contains(string(page), want) {
			t.Errorf("docs/operating-characteristics.md is of other code: run \"verdin bench rollouts --full --out docs\"; it has no row\n%s", want)
		}
	}
}
