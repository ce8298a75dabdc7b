package flags

import (
	"context"
	"fmt"
	"time"

	of "github.com/open-feature/go-sdk/openfeature"

	"verdin/publish/router"
	"verdin/schemas"
)

// maxEvents is how many events wait for an SDK that does not take them yet.
const maxEvents = 16

// EventChannel is where the SDK hears of what Watch sees.
func (p *Provider) EventChannel() <-chan of.Event { return p.events }

// Look lets a running Watch look at once. It does not block: give it to the router's
// OnChange.
func (p *Provider) Look() {
	select {
	case p.look <- struct{}{}:
	default: // it will look anyhow
	}
}

// Watch tells the SDK what becomes of the flags of some rollouts until ctx ends. It looks
// at the router at each tick, for silence makes no event there, and whenever Look is called.
//
//   - configuration changed: another verdict or weight of a rollout is in force, or its kill
//     switch was turned
//   - stale: no engine was heard of lately, or no verdict has come yet: the flags stand
//   - error: the deadline passed, and what on_expiry says is served; or the router does
//     not know a rollout
//   - ready: none of these
//
// The worst of the rollouts counts. Values are served in every state.
func (p *Provider) Watch(ctx context.Context, rollouts []string, tick <-chan time.Time) {
	w := watch{seen: map[string]mark{}, state: of.ProviderReady} // ready is what the SDK takes a provider for
	for {
		for _, e := range w.glance(p.router, rollouts) {
			select {
			case p.events <- e:
			case <-ctx.Done():
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick:
		case <-p.look:
		}
	}
}

// mark is what a change of makes another configuration.
type mark struct {
	generation, served uint64
	weight             int
	killed             bool
}

// watch is what was told last.
type watch struct {
	seen  map[string]mark
	state of.EventType
	why   string
}

// glance compares the router with what was told, and returns what is to be told now.
func (w *watch) glance(r Chooser, rollouts []string) (all []of.Event) {
	state, why := of.ProviderReady, ""
	for _, name := range rollouts {
		st, known := r.Status(name)
		s, text := condition(&st, known)
		if text != "" {
			text = name + ": " + text
		}
		if worse(s, state) {
			state, why = s, text
		}
		now := mark{st.Generation, st.Served, st.WeightBps, st.Killed}
		was, told := w.seen[name]
		if w.seen[name] = now; known && told && was != now {
			all = append(all, event(of.ProviderConfigChange, of.ProviderEventDetails{
				Message:     fmt.Sprintf("%s: the canary has %g %%", name, float64(st.WeightBps)/100),
				FlagChanges: []string{schemas.Key(st.Namespace, st.Rollout)}}))
		}
	}
	if state != w.state || why != w.why {
		d := of.ProviderEventDetails{Message: why}
		if state == of.ProviderError {
			d.ErrorCode = of.GeneralCode
		}
		all, w.state, w.why = append(all, event(state, d)), state, why
	}
	return all
}

// condition is the state that one rollout alone would put the provider in.
func condition(st *router.Status, known bool) (of.EventType, string) {
	switch {
	case !known:
		return of.ProviderError, "it is not configured at the router"
	case st.Expired:
		return of.ProviderError, "the verdict's deadline passed, and on_expiry counts"
	case st.Sequence == 0:
		return of.ProviderStale, "no verdict has come yet"
	case st.Stale:
		return of.ProviderStale, "no engine was heard of lately"
	}
	return of.ProviderReady, ""
}

func worse(a, b of.EventType) bool {
	rank := map[of.EventType]int{of.ProviderReady: 0, of.ProviderStale: 1, of.ProviderError: 2}
	return rank[a] > rank[b]
}

func event(kind of.EventType, d of.ProviderEventDetails) of.Event {
	return of.Event{ProviderName: providerName, EventType: kind, ProviderEventDetails: d}
}
