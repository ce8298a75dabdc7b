package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/nats-io/nkeys"
	"github.com/spf13/cobra"

	"verdin/internal/keyfile"
	"verdin/publish/control"
	"verdin/publish/nats"
	"verdin/schemas"
)

// engines is how an operator's command reaches the engines: over NATS, or one of them
// over HTTP.
type engines struct {
	nats      nats.Config
	sign      string // file with an nkey seed
	http      string
	tokenFile string
}

// operator asks engines and gives them orders.
type operator interface {
	Order(ctx context.Context, ns, rollout, verb, reason string) (control.Receipt, error)
	Status(ctx context.Context, ns, rollout string) (control.Status, error)
	List(ctx context.Context) ([]control.Status, error)
}

func (e *engines) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	url := os.Getenv("NATS_URL")
	if url == "" {
		url = "nats://127.0.0.1:4222"
	}
	f.StringVar(&e.nats.URL, "nats", url, "NATS server; default also from NATS_URL")
	f.StringVar(&e.nats.Creds, "creds", "", "NATS: file with a JWT and its seed; the seed signs orders")
	f.StringVar(&e.nats.NKeySeed, "nkey", "", "NATS: file with an nkey seed; it signs orders")
	f.StringVar(&e.nats.User, "user", "", "NATS: user, with --password-file")
	f.StringVar(&e.nats.PasswordFile, "password-file", "", "NATS: file with the password")
	f.StringVar(&e.nats.TLS.CA, "ca", "", "PEM file with the certificate authority of NATS, or of --http")
	f.StringVar(&e.nats.InboxPrefix, "inbox-prefix", "", "NATS: where replies come, as the user's rights say (default _INBOX_verdin)")
	f.StringVar(&e.sign, "sign", "", "file with the nkey seed that signs orders, if it is not that of the login")
	f.StringVar(&e.http, "http", "", "ask one engine over HTTP instead: http://127.0.0.1:9464")
	f.StringVar(&e.tokenFile, "token-file", "", "HTTP: file with the bearer token; or the variable VERDIN_TOKEN")
}

// open connects; the second result ends that.
func (e *engines) open() (operator, func(), error) {
	if e.http != "" {
		token := os.Getenv("VERDIN_TOKEN")
		if e.tokenFile != "" {
			b, err := os.ReadFile(e.tokenFile)
			if err != nil {
				return nil, nil, usage(fmt.Errorf("--token-file: %w", err))
			}
			token = strings.TrimSpace(string(b))
		}
		client, err := e.webClient()
		if err != nil {
			return nil, nil, usage(err)
		}
		return &control.WebClient{Base: e.http, Token: token, HTTP: client}, client.CloseIdleConnections, nil
	}
	key, err := e.key()
	if err != nil {
		return nil, nil, usage(err)
	}
	nc, err := nats.Connect(e.nats, func(err error) { fmt.Fprintln(os.Stderr, "verdin:", err) })
	if err != nil {
		return nil, nil, err
	}
	return &control.Client{NC: nc, Actor: whoami(), Key: key, Now: wallClock}, nc.Close, nil
}

// webClient trusts the system's authorities, or the one that is named.
func (e *engines) webClient() (*http.Client, error) {
	roots, err := keyfile.Authorities(e.nats.TLS.CA)
	if err != nil {
		return nil, fmt.Errorf("--ca: %w", err)
	}
	return &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}}, nil
}

// key is what signs orders; nil if no seed is named.
func (e *engines) key() (nkeys.KeyPair, error) {
	path := e.sign
	if path == "" {
		path = e.nats.NKeySeed
	}
	if path == "" {
		path = e.nats.Creds
	}
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the seed that signs: %w", err)
	}
	key, err := nkeys.ParseDecoratedUserNKey(data)
	if err != nil {
		return nil, fmt.Errorf("the seed that signs: %s holds no seed of a user (SU…)", path)
	}
	return key, nil
}

// whoami is the name that an unsigned order bears.
func whoami() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

// newOrders are the commands that give an order.
func newOrders() (all []*cobra.Command) {
	for _, o := range []struct{ verb, short string }{
		{schemas.VerbPause, "Hold a rollout's weights until a resume; harm still rolls back"},
		{schemas.VerbResume, "End a pause, or the hold of a signal that somebody has looked at"},
		{schemas.VerbPromote, "Let a stage pass its manual gate; what must be shown must still be shown"},
		{schemas.VerbRollback, "End a rollout: all traffic to stable"},
		{schemas.VerbKill, "End a rollout at once: routers serve stable without any ramp"},
		{schemas.VerbAbort, "End a rollout as a mistake: all traffic to stable"},
	} {
		var e engines
		var reason string
		var patience time.Duration
		cmd := &cobra.Command{
			Use: o.verb + " ROLLOUT --reason TEXT", Short: o.short,
			Long: o.short + `.

ROLLOUT is "name" or "namespace/name". The order is journalled with the name of who
gave it, and the answer tells what became of it. Exit code: 0 accepted, 1 refused or
nobody answers, 2 wrong flags, 4 taken but not yet decided.`,
			Args: exactArgs(1, "one rollout"),
			RunE: func(cmd *cobra.Command, args []string) error {
				ctx, cancel := context.WithTimeout(cmd.Context(), patience)
				defer cancel()
				return e.order(ctx, cmd, args[0], o.verb, reason)
			},
		}
		e.flags(cmd)
		cmd.Flags().StringVar(&reason, "reason", "", "why, for the journal and for everybody who asks (required)")
		cmd.Flags().DurationVar(&patience, "timeout", 10*time.Second, "how long to wait")
		all = append(all, cmd)
	}
	return all
}

func (e *engines) order(ctx context.Context, cmd *cobra.Command, name, verb, reason string) error {
	ns, rollout, err := schemas.SplitRollout(name)
	if err != nil {
		return usage(err)
	}
	if strings.TrimSpace(reason) == "" {
		return usage(fmt.Errorf("%s wants --reason TEXT: the journal and your colleagues will ask", verb))
	}
	op, hangUp, err := e.open()
	if err != nil {
		return err
	}
	defer hangUp()
	r, err := op.Order(ctx, ns, rollout, verb, reason)
	switch {
	case errors.Is(err, control.ErrNobody):
		return fmt.Errorf("%w: verdin status lists what runs", err)
	case err != nil:
		return err
	case !r.Accepted:
		return fmt.Errorf("%s %s/%s is refused (%s): %s", verb, ns, rollout, r.Code, r.Message)
	}
	fmt.Fprintln(cmd.OutOrStdout(), r.Message)
	if r.Code == control.CodeTaken {
		return exitError{code: exitUndecided}
	}
	return nil
}
