package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// DefaultAddr is where the server listens when nothing else is said.
const DefaultAddr = "127.0.0.1:9470"

// grace is how long a stopping server waits for requests in flight.
const grace = 5 * time.Second

// ErrRemote says that an address can be reached from other machines and that
// nobody allowed it.
var ErrRemote = errors.New("not a loopback address: there is no authentication here; put a proxy in front, or set AllowRemote")

// Server is one HTTP listener for people, probes and scrapers.
type Server struct {
	Addr        string       // "host:port"; empty = DefaultAddr
	AllowRemote bool         // listen beyond the loopback
	Handler     http.Handler // what to serve
}

// Listen opens the address. Without AllowRemote it returns ErrRemote for every
// host but "localhost" and the loopback addresses.
func (s Server) Listen(ctx context.Context) (net.Listener, error) {
	addr := s.Addr
	if addr == "" {
		addr = DefaultAddr
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: want host:port: %w", addr, err)
	}
	if !s.AllowRemote && !loopback(host) {
		return nil, fmt.Errorf("listen on %q: %w", addr, ErrRemote)
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", addr, err)
	}
	return ln, nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// Serve serves on ln until ctx ends, then lets requests in flight finish for a
// few seconds. Streams must watch their request's context, which ends with ctx,
// and lift the write deadline by http.ResponseController.
func (s Server) Serve(ctx context.Context, ln net.Listener) error {
	srv := &http.Server{
		Handler:           Secure(s.Handler),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
	}
	failed := make(chan error, 1) // one result: Serve returns once
	go func() { failed <- srv.Serve(ln) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve http on %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := srv.Shutdown(stop)
	if err != nil {
		srv.Close()
		err = fmt.Errorf("stop http on %s: requests did not finish in %s: %w", ln.Addr(), grace, err)
	}
	<-failed
	return err
}

// Secure sets headers that keep a browser from guessing, framing, leaking or
// running anything. A handler may set a wider policy of its own.
func Secure(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Cache-Control", "no-store")
		head.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		head.Set("Cross-Origin-Resource-Policy", "same-origin")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("X-Content-Type-Options", "nosniff")
		h.ServeHTTP(w, r)
	})
}
