package control

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nkeys"

	"verdin/internal/keyfile"
	"verdin/schemas"
)

// Access is the list of principals of an access file. It has one a line:
//
//	# name  scope    namespaces    credential              expires (optional)
//	alice   admin    prod,staging  sha256:6f0c…            2027-01-01T00:00:00Z
//	ci      read     *             sha256:11ab…
//	bob     operate  prod          UBQX…
//
// A credential is the SHA-256 of a bearer token, in hex, or the public half of an
// nkey that signs orders. The file holds no secret, but who can write it can do all:
// it is refused if others can.
type Access struct {
	tokens []credential
	keys   []credential
}

type credential struct {
	Principal
	sum     [sha256.Size]byte // of the token
	key     string            // public nkey
	expires schemas.Time
}

// MinToken is the least length of a token: 32 characters of hex are 128 bits.
const MinToken = 32

// ReadAccess reads an access file.
func ReadAccess(path string) (*Access, error) {
	data, err := keyfile.List(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("access file: %w: make it, one line \"name scope namespaces credential\"", err)
	}
	if err != nil {
		return nil, fmt.Errorf("access file: %w", err)
	}
	a, err := ParseAccess(data)
	if err != nil {
		return nil, fmt.Errorf("access file %s: %w", path, err)
	}
	return a, nil
}

// ParseAccess reads the text of an access file. It quotes no credential in its errors.
func ParseAccess(data []byte) (*Access, error) {
	a := &Access{}
	seen := map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(text)
		if len(fields) == 0 {
			continue
		}
		c, err := parseCredential(fields)
		if err == nil && seen[fields[3]] {
			err = errors.New("the credential stands twice")
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		seen[fields[3]] = true
		if c.key != "" {
			a.keys = append(a.keys, c)
		} else {
			a.tokens = append(a.tokens, c)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(a.tokens)+len(a.keys) == 0 {
		return nil, errors.New("it names nobody: write one line \"name scope namespaces credential\"")
	}
	return a, nil
}

func parseCredential(fields []string) (c credential, err error) {
	if len(fields) < 4 || len(fields) > 5 {
		return c, fmt.Errorf("it has %d fields: want name, scope, namespaces, credential, and perhaps when it expires", len(fields))
	}
	c.Name, c.expires = fields[0], schemas.Never
	if err := schemas.CheckLabel("name", c.Name); err != nil {
		return c, err
	}
	if c.Scope, err = ParseScope(fields[1]); err != nil {
		return c, err
	}
	for ns := range strings.SplitSeq(fields[2], ",") {
		if ns != "*" {
			if err := schemas.CheckLabel("namespace", ns); err != nil {
				return c, err
			}
		}
		c.Namespaces = append(c.Namespaces, ns)
	}
	if len(fields) == 5 {
		if err := c.expires.UnmarshalText([]byte(fields[4])); err != nil {
			return c, fmt.Errorf("expires: %w", err)
		}
	}
	return c, c.credential(fields[3])
}

func (c *credential) credential(text string) error {
	if sum, ok := strings.CutPrefix(text, "sha256:"); ok {
		if n, err := hex.Decode(c.sum[:], []byte(sum[:min(len(sum), 2*sha256.Size)])); err != nil || n != sha256.Size || len(sum) != 2*sha256.Size {
			return errors.New("sha256: wants 64 hex digits: printf %s TOKEN | sha256sum")
		}
		return nil
	}
	if !nkeys.IsValidPublicUserKey(text) {
		return errors.New("the credential is neither sha256:… nor a public user nkey (U…)")
	}
	c.key = text
	return nil
}

// Token finds the principal of a bearer token. Every entry is compared, in constant time.
func (a *Access) Token(token string, now schemas.Time) (p Principal, ok bool) {
	if len(token) < MinToken {
		return p, false
	}
	sum := sha256.Sum256([]byte(token))
	found := -1
	for i := range a.tokens {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(sum[:], a.tokens[i].sum[:]), i, found)
	}
	if found < 0 || now > a.tokens[found].expires {
		return p, false
	}
	return a.tokens[found].Principal, true
}

// Key finds the principal of a public nkey.
func (a *Access) Key(id string, now schemas.Time) (p Principal, ok bool) {
	for _, c := range a.keys {
		if c.key == id && now <= c.expires {
			return c.Principal, true
		}
	}
	return p, false
}

// AccessFile follows an access file: what changes in it counts at once. While it cannot
// be read nobody is let in.
type AccessFile struct {
	path string

	mu     sync.Mutex
	access *Access
	err    error
	size   int64
	at     time.Time
}

// OpenAccess reads an access file and follows it.
func OpenAccess(path string) (*AccessFile, error) {
	f := &AccessFile{path: path}
	_, err := f.Now()
	return f, err
}

// Now is what the file says now.
func (f *AccessFile) Now() (*Access, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.path)
	if err != nil {
		f.access, f.err, f.at = nil, fmt.Errorf("access file: %w", err), time.Time{}
		return nil, f.err
	}
	if f.at.IsZero() || !info.ModTime().Equal(f.at) || info.Size() != f.size {
		f.access, f.err = ReadAccess(f.path)
		f.at, f.size = info.ModTime(), info.Size()
	}
	return f.access, f.err
}
