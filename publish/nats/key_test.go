package nats_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"verdin/publish/nats"
)

func TestKeyIsMadeOnceAndKeptPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "engine.nk")
	first, created, err := nats.OpenKey(path)
	if err != nil || !created || !strings.HasPrefix(first.ID, "U") {
		t.Fatalf("created %v, %v", created, err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o400 {
		t.Errorf("mode %#o, want 0400", info.Mode().Perm())
	}
	if again, created, err := nats.OpenKey(path); err != nil || created || again.ID != first.ID {
		t.Errorf("opened again: created %v, %v", created, err)
	}
	if err := os.Chmod(path, 0o440); err != nil {
		t.Fatal(err)
	}
	if _, _, err := nats.OpenKey(path); err == nil || !strings.Contains(err.Error(), "0440") {
		t.Errorf("a file that the group can read: %v", err)
	}
}

func TestKeyFileWithoutASeedIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "engine.nk")
	if err := os.WriteFile(path, []byte("nonsense\n"), 0o400); err != nil {
		t.Fatal(err)
	}
	if _, _, err := nats.OpenKey(path); err == nil || strings.Contains(err.Error(), "nonsense") {
		t.Errorf("error %v, want one without the content", err)
	}
}
