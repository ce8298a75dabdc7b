package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"verdin/internal/keyfile"
)

// Headers of a delivery.
const (
	HeaderID        = "Webhook-Id"        // the verdict's digest: equal ids are the same note
	HeaderTimestamp = "Webhook-Timestamp" // Unix seconds of this attempt
	HeaderSignature = "Webhook-Signature" // "v1,BASE64"; several are separated by spaces
)

// Key authenticates notes: HMAC-SHA256 with a secret that sender and receiver share.
type Key struct{ secret []byte }

const (
	keyPrefix          = "whsec_"
	leastKey, mostKey  = 24, 64 // bytes, as Standard Webhooks wants them
	keyRemedy          = "make one with: (umask 077; echo whsec_$(openssl rand -base64 32) > FILE)"
	signatureVersion   = "v1,"
	maxSignatureHeader = 4096
)

// OpenKey reads a key from a file: base64 of 24 to 64 bytes, with or without the prefix
// whsec_. A file that others can read is refused.
func OpenKey(path string) (Key, error) {
	text, err := keyfile.Secret(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Key{}, fmt.Errorf("webhook key: %w: %s", err, keyRemedy)
	}
	if err != nil {
		return Key{}, fmt.Errorf("webhook key: %w", err)
	}
	k, err := ParseKey(string(text))
	if err != nil {
		return Key{}, fmt.Errorf("webhook key %s: %w", path, err)
	}
	return k, nil
}

// ParseKey reads a key's text. Its errors do not repeat it.
func ParseKey(text string) (Key, error) {
	secret, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(strings.TrimSpace(text), keyPrefix))
	if err != nil || len(secret) < leastKey || len(secret) > mostKey {
		return Key{}, fmt.Errorf("it is no base64 of %d to %d bytes: %s", leastKey, mostKey, keyRemedy)
	}
	return Key{secret}, nil
}

// sign is the signature header of a body that is sent at a time.
func (k Key) sign(id string, at time.Time, body []byte) string {
	return signatureVersion + base64.StdEncoding.EncodeToString(k.mac(id, strconv.FormatInt(at.Unix(), 10), body))
}

func (k Key) mac(id, timestamp string, body []byte) []byte {
	m := hmac.New(sha256.New, k.secret)
	m.Write([]byte(id + "." + timestamp + "."))
	m.Write(body)
	return m.Sum(nil)
}

// ErrForged says that a delivery was not signed with the key, or not of late.
var ErrForged = errors.New("webhook: not a delivery of a known sender")

// Verify tells a receiver whether a delivery was signed with the key within tolerance
// of now. Errors wrap ErrForged. What was seen before is the receiver's to know, by the id.
func (k Key) Verify(h http.Header, body []byte, now time.Time, tolerance time.Duration) error {
	timestamp, signatures := h.Get(HeaderTimestamp), h.Get(HeaderSignature)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || len(k.secret) == 0 || len(signatures) > maxSignatureHeader {
		return fmt.Errorf("%w: headers cannot be read", ErrForged)
	}
	if at := time.Unix(seconds, 0); at.Before(now.Add(-tolerance)) || at.After(now.Add(tolerance)) {
		return fmt.Errorf("%w: sent more than %v from now", ErrForged, tolerance)
	}
	want := k.mac(h.Get(HeaderID), timestamp, body)
	for s := range strings.FieldsSeq(signatures) {
		text, known := strings.CutPrefix(s, signatureVersion)
		if got, err := base64.StdEncoding.DecodeString(text); known && err == nil && hmac.Equal(got, want) {
			return nil
		}
	}
	return fmt.Errorf("%w: no signature fits", ErrForged)
}
