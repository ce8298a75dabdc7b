package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"

	"verdin/internal/telemetry"
	"verdin/publish/control"
	web "verdin/publish/http"
)

// httpConfig is the listener of an engine.
type httpConfig struct {
	Addr        string `yaml:"addr"`        // loopback by default
	NonLoopback bool   `yaml:"nonLoopback"` // allow an address that others can reach without tls and tokensFile: metrics and probes only
	TLS         struct {
		Cert string `yaml:"cert"` // PEM files
		Key  string `yaml:"key"`
	} `yaml:"tls"`
	TokensFile string   `yaml:"tokensFile"` // access file: who may see and order; "" = everybody on this machine sees, nobody orders
	Origins    []string `yaml:"origins"`    // sites whose pages may evaluate flags from a browser; none by default
}

// secured tells whether people on other machines can be let in.
func (c *httpConfig) secured() bool { return c.TLS.Cert != "" && c.TokensFile != "" }

func (c *httpConfig) loopback() bool {
	host, _, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// routes adds the pages, the API and the gates to those of telemetry, unless the address
// is one that others can reach and nobody asks them who they are.
func (w *wires) routes(c *httpConfig, mux *http.ServeMux) (what string, err error) {
	if !c.loopback() && !c.secured() {
		return "/metrics /livez /readyz", nil
	}
	opt := web.Options{Desk: w.desk, Local: c.loopback() && c.TokensFile == "", Report: func(r *http.Request, err error) {
		if r.Context().Err() == nil {
			w.log.Warn("http", "path", r.URL.Path, "err", err)
		}
	}}
	if c.TokensFile != "" {
		if opt.Access, err = control.OpenAccess(c.TokensFile); err != nil {
			return "", usage(fmt.Errorf("http.tokensFile: %w", err))
		}
	}
	if opt.Origins, err = web.NewOrigins(c.Origins); err != nil {
		return "", usage(fmt.Errorf("http.origins: %w", err))
	}
	web.New(opt).Register(mux)
	return "/ /api /gates /metrics /livez /readyz", nil
}

// show serves the pages of a demo until ctx ends, and returns where.
func (w *wires) show(ctx context.Context, running *sync.WaitGroup, c *httpConfig) (url string, err error) {
	if !c.loopback() {
		return "", usage(fmt.Errorf("--http %q: a demo is served on this machine only: use 127.0.0.1:PORT", c.Addr))
	}
	mux := telemetry.Handler(w.metrics, w.health)
	if _, err := w.routes(c, mux); err != nil {
		return "", err
	}
	server := &telemetry.Server{Addr: c.Addr, Handler: mux}
	listener, err := server.Listen(ctx)
	if err != nil {
		return "", fmt.Errorf("--http: %w", err)
	}
	running.Go(func() {
		if err := server.Serve(ctx, listener); err != nil {
			w.log.Error("http", "err", err)
		}
	})
	return "http://" + listener.Addr().String() + "/", nil
}

// listen serves until ctx ends. The channel tells how that ended; a server that fails
// stops the engine.
func (w *wires) listen(ctx context.Context, stop func(), c *httpConfig, log *slog.Logger) (<-chan error, error) {
	mux := telemetry.Handler(w.metrics, w.health)
	what, err := w.routes(c, mux)
	if err != nil {
		return nil, err
	}
	server := &telemetry.Server{Addr: c.Addr, AllowRemote: c.NonLoopback || c.secured(), Handler: mux}
	listener, err := server.Listen(ctx)
	switch {
	case errors.Is(err, telemetry.ErrRemote):
		return nil, usage(fmt.Errorf("http.addr %q can be reached from other machines and asks nobody who they are: give http.tls and http.tokensFile, or put a proxy in front; for metrics and probes alone set http.nonLoopback: true", c.Addr))
	case err != nil:
		return nil, fmt.Errorf("http.addr: %w: choose another port, or end what listens there", err)
	}
	scheme := "http"
	if c.TLS.Cert != "" {
		cert, err := tls.LoadX509KeyPair(c.TLS.Cert, c.TLS.Key)
		if err != nil {
			return nil, errors.Join(usage(fmt.Errorf("http.tls: %w: name the PEM files of a certificate and its key", err)), listener.Close())
		}
		scheme, listener = "https", tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	}
	served := make(chan error, 1)
	go func() {
		served <- server.Serve(ctx, listener)
		stop()
	}()
	log.Info("listening", "addr", listener.Addr().String(), "scheme", scheme, "paths", what)
	return served, nil
}
