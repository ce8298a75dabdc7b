package sequential

import "math"

// Ceiling watches a share after promotion without any stable arm, against a ceiling
// that may change from block to block, such as the greatest rate seen at this time of
// day times one plus the margin: an e-SR detector on the factors of Limit. Its
// guarantee is only as good as the ceiling, so its alarms are advice.
type Ceiling struct {
	odds, l  []float64
	detector Detector
	print    uint64
}

// NewCeiling starts a detector. Of the options it uses the grid.
func NewCeiling(opt Options) *Ceiling {
	psi := opt.grid()
	return &Ceiling{
		odds: odds(psi, false), l: make([]float64, len(psi)),
		detector: newDetector(ShiryaevRoberts, Uniform(len(psi))),
		print:    fingerprint("ceiling", psi...),
	}
}

// Observe scores a closed block against its ceiling, a share in (0, 1) that must come
// from elsewhere than the block.
func (t *Ceiling) Observe(ceiling float64, b Counts) (scored bool) {
	if !(ceiling > 0 && ceiling < 1) || !b.lawful() || b.N == 0 {
		return false
	}
	ceiling = inside(ceiling)
	for k, o := range t.odds {
		p := max(ceiling, tilted(ceiling, o))
		t.l[k] = float64(float64(b.Y)*math.Log(p/ceiling)) + float64(float64(b.N-b.Y)*math.Log((1-p)/(1-ceiling)))
	}
	t.detector.Add(t.l)
	return true
}

// LogE is the log of the detector now.
func (t *Ceiling) LogE() float64 { return t.detector.logE }

// LogEMax is its running maximum.
func (t *Ceiling) LogEMax() float64 { return t.detector.max }

// AppendState appends the state of the detector.
func (t *Ceiling) AppendState(b []byte) []byte { return appendState(b, t) }

// Restore sets the state that AppendState wrote, in a detector made with the same
// arguments; else it returns ErrState and changes nothing.
func (t *Ceiling) Restore(b []byte) error { return restore(b, t) }

func (t *Ceiling) state(c *codec) {
	c.print(t.print)
	t.detector.state(c)
}
