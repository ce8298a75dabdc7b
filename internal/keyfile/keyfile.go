// Package keyfile reads the files that trust rests on: secrets that nobody else may
// read, lists that nobody else may change, and authorities in PEM. Its errors name the
// file and the remedy, and never repeat what the file holds.
package keyfile

import (
	"crypto/x509"
	"fmt"
	"io"
	"io/fs"
	"os"
)

const (
	othersRead  fs.FileMode = 0o077
	othersWrite fs.FileMode = 0o022
)

// Secret reads a file that its owner alone may read or write.
func Secret(path string) ([]byte, error) {
	return read(path, othersRead, "lets others read it: make a new key, or chmod 0400 if nobody did")
}

// List reads a file that everybody may read, but only its owner may write: who writes
// it decides who is trusted.
func List(path string) ([]byte, error) {
	return read(path, othersWrite, "lets others change it: check its lines, then chmod go-w")
}

// Authorities reads the certificates of a PEM file as the only roots to trust. No path
// gives nil, which stands for the system's roots.
func Authorities(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate: it must be a PEM file", path)
	}
	return pool, nil
}

// read looks at the mode of the open file: what is checked is what is read, even if
// somebody puts another file in its place meanwhile.
func read(path string, forbidden fs.FileMode, remedy string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&forbidden != 0 {
		return nil, fmt.Errorf("%s: mode %#o %s", path, mode, remedy)
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return data, nil
}
