package flags

import (
	"github.com/twmb/murmur3"

	"verdin/schemas"
)

// Variants.
const (
	Canary = schemas.ArmCanary
	Stable = schemas.ArmStable
)

// Reasons of OpenFeature.
const (
	ReasonSplit  = "SPLIT"  // the unit's slot decided
	ReasonStatic = "STATIC" // everybody gets the same
)

// Flag is what the verdicts of one rollout order.
type Flag struct {
	Key           string // "namespace.rollout"
	CanaryVersion string // values of the variants
	StableVersion string
	WeightBps     int // of the canary, 0 to 10,000
	Salt          string
	Generation    uint64 // of the verdict; 0 = none yet
	Sequence      uint64
	Stage         int
	Phase         string
	Killed        bool // by the kill switch
}

// Of is the flag that a verdict orders.
func Of(v *schemas.Verdict) Flag {
	f := Flag{Key: schemas.Key(v.Namespace, v.Rollout), WeightBps: v.WeightOf(schemas.ArmCanary), Generation: v.Generation,
		Sequence: v.Sequence, Stage: v.Stage.Index, Phase: v.Phase, Killed: v.KillSwitch}
	for _, r := range v.Routes {
		switch r.Arm {
		case schemas.ArmCanary:
			f.CanaryVersion = r.ModelVersion
		case schemas.ArmStable:
			f.StableVersion = r.ModelVersion
		}
	}
	f.Salt = schemas.Salt(v.Namespace, v.Rollout, f.CanaryVersion)
	if v.Sticky != nil {
		f.Salt = v.Sticky.Salt
	}
	return f
}

// Choose is the variant of a unit, and why. Without a unit it is stable.
func (f *Flag) Choose(unit string) (variant, reason string) {
	switch {
	case f.WeightBps <= 0:
		return Stable, ReasonStatic
	case f.WeightBps >= schemas.WeightTotal:
		return Canary, ReasonStatic
	case unit != "" && Slot(f.Salt, unit) < f.WeightBps:
		return Canary, ReasonSplit
	}
	return Stable, ReasonSplit
}

// Value is the model version of a variant.
func (f *Flag) Value(variant string) string {
	if variant == Canary {
		return f.CanaryVersion
	}
	return f.StableVersion
}

// Slot maps a unit to 0 … 9,999: flagd's fractional rule with a total of 10,000.
func Slot(salt, unit string) int {
	return int(uint64(murmur3.StringSum32(salt+unit)) * schemas.WeightTotal >> 32)
}
