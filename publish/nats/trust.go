package nats

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"verdin/internal/keyfile"
	"verdin/schemas"
)

// ReadTrusted reads a list of public keys, one a line; what follows a '#' is a
// comment. A file that others can change is refused: who writes it decides who
// may move traffic.
func ReadTrusted(path string) ([]string, error) {
	list, err := keyfile.List(path)
	if err != nil {
		return nil, fmt.Errorf("trusted keys: %w", err)
	}
	var ids []string
	lines := bufio.NewScanner(bytes.NewReader(list))
	for n := 1; lines.Scan(); n++ {
		id, _, _ := strings.Cut(lines.Text(), "#")
		if id = strings.TrimSpace(id); id == "" {
			continue
		}
		if _, err := publicKey(id); err != nil {
			return nil, fmt.Errorf("trusted keys %s: line %d: %w", path, n, err)
		}
		ids = append(ids, id)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("trusted keys %s: %w", path, err)
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("trusted keys %s: no key: write the engine's public key (U…) on a line", path)
	}
	return ids, nil
}

// TrustedKeys reads the list that the configuration names, nil if it names none.
func (c Config) TrustedKeys() ([]string, error) {
	if c.Trusted == "" {
		return nil, nil
	}
	return ReadTrusted(c.Trusted)
}

// publicKey never repeats what it was given: it may be a secret.
func publicKey(id string) (nkeys.KeyPair, error) {
	if strings.HasPrefix(id, "S") {
		return nil, errors.New("this is a secret seed, no public key: make a new key, this one is known now")
	}
	k, err := nkeys.FromPublicKey(id)
	if err != nil || !nkeys.IsValidPublicUserKey(id) {
		return nil, errors.New("this is no public key of a user (U…, 56 characters)")
	}
	return k, nil
}

// Trust holds the public keys whose signatures count; the zero value trusts nobody.
type Trust struct {
	ids  []string
	keys []nkeys.KeyPair
}

// NewTrust returns the trust in some public keys. During a rotation there are two.
func NewTrust(ids []string) (Trust, error) {
	var t Trust
	for i, id := range ids {
		k, err := publicKey(id)
		if err != nil {
			return Trust{}, fmt.Errorf("trusted key %d: %w", i+1, err)
		}
		if !slices.Contains(t.ids, id) {
			t.ids, t.keys = append(t.ids, id), append(t.keys, k)
		}
	}
	return t, nil
}

// Verdict tells why the headers do not sign a verdict for a rollout; nil if they do.
func (t Trust) Verdict(h natsgo.Header, ns, rollout string, payload []byte) error {
	return t.check(h, schemas.VerdictMessage(ns, rollout, payload))
}

func (t Trust) check(h natsgo.Header, message []byte) error {
	id := h.Get(schemas.HeaderKeyID)
	if id == "" {
		return errors.New("it is not signed")
	}
	i := slices.Index(t.ids, id)
	if i < 0 {
		return fmt.Errorf("its key %.60q is not trusted", id)
	}
	sig, err := base64.RawURLEncoding.DecodeString(h.Get(schemas.HeaderSignature))
	if err != nil || t.keys[i].Verify(message, sig) != nil {
		return fmt.Errorf("its signature by %s is wrong", id)
	}
	return nil
}
