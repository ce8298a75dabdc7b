// Package shareddata finds the recorded data sets that some tests replay. They
// are too large for the repository and lie beside the checkout:
//
//	dir := shareddata.Dir(t, "asos")
//
// A test without its data is skipped on a developer's machine and fails where
// everything must run (VERDIN_REQUIRE_DATA=1, or CI=true).
package shareddata

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Dir returns the folder of the data set called name: below VERDIN_DATA if that
// is set, else below ../shared/data as seen from the module's root.
func Dir(t testing.TB, name string) string {
	t.Helper()
	dir, err := find(os.Getenv("VERDIN_DATA"), name)
	switch {
	case err == nil:
	case required():
		t.Fatalf("data set %s: %v; it is required here: set VERDIN_DATA to the folder that holds it", name, err)
	default:
		t.Skipf("data set %s: %v; set VERDIN_DATA to the folder that holds it", name, err)
	}
	return dir
}

func required() bool { return os.Getenv("VERDIN_REQUIRE_DATA") == "1" || os.Getenv("CI") == "true" }

func find(base, name string) (string, error) {
	if base == "" {
		root, err := moduleRoot()
		if err != nil {
			return "", err
		}
		base = filepath.Join(root, "..", "shared", "data")
	}
	dir := filepath.Join(base, filepath.FromSlash(name))
	info, err := os.Stat(dir)
	if err != nil {
		return "", fmt.Errorf("not found: %w", err)
	}
	if !info.IsDir() {
		return "", fmt.Errorf("not found: %s is not a folder", dir)
	}
	return dir, nil
}

// moduleRoot climbs from the package under test to the folder of go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find module root: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("find module root: no go.mod above the working directory")
		}
		dir = up
	}
}
