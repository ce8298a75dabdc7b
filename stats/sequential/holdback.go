package sequential

// HoldBack watches for harm that begins after promotion, while a part of the traffic
// stays on the stable arm: block factors of engine B against the null "harm ≤ margin"
// in an e-SR detector. Exact: for the threshold see DetectorThreshold. It runs beside
// the ordinary process, which is faster for harm that was there from the start.
type HoldBack struct {
	alternatives
	detector Detector
}

// NewHoldBack starts a detector. Of the options it does not use the stages.
func NewHoldBack(null Null, opt Options) *HoldBack {
	h := &HoldBack{alternatives: newAlternatives("hold-back", null.harm(), opt)}
	h.detector = newDetector(ShiryaevRoberts, Uniform(len(h.l)))
	return h
}

// Observe scores a closed block of the held-back stable arm a and the promoted arm b.
func (h *HoldBack) Observe(a, b Counts) (scored bool) {
	if scored = h.score(a, b); scored {
		h.detector.Add(h.l)
	}
	return scored
}

// LogE is the log of the detector now.
func (h *HoldBack) LogE() float64 { return h.detector.logE }

// LogEMax is its running maximum.
func (h *HoldBack) LogEMax() float64 { return h.detector.max }

// AppendState appends the state of the detector.
func (h *HoldBack) AppendState(b []byte) []byte { return appendState(b, h) }

// Restore sets the state that AppendState wrote, in a detector made with the same
// arguments; else it returns ErrState and changes nothing.
func (h *HoldBack) Restore(b []byte) error { return restore(b, h) }

func (h *HoldBack) state(c *codec) {
	h.alternatives.state(c)
	h.detector.state(c)
}
