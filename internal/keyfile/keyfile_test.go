package keyfile_test

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"verdin/internal/keyfile"
)

func TestModesThatLetOthersIn(t *testing.T) {
	for _, c := range []struct {
		mode         fs.FileMode
		secret, list bool // may be read as
	}{
		{0o400, true, true},
		{0o600, true, true},
		{0o440, false, true},
		{0o604, false, true},
		{0o644, false, true},
		{0o620, false, false},
		{0o602, false, false},
		{0o666, false, false},
	} {
		path := filepath.Join(t.TempDir(), "key")
		if err := errors.Join(os.WriteFile(path, []byte("hush"), 0o600), os.Chmod(path, c.mode)); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]bool{"secret": c.secret, "list": c.list} {
			read := keyfile.Secret
			if name == "list" {
				read = keyfile.List
			}
			data, err := read(path)
			switch {
			case want && (err != nil || string(data) != "hush"):
				t.Errorf("mode %#o as a %s: %q, %v", c.mode, name, data, err)
			case !want && (err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "chmod")):
				t.Errorf("mode %#o as a %s: error %v, want the file and the remedy", c.mode, name, err)
			case !want && strings.Contains(err.Error(), "hush"):
				t.Errorf("mode %#o as a %s: the error tells the secret: %v", c.mode, name, err)
			}
		}
	}
}

func TestFileThatIsNotThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none")
	for name, err := range map[string]error{
		"secret":      second(keyfile.Secret(path)),
		"list":        second(keyfile.List(path)),
		"authorities": second(keyfile.Authorities(path)),
	} {
		if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want that %s is not there", name, err, path)
		}
	}
}

func TestAuthorities(t *testing.T) {
	if pool, err := keyfile.Authorities(""); pool != nil || err != nil {
		t.Errorf("no path gives %v, %v, want the system's roots", pool, err)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if pool, err := keyfile.Authorities(path); pool != nil || err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a file without a certificate gives %v, %v", pool, err)
	}
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(path, cert, 0o600); err != nil {
		t.Fatal(err)
	}
	pool, err := keyfile.Authorities(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.Certificate().Verify(x509.VerifyOptions{Roots: pool}); err != nil {
		t.Errorf("the authority of the file is not trusted: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }
