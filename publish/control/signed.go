package control

import (
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nkeys"

	"verdin/schemas"
)

// SignDomain is the first line of what the signature of an order covers.
const SignDomain = "verdin.command.v1"

// MaxSkew is how far the instant in a signed order may be from the engine's clock.
const MaxSkew = 30 * time.Second

// Message is what the signature of an order covers: the subject, which names rollout
// and verb, and the payload, which names the instant.
func Message(subject string, payload []byte) []byte {
	return append([]byte(SignDomain+"\n"+subject+"\n"), payload...)
}

// Sign signs an order with a user's nkey.
func Sign(key nkeys.KeyPair, subject string, payload []byte) (keyID, signature string, err error) {
	if keyID, err = key.PublicKey(); err != nil {
		return "", "", err
	}
	sig, err := key.Sign(Message(subject, payload))
	return keyID, base64.RawURLEncoding.EncodeToString(sig), err
}

// proofs checks signed orders and lets each pass once.
type proofs struct {
	mu   sync.Mutex
	seen map[string]schemas.Time // signatures, until when they must be known
}

// check tells why an order is not that of the key's holder, given now and here.
func (p *proofs) check(keyID, signature, subject string, payload []byte, at, now schemas.Time) error {
	if d := now.Sub(at); d > MaxSkew || d < -MaxSkew {
		return fmt.Errorf("it was signed for %s, which is not within %v of the engine's clock %s", at, MaxSkew, now)
	}
	key, err := nkeys.FromPublicKey(keyID)
	if err != nil {
		return errors.New("its key cannot be read")
	}
	sig, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil || key.Verify(Message(subject, payload), sig) != nil {
		return errors.New("its signature is not that of its key")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for s, until := range p.seen {
		if until < now {
			delete(p.seen, s)
		}
	}
	id := string(sig)
	if _, again := p.seen[id]; again {
		return errors.New("it was given before")
	}
	if p.seen == nil {
		p.seen = map[string]schemas.Time{}
	}
	p.seen[id] = at.Add(2 * MaxSkew)
	return nil
}
