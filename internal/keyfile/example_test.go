package keyfile_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"verdin/internal/keyfile"
)

func ExampleSecret() {
	dir, err := os.MkdirTemp("", "keys")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "seed")
	if err := os.WriteFile(path, []byte("SUA…"), 0o600); err != nil {
		log.Fatal(err)
	}
	_, err = keyfile.Secret(path)
	fmt.Println(err)
	if err := os.Chmod(path, 0o644); err != nil {
		log.Fatal(err)
	}
	_, err = keyfile.Secret(path)
	fmt.Println(strings.TrimPrefix(err.Error(), dir))
	// Output:
	// <nil>
	// /seed: mode 0644 lets others read it: make a new key, or chmod 0400 if nobody did
}
