package flags

import (
	"context"
	"strings"

	of "github.com/open-feature/go-sdk/openfeature"

	"verdin/publish/router"
	"verdin/schemas"
)

// Chooser is what a provider needs of a router.
type Chooser interface {
	Choose(rollout, id string) router.Choice
	Status(rollout string) (router.Status, bool)
}

// Sink takes the outcome events that Track makes, for example to send them to Kafka. It
// must not block.
type Sink func(*schemas.Outcome)

// Provider is an OpenFeature provider in process: flags are rollouts, by "name",
// "namespace/name" or "namespace.name". A string flag is the model version, a boolean
// flag is true for the canary, an object flag holds arm, model version, generation and
// stage. Evaluation takes no network and no lock.
type Provider struct {
	router Chooser
	now    func() schemas.Time
	sink   Sink
	events chan of.Event
	look   chan struct{} // one place
}

const providerName = "verdin"

// NewProvider returns a provider over a router that somebody runs. Sink may be nil:
// then tracking drops its events.
func NewProvider(r Chooser, now func() schemas.Time, sink Sink) *Provider {
	return &Provider{router: r, now: now, sink: sink, events: make(chan of.Event, maxEvents), look: make(chan struct{}, 1)}
}

// Metadata names the provider.
func (p *Provider) Metadata() of.Metadata { return of.Metadata{Name: providerName} }

// Hooks has none.
func (p *Provider) Hooks() []of.Hook { return nil }

// rollout is the name of a flag as the router knows it.
func rollout(flag string) string {
	if ns, name, ok := strings.Cut(flag, "."); ok {
		return ns + "/" + name
	}
	return flag
}

// resolve chooses for a context; ok is false if the default has to do.
func (p *Provider) resolve(flag string, flat of.FlattenedContext) (c router.Choice, d of.ProviderResolutionDetail, ok bool) {
	name := rollout(flag)
	st, known := p.router.Status(name)
	switch unit, isText := flat[of.TargetingKey].(string); {
	case !known:
		d.ResolutionError = of.NewFlagNotFoundResolutionError("no rollout " + flag + " is configured at the router")
	case flat[of.TargetingKey] != nil && !isText:
		d.ResolutionError = of.NewInvalidContextResolutionError("the targeting key is no string")
	case unit == "" && st.WeightBps > 0 && st.WeightBps < schemas.WeightTotal:
		d.ResolutionError = of.NewTargetingKeyMissingResolutionError("the flag splits by the targeting key")
	default:
		c = p.router.Choose(name, unit)
		d.Variant, d.Reason = c.Arm, of.SplitReason
		if st.WeightBps <= 0 || st.WeightBps >= schemas.WeightTotal {
			d.Reason = of.StaticReason
		}
		d.FlagMetadata = of.FlagMetadata{"generation": int64(c.Generation), "stage": int64(c.Stage), "stale": st.Stale, "expired": st.Expired, "killed": st.Killed}
		return c, d, true
	}
	d.Reason = of.ErrorReason
	return c, d, false
}

// StringEvaluation is the model version that serves. A router that knows no verdict yet
// knows no version: the default has to do.
func (p *Provider) StringEvaluation(_ context.Context, flag, def string, flat of.FlattenedContext) of.StringResolutionDetail {
	c, d, ok := p.resolve(flag, flat)
	if !ok || c.ModelVersion == "" {
		return of.StringResolutionDetail{Value: def, ProviderResolutionDetail: unready(d, ok)}
	}
	return of.StringResolutionDetail{Value: c.ModelVersion, ProviderResolutionDetail: d}
}

// unready is the detail of a default that is used because no verdict has come yet.
func unready(d of.ProviderResolutionDetail, resolved bool) of.ProviderResolutionDetail {
	if resolved {
		d.Reason, d.Variant = of.DefaultReason, ""
	}
	return d
}

// BooleanEvaluation tells whether the canary serves.
func (p *Provider) BooleanEvaluation(_ context.Context, flag string, def bool, flat of.FlattenedContext) of.BoolResolutionDetail {
	c, d, ok := p.resolve(flag, flat)
	if !ok {
		return of.BoolResolutionDetail{Value: def, ProviderResolutionDetail: d}
	}
	return of.BoolResolutionDetail{Value: c.Arm == schemas.ArmCanary, ProviderResolutionDetail: d}
}

// ObjectEvaluation is the whole choice, as it belongs in a prediction event.
func (p *Provider) ObjectEvaluation(_ context.Context, flag string, def any, flat of.FlattenedContext) of.InterfaceResolutionDetail {
	c, d, ok := p.resolve(flag, flat)
	if !ok {
		return of.InterfaceResolutionDetail{Value: def, ProviderResolutionDetail: d}
	}
	return of.InterfaceResolutionDetail{ProviderResolutionDetail: d, Value: map[string]any{
		"arm": c.Arm, "model_version": c.ModelVersion, "generation": int64(c.Generation), "stage": int64(c.Stage)}}
}

// mismatch is the answer for a type that a rollout does not have.
func mismatch() of.ProviderResolutionDetail {
	return of.ProviderResolutionDetail{Reason: of.ErrorReason, ResolutionError: of.NewTypeMismatchResolutionError("a rollout is a string, a boolean or an object")}
}

// FloatEvaluation is a type mismatch.
func (p *Provider) FloatEvaluation(_ context.Context, _ string, def float64, _ of.FlattenedContext) of.FloatResolutionDetail {
	return of.FloatResolutionDetail{Value: def, ProviderResolutionDetail: mismatch()}
}

// IntEvaluation is a type mismatch.
func (p *Provider) IntEvaluation(_ context.Context, _ string, def int64, _ of.FlattenedContext) of.IntResolutionDetail {
	return of.IntResolutionDetail{Value: def, ProviderResolutionDetail: mismatch()}
}
