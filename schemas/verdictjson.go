package schemas

import "strconv"

// AppendJSON appends the canonical form: members in the order of the struct,
// no white space, numbers rounded to 12 significant digits in their shortest
// form, times in RFC 3339 UTC, NaN and ±Inf (which no test reports) as null.
// Equal verdicts give equal bytes, and ParseVerdict reads them back.
func (v *Verdict) AppendJSON(dst []byte) []byte { return appendObject(dst, v.members) }

// MarshalJSON returns the canonical form.
func (v *Verdict) MarshalJSON() ([]byte, error) { return v.AppendJSON(nil), nil }

func (v *Verdict) members(w *writer) {
	w.text("namespace", v.Namespace)
	w.text("rollout", v.Rollout)
	w.text("verdict", v.Verdict)
	w.text("phase", v.Phase)
	w.unsigned("generation", v.Generation)
	w.unsigned("sequence", v.Sequence)
	w.text("prev_digest", v.PrevDigest)
	w.array("routes", len(v.Routes), func(dst []byte, i int) []byte { return appendObject(dst, v.Routes[i].members) })
	if v.Sticky != nil {
		w.object("sticky", v.Sticky.members)
	}
	w.truth("kill_switch", v.KillSwitch)
	w.object("stage", v.Stage.members)
	w.object("reason", v.Reason.members)
	w.array("checks", len(v.Checks), func(dst []byte, i int) []byte { return appendObject(dst, v.Checks[i].members) })
	w.object("next", v.Next.members)
	w.instant("valid_until", v.ValidUntil)
	w.text("on_expiry", v.OnExpiry)
	w.array("inputs", len(v.Inputs), func(dst []byte, i int) []byte { return appendObject(dst, v.Inputs[i].members) })
	w.text("spec_digest", v.SpecDigest)
	w.text("rules_version", v.RulesVersion)
	w.truth("dry_run", v.DryRun)
	w.text("actor", v.Actor)
	w.instant("time", v.Time)
}

func (r *Route) members(w *writer) {
	w.text("arm", r.Arm)
	w.text("model_version", r.ModelVersion)
	w.count("weight_bps", int64(r.WeightBps))
}

func (s *Sticky) members(w *writer) {
	w.text("by", s.By)
	w.text("hash", s.Hash)
	w.text("salt", s.Salt)
}

func (s *VerdictStage) members(w *writer) {
	w.count("index", int64(s.Index))
	w.count("weight", int64(s.Weight))
	w.instant("entered_at", s.EnteredAt)
	w.number("bake_seconds", s.BakeSeconds)
	w.count("min_samples", s.MinSamples)
}

func (r *Reason) members(w *writer) {
	w.text("code", r.Code)
	w.text("message", r.Message)
}

func (n *Next) members(w *writer) {
	w.texts("missing", n.Missing)
	w.integer("eta_seconds", n.ETASeconds)
}

func (r *InputRange) members(w *writer) {
	w.text("topic", r.Topic)
	w.count("partition", int64(r.Partition))
	w.count("from", r.From)
	w.count("to", r.To)
}

// MarshalJSON returns the canonical form.
func (c Check) MarshalJSON() ([]byte, error) { return appendObject(nil, c.members), nil }

func (c *Check) members(w *writer) {
	w.text("name", c.Name)
	w.text("metric", c.Metric)
	w.optional("segment", c.Segment)
	w.text("kind", c.Kind)
	w.text("test", c.Test)
	w.text("role", c.Role)
	w.text("method", c.Method)
	w.text("null", c.Null)
	w.truth("exact", c.Exact)
	w.number("log_e", c.LogE)
	w.number("log_e_max", c.LogEMax)
	w.number("p_value", c.P)
	w.number("threshold", c.Threshold)
	w.text("result", c.Result)
	w.object("effect", c.Effect.members)
	w.array("n", len(c.N), func(dst []byte, i int) []byte { return strconv.AppendInt(dst, c.N[i], 10) })
	w.array("value", len(c.Value), func(dst []byte, i int) []byte { return appendRounded(dst, c.Value[i]) })
	w.count("blocks", c.Blocks)
	if c.Skipped != (Skips{}) {
		w.object("skipped", c.Skipped.members)
	}
	w.number("information", c.Info)
	w.count("first_crossing", c.First)
	if len(c.Warnings) > 0 {
		w.texts("warnings", c.Warnings)
	}
}

func (i *Interval) members(w *writer) {
	w.number("estimate", i.Estimate)
	w.number("ci_low", i.Low)
	w.number("ci_high", i.High)
	w.number("ci_level", i.Level)
	w.text("ci_method", i.Method)
	w.text("scale", i.Scale)
	w.optional("ci_note", i.Note)
}

func (s *Skips) members(w *writer) {
	w.integer("empty_arm", s.EmptyArm)
	w.integer("split_changing", s.SplitChanging)
	w.integer("incomplete", s.Incomplete)
	w.integer("learning", s.Learning)
	w.integer("too_few", s.TooFew)
	w.integer("unknown_share", s.UnknownShare)
}
