package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const syncFix = "set \"jetstream { sync_interval: always }\" in its configuration, else a power failure takes the verdicts of the last minutes with it, acknowledged or not"

// ErrSyncUnseen says that nobody knows how often the server syncs: a client of NATS
// cannot see it, only the server's monitoring tells.
var ErrSyncUnseen = errors.New("nats: how often the server syncs to disk cannot be seen without its monitoring (nats.monitor: http://host:8222): " + syncFix)

// CheckSync asks the monitoring of a server, "http://host:8222", whether JetStream
// syncs each write to disk. What it returns is a warning: such a server loses
// nothing when its process ends, only when its machine does. With an empty URL it
// is ErrSyncUnseen. On a cluster each server has its own monitoring.
func CheckSync(ctx context.Context, monitor string) error {
	if monitor == "" {
		return ErrSyncUnseen
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(monitor, "/")+"/varz", nil)
	if err != nil {
		return fmt.Errorf("nats: nats.monitor: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("nats: nats.monitor: %w: is \"http: host:8222\" in the server's configuration?", err)
	}
	defer resp.Body.Close()
	var varz struct {
		Name      string `json:"server_name"`
		JetStream struct {
			Config *struct {
				Always   bool          `json:"sync_always"`
				Interval time.Duration `json:"sync_interval"`
			} `json:"config"`
		} `json:"jetstream"`
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&varz)
	c := varz.JetStream.Config
	switch {
	case err != nil || resp.StatusCode != http.StatusOK:
		return fmt.Errorf("nats: nats.monitor: %s/varz answers %s, not what a NATS server tells of itself", monitor, resp.Status)
	case c == nil:
		return fmt.Errorf("nats: server %s has no JetStream: nats.monitor names another server than nats.url", varz.Name)
	case !c.Always:
		return fmt.Errorf("nats: server %s syncs to disk every %v: %s", varz.Name, c.Interval, syncFix)
	}
	return nil
}
