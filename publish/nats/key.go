package nats

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"verdin/internal/keyfile"

	"github.com/nats-io/nkeys"
)

// Key signs verdicts and heartbeats with Ed25519.
type Key struct {
	ID   string // the public key as nkeys writes it: routers trust it by this name
	pair nkeys.KeyPair
}

// OpenKey reads the seed in a file, or makes one with mode 0400 if there is no
// file: then created is true and the caller should print the ID for the
// routers' configuration. A file that others can read is refused.
func OpenKey(path string) (key *Key, created bool, err error) {
	seed, err := keyfile.Secret(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = createKey(path)
		return key, err == nil, err
	}
	if err != nil {
		return nil, false, fmt.Errorf("signing key: %w", err)
	}
	key, err = newKey(bytes.TrimSpace(seed))
	if err != nil {
		return nil, false, fmt.Errorf("signing key %s: %w", path, err)
	}
	return key, false, nil
}

func createKey(path string) (*Key, error) {
	pair, err := nkeys.CreateUser()
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	seed, err := pair.Seed()
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o400)
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	_, err = f.Write(append(seed, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, fmt.Errorf("signing key %s: %w", path, err)
	}
	return newKey(seed)
}

func newKey(seed []byte) (*Key, error) {
	pair, err := nkeys.FromSeed(seed)
	if err != nil {
		return nil, err
	}
	id, err := pair.PublicKey()
	if err != nil {
		return nil, err
	}
	return &Key{ID: id, pair: pair}, nil
}

// sign returns the signature of msg in base64url.
func (k *Key) sign(msg []byte) (string, error) {
	sig, err := k.pair.Sign(msg)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sig), nil
}
