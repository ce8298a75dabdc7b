package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// guard opens connections to allowed addresses only: a name is resolved first, then
// looked at, then dialled as a number, so that no second answer of the name server counts.
type guard struct {
	networks []netip.Prefix // allowed although they are not public
	loopback bool
	lookup   func(ctx context.Context, network, host string) ([]netip.Addr, error)
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
}

// special are the networks that netip has no question for and that lead inside:
// shared address space (RFC 6598), this network, benchmarks, documentation, reserved,
// and those that carry an IPv4 address within (NAT64, 6to4, Teredo). RFC 6890.
var special = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "::/96", "fec0::/10")

func prefixes(all ...string) (out []netip.Prefix) {
	for _, s := range all {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func (g *guard) allows(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if within(g.networks, a) || g.loopback && a.IsLoopback() {
		return true
	}
	return a.IsGlobalUnicast() && !a.IsPrivate() && !a.IsLoopback() && !within(special, a)
}

func within(all []netip.Prefix, a netip.Addr) bool {
	for _, p := range all {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// DialContext dials the first allowed address of a host that answers.
func (g *guard) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addrs, err := g.lookup(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", host, err)
	}
	errs := []error{fmt.Errorf("%s has no address", host)}
	for i, a := range addrs {
		if i == 0 {
			errs = nil
		}
		if !g.allows(a) {
			errs = append(errs, fmt.Errorf("%s is %s, an address inside: list its network in webhooks.networks if notes may go there", host, a.Unmap()))
			continue
		}
		c, err := g.dial(ctx, network, net.JoinHostPort(a.Unmap().String(), port))
		if err == nil {
			return c, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}
