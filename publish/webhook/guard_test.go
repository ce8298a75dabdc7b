package webhook

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
)

// Only public addresses are dialled, however they are written.
func TestOnlyPublicAddressesAreAllowed(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "::ffff:8.8.8.8": true,
		"127.0.0.1": false, "::1": false, "::ffff:127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false,
		"169.254.169.254": false, "::ffff:169.254.169.254": false, "fe80::1": false, "fe80::1%eth0": false, "fd00::1": false, "fec0::1": false,
		"0.0.0.0": false, "::": false, "0.1.2.3": false, "100.64.0.1": false, "224.0.0.1": false, "ff02::1": false, "255.255.255.255": false,
		"64:ff9b::a00:1": false, "2002:a00:1::": false, "2001::1": false, "::7f00:1": false, "240.0.0.1": false, "198.18.0.1": false, "192.0.2.1": false,
		"192.0.0.8": false, "192.88.99.1": false, "198.51.100.1": false, "203.0.113.1": false, "64:ff9b:1::1": false, "100::1": false, "2001:db8::1": false,
	} {
		if got := (&guard{}).allows(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: allowed %v, want %v", text, got, want)
		}
	}
	g := &guard{networks: prefixes("10.2.0.0/16", "fe80::/64"), loopback: true}
	for text, want := range map[string]bool{"10.2.3.4": true, "::ffff:10.2.3.4": true, "10.3.0.1": false, "fe80::1%eth0": true, "fe80:1::1": false, "127.0.0.1": true, "::1": true, "169.254.169.254": false} {
		if got := g.allows(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s with a network listed: allowed %v, want %v", text, got, want)
		}
	}
}

// A name is resolved once, and what is dialled is the number that was looked at: a name
// server that answers otherwise the second time leads nowhere.
func TestTheNumberThatWasAllowedIsDialled(t *testing.T) {
	asked := 0
	var dialled []string
	g := &guard{
		lookup: func(context.Context, string, string) ([]netip.Addr, error) {
			asked++
			return []netip.Addr{netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("9.9.9.9"), netip.MustParseAddr("8.8.8.8")}, nil
		},
		dial: func(_ context.Context, _, address string) (net.Conn, error) {
			dialled = append(dialled, address)
			if address == "9.9.9.9:443" {
				return nil, errors.New("away")
			}
			c, _ := net.Pipe()
			return c, nil
		},
	}
	c, err := g.DialContext(t.Context(), "tcp", "hooks.example.com:443")
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if got := strings.Join(dialled, " "); asked != 1 || got != "9.9.9.9:443 8.8.8.8:443" {
		t.Errorf("asked %d times and dialled %s", asked, got)
	}
}

func TestAnUnknownHostIsNamed(t *testing.T) {
	g := &guard{lookup: func(context.Context, string, string) ([]netip.Addr, error) { return nil, nil }}
	if _, err := g.DialContext(t.Context(), "tcp", "nowhere.example:443"); err == nil || !strings.Contains(err.Error(), "nowhere.example has no address") {
		t.Errorf("%v", err)
	}
}
