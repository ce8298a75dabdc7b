package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"verdin/internal/keyfile"
)

// Bounds of a hook.
const (
	queueSize  = 256         // notes that wait: a receiver that is away for the length of a rollout
	attempts   = 10          // for one note
	firstWait  = time.Second // after the first failure; doubles up to longest, about 8 minutes of waiting
	longest    = 4 * time.Minute
	patience   = 10 * time.Second // for one attempt
	drainFor   = 5 * time.Second  // for what waits when the end comes
	maxAnswer  = 64 << 10         // bytes of an answer that are read
	maxHeaders = 16 << 10
)

// Hook delivers notes to one receiver, in order. The end of Run's context ends it.
type Hook struct {
	name, address string
	verdicts      []string
	key           Key
	client        *http.Client
	onError       func(error)
	mu            sync.Mutex // only of waiting, so that the oldest can make room
	waiting       chan Note

	delivered, lost atomic.Uint64
}

// New opens the hook of one target of a configuration that is valid. OnError hears of
// each failed attempt and of each loss, and must not block.
func New(c *Config, t Target, onError func(error)) (*Hook, error) {
	networks, err := c.networks()
	if err != nil {
		return nil, err
	}
	key, err := OpenKey(t.KeyFile)
	if err != nil {
		return nil, err
	}
	roots, err := keyfile.Authorities(t.CA)
	if err != nil {
		return nil, fmt.Errorf("webhook ca: %w", err)
	}
	g := &guard{networks: networks, loopback: c.Loopback, lookup: net.DefaultResolver.LookupNetIP, dial: (&net.Dialer{Timeout: patience}).DialContext}
	return newHook(t, key, onError, &http.Transport{
		Proxy: nil, DialContext: g.DialContext, ForceAttemptHTTP2: true, MaxConnsPerHost: 1, IdleConnTimeout: time.Minute,
		TLSHandshakeTimeout: patience, MaxResponseHeaderBytes: maxHeaders, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
	}), nil
}

func newHook(t Target, key Key, onError func(error), transport http.RoundTripper) *Hook {
	return &Hook{name: t.Name, address: t.URL, verdicts: t.Verdicts, key: key, onError: onError, waiting: make(chan Note, queueSize),
		client: &http.Client{Transport: transport, Timeout: patience,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Name is the target's.
func (h *Hook) Name() string { return h.name }

// Counts returns how many notes were delivered, are waiting, and were lost.
func (h *Hook) Counts() (delivered, waiting, lost uint64) {
	return h.delivered.Load(), uint64(len(h.waiting)), h.lost.Load()
}

// Send queues a note, if the target hears of its verdict. It never waits: where there is
// no room the oldest note is lost, since the newest says where the rollout stands.
func (h *Hook) Send(n Note) {
	if len(h.verdicts) > 0 && !slices.Contains(h.verdicts, n.Verdict) {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		select {
		case h.waiting <- n:
			return
		default:
		}
		select {
		case old := <-h.waiting:
			h.lose(&old, errors.New("more notes wait than there is room for"))
		default:
		}
	}
}

func (h *Hook) lose(n *Note, why error) {
	h.lost.Add(1)
	h.onError(fmt.Errorf("webhook %s: lost verdict %d of %s, generation %d: %w", h.name, n.Sequence, n.Rollout, n.Generation, why))
}

// Run delivers until ctx ends, then for some seconds what waits, one attempt each. What
// cannot be delivered by then is lost.
func (h *Hook) Run(ctx context.Context) {
	defer h.client.CloseIdleConnections()
	for {
		select {
		case <-ctx.Done():
			h.drain(ctx)
			return
		case n := <-h.waiting:
			h.deliver(ctx, &n)
		}
	}
}

func (h *Hook) drain(ctx context.Context) {
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainFor)
	defer cancel()
	for {
		select {
		case n := <-h.waiting:
			h.settle(&n, h.post(end, &n))
		default:
			return
		}
	}
}

// deliver tries a note until it is settled. When ctx ends, the attempt that it breaks off
// or keeps from coming has one more.
func (h *Hook) deliver(ctx context.Context, n *Note) {
	err := h.post(ctx, n)
	for i, wait := 1, firstWait; retryable(err) && i < attempts; i, wait = i+1, min(2*wait, longest) {
		if ctx.Err() == nil {
			h.onError(fmt.Errorf("webhook %s: attempt %d of %d for verdict %d of %s: %w", h.name, i, attempts, n.Sequence, n.Rollout, err))
		}
		select {
		case <-time.After(wait):
			err = h.post(ctx, n)
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainFor)
			defer cancel()
			h.settle(n, h.post(end, n))
			return
		}
	}
	h.settle(n, err)
}

func (h *Hook) settle(n *Note, err error) {
	if err != nil {
		h.lose(n, err)
		return
	}
	h.delivered.Add(1)
}

// refusal is an answer that another attempt will not change.
type refusal struct{ status string }

func (r refusal) Error() string { return "the receiver answered " + r.status }

func retryable(err error) bool {
	return err != nil && !errors.As(err, new(refusal))
}

// post makes one attempt.
func (h *Hook) post(ctx context.Context, n *Note) error {
	body, err := n.body()
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	now := time.Now()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "verdin")
	req.Header.Set("Idempotency-Key", n.ID)
	req.Header.Set(HeaderID, n.ID)
	req.Header.Set(HeaderTimestamp, fmt.Sprint(now.Unix()))
	req.Header.Set(HeaderSignature, h.key.sign(n.ID, now, body))
	resp, err := h.client.Do(req)
	if err != nil {
		if in := new(url.Error); errors.As(err, &in) {
			err = in.Err // without the address: its path may be a secret
		}
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer)) // so that the connection lives on
	return judged(resp.StatusCode)
}

// judged tells what an answer means: 2xx took it; 408, 425, 429 and 5xx may take it
// later; anything else, redirects among them, will not.
func judged(code int) error {
	status := fmt.Sprintf("%d %s", code, http.StatusText(code))
	switch {
	case code >= 200 && code < 300:
		return nil
	case code >= 500, code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests:
		return errors.New("the receiver answered " + status)
	case code >= 300 && code < 400:
		return refusal{status + ", and redirects are not followed"}
	}
	return refusal{status}
}
