package kafka

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"verdin/internal/keyfile"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/apiversions"
)

const (
	clientID       = "verdin"
	dialTimeout    = 10 * time.Second // connect, TLS and login together
	requestTimeout = 30 * time.Second // one request, beyond the time that it asks the broker to wait
)

// dialer opens connections to brokers as the configuration says.
type dialer struct {
	cfg Config
	tls *tls.Config // without a server name; nil = plain text
}

func newDialer(cfg Config) (*dialer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	d := &dialer{cfg: cfg}
	if cfg.TLS == nil {
		return d, nil
	}
	roots, err := keyfile.Authorities(cfg.TLS.CA)
	if err != nil {
		return nil, fmt.Errorf("kafka.tls.ca: %w", err)
	}
	d.tls = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	if t := cfg.TLS; t.Cert != "" {
		load := func() (*tls.Certificate, error) { // at each handshake, so that a renewed certificate is used
			cert, err := tls.LoadX509KeyPair(t.Cert, t.Key)
			if err != nil {
				return nil, fmt.Errorf("kafka.tls.cert: %w", err)
			}
			return &cert, nil
		}
		if _, err := load(); err != nil {
			return nil, err
		}
		d.tls.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return load() }
	}
	return d, nil
}

// conn is a connection to one broker, logged in and with its versions known.
// It is used by one goroutine; the end of its context closes it.
type conn struct {
	*protocol.Conn
	addr    string
	detach  func() bool // from the context
	lastID  int32       // correlation id of the last request that was written out here
	request []byte      // scratch memory
	frame   *frame      // of fetches; nil before the first
	hasIDs  bool        // the broker gives topics ids
}

// dial connects to one broker. Its errors are single lines that name the
// broker, the cause and the remedy.
func (d *dialer) dial(ctx context.Context, addr string) (*conn, error) {
	limit, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	raw, err := new(net.Dialer).DialContext(limit, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("kafka broker %s cannot be reached: %w: check kafka.brokers and that the broker runs", addr, err)
	}
	if d.tls != nil {
		if raw, err = d.encrypt(limit, raw, addr); err != nil {
			return nil, err
		}
	}
	c := &conn{Conn: protocol.NewConn(raw, clientID), addr: addr}
	c.detach = context.AfterFunc(ctx, func() { raw.Close() })
	deadline, _ := limit.Deadline()
	if err = c.SetDeadline(deadline); err == nil {
		err = c.negotiate()
	}
	if err == nil && d.cfg.SASL != nil {
		err = d.login(limit, c)
	}
	if err == nil {
		err = c.SetDeadline(time.Time{})
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// dialFor dials within ctx a connection that then lives as long as life.
func (d *dialer) dialFor(ctx, life context.Context, addr string) (*conn, error) {
	inner, end := context.WithCancel(life)
	stop := context.AfterFunc(ctx, end)
	c, err := d.dial(inner, addr)
	if err == nil && !stop() {
		c.Close()
		err = context.Cause(ctx)
	}
	if err != nil {
		end()
		return nil, err
	}
	detach := c.detach
	c.detach = func() bool { end(); return detach() }
	return c, nil
}

// Close closes the connection; the context's end is then of no effect.
func (c *conn) Close() error {
	c.detach()
	return c.Conn.Close()
}

func (d *dialer) encrypt(ctx context.Context, raw net.Conn, addr string) (net.Conn, error) {
	conf := d.tls.Clone()
	conf.ServerName, _, _ = net.SplitHostPort(addr)
	t := tls.Client(raw, conf)
	if err := t.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, fmt.Errorf("kafka broker %s: TLS handshake: %w: check that this port speaks TLS, and kafka.tls (ca, cert, key) against the broker's certificate", addr, err)
	}
	return t, nil
}

// negotiate asks the broker which versions it speaks.
func (c *conn) negotiate() error {
	res, err := call[*apiversions.Response](c, &apiversions.Request{})
	if err != nil {
		return fmt.Errorf("%w: check that this port speaks Kafka, and whether it expects a kafka.tls section", err)
	}
	if res.ErrorCode != 0 {
		return fmt.Errorf("kafka broker %s: asking for its versions: %w", c.addr, kafka.Error(res.ErrorCode))
	}
	versions := make(map[protocol.ApiKey]int16, len(res.ApiKeys))
	canFetch := false
	for _, k := range res.ApiKeys {
		key := protocol.ApiKey(k.ApiKey)
		versions[key] = key.SelectVersion(k.MinVersion, k.MaxVersion)
		c.hasIDs = c.hasIDs || key == protocol.Metadata && k.MinVersion <= idsVersion && idsVersion <= k.MaxVersion
		canFetch = canFetch || key == protocol.Fetch && k.MinVersion <= fetchVersion && fetchVersion <= k.MaxVersion
	}
	if !canFetch {
		return fmt.Errorf("kafka broker %s does not speak version %d of fetch: it needs Kafka 2.3 or later", c.addr, fetchVersion)
	}
	c.SetVersions(versions)
	return nil
}

// call sends one request and returns its answer.
func call[R protocol.Message](c *conn, req protocol.Message) (R, error) {
	var none R
	msg, err := c.RoundTrip(req)
	if err != nil {
		return none, fmt.Errorf("kafka broker %s: %s: %w", c.addr, req.ApiKey(), err)
	}
	res, ok := msg.(R)
	if !ok {
		return none, fmt.Errorf("kafka broker %s: %s: answered with %T", c.addr, req.ApiKey(), msg)
	}
	return res, nil
}

// timed is call with the deadline of a request.
func timed[R protocol.Message](c *conn, req protocol.Message) (R, error) {
	var none R
	if err := c.SetDeadline(time.Now().Add(requestTimeout)); err != nil {
		return none, fmt.Errorf("kafka broker %s: %w", c.addr, err)
	}
	return call[R](c, req)
}

// sendFetch writes a fetch request; readFetch reads its answer.
func (c *conn) sendFetch(ps []*partition, turn int, wait int32) error {
	limit := time.Duration(wait)*time.Millisecond + requestTimeout
	if err := c.SetDeadline(time.Now().Add(limit)); err != nil {
		return fmt.Errorf("kafka broker %s: %w", c.addr, err)
	}
	c.lastID++
	c.request = appendFetch(c.request[:0], c.lastID, ps, turn, wait)
	if _, err := c.Write(c.request); err != nil {
		return fmt.Errorf("kafka broker %s: sending a fetch: %w", c.addr, err)
	}
	return nil
}
