package decision

import "time"

// apiVersion is the version of the spec format that this package reads.
const apiVersion = "verdin/v1alpha1"

// defaults is a spec of which nothing was said: every default of the format is here.
func defaults() Spec {
	return Spec{
		Namespace: "default",
		Strategy:  "canary",
		Source: Source{
			JoinKey:  "prediction_id",
			Horizon:  30 * time.Minute,
			Window:   10 * time.Second,
			Lateness: 30 * time.Second,
		},
		Risk: Risk{FalseRollback: 0.05, FalsePromote: 0.05, FalseHold: 0.05},
		Health: Health{
			NoData:            2 * time.Minute,
			SilentCanary:      10 * time.Minute,
			SilentCanaryRolls: true,
			SampleRatio:       true,
			Lag:               2 * time.Minute,
			Late:              0.01,
			Coverage:          true,
			Concentration:     able(doConcentration, 0.05, 0),
			Crossover:         able(doCrossover, 0.01, 0),
			Unpaired:          0.01,
			Unapplied:         5 * time.Minute,
			Artifact:          true,
		},
		Policy:   Policy{OnGuardrail: "rollback", OnSignal: "hold", OnMaxDuration: "hold", Approvals: 1, MinStep: 0.5},
		Publish:  Publish{OnExpiry: "stable", Lease: 15 * time.Minute, Routers: 1},
		HoldBack: 0.05,
	}
}

// defaultStages are those of a spec that names none: a ramp for a canary, an analysis
// and one switch for blueGreen, copies of requests for a shadow. A guard has none.
func defaultStages(strategy string) []Stage {
	stage := func(weight int, bake time.Duration) Stage {
		s := defaultStage()
		s.Weight, s.Bake = weight, bake
		return s
	}
	switch strategy {
	case BlueGreen:
		return []Stage{stage(10, 30*time.Minute), stage(100, time.Hour)}
	case Shadow:
		return []Stage{stage(0, time.Hour)}
	case Guard:
		return nil
	}
	return []Stage{
		stage(10, 30*time.Minute), stage(25, 30*time.Minute),
		stage(50, time.Hour), stage(75, time.Hour), stage(100, 24*time.Hour),
	}
}

// defaultStage has no maxDuration and no manual gate.
func defaultStage() Stage { return Stage{MinSamples: 100} }

// defaultMetric gives a metric's defaults; tolerance defaults to the margin. On
// outcomes a missing label is left out, and the labels' coverage is watched.
func defaultMetric(on string) Metric {
	m := Metric{On: on, Weight: 1}
	switch on {
	case "outcome":
		m.Value, m.Missing = "value", "exclude"
	case "resource":
		m.Role = Signal // a few instances can rarely show anything
	}
	return m
}

// defaultDrift asks for equality of the arms and may hold.
func defaultDrift() Drift { return Drift{Between: "arms", Faults: 0.01, Role: Signal, Weight: 1} }
