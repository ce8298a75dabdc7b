package sequential

import "math"

// Tilt fills out with the log factors of na + nb units of which nb are the canary's,
// under the null that each is with probability share:
//
//	ℓ(φ) = φ·nb − (na+nb)·log(1 − share + share·e^φ)
//
// Exact for a known share; for event counts under a rate ratio see RateShare.
func Tilt(out, phi []float64, share float64, na, nb int64) {
	n := float64(na) + float64(nb)
	for k, f := range phi {
		out[k] = float64(f*float64(nb)) - float64(n*math.Log1p(share*math.Expm1(f)))
	}
}

// RateShare is the canary's share of events when its rate per exposure is ratio
// times the stable arm's. Tilts to one side (φ > 0) then test "rate ratio ≤ ratio":
// exact for Poisson counts, not for clustered ones.
func RateShare(ratio, exposureA, exposureB float64) float64 {
	return ratio * exposureB / (exposureA + float64(ratio*exposureB))
}

// SampleRatio tests whether units arrive in the declared split, which may change
// from block to block. Exact.
//
// no-row: an engine that the tests of the catalogue are made of
type SampleRatio struct {
	phi, l []float64
	mix    Mixture
	print  uint64
}

// NewSampleRatio starts a test with tilts ±0.01 … ±1, 16 to each side.
func NewSampleRatio() *SampleRatio {
	r := &SampleRatio{}
	for _, f := range LogGrid(0.01, 1, 16) {
		r.phi = append(r.phi, f, -f)
	}
	r.l = make([]float64, len(r.phi))
	r.mix = newMixture(Uniform(len(r.phi)))
	r.print = fingerprint("sample ratio", r.phi...)
	return r
}

// Observe scores a closed block in which na units went to stable and nb to canary,
// under the declared share of the canary. Without a choice (share 0 or 1) there is
// nothing to score.
func (r *SampleRatio) Observe(share float64, na, nb int64) (scored bool) {
	if !(share > 0 && share < 1) || na < 0 || nb < 0 || na+nb <= 0 {
		return false
	}
	Tilt(r.l, r.phi, share, na, nb)
	r.mix.Add(r.l)
	return true
}

// LogE is the log of the e-process now.
func (r *SampleRatio) LogE() float64 { return r.mix.logE }

// LogEMax is its running maximum.
func (r *SampleRatio) LogEMax() float64 { return r.mix.max }

// AppendState appends the state of the test.
func (r *SampleRatio) AppendState(b []byte) []byte { return appendState(b, r) }

// Restore sets the state that AppendState wrote; else it returns ErrState and
// changes nothing.
func (r *SampleRatio) Restore(b []byte) error { return restore(b, r) }

func (r *SampleRatio) state(c *codec) {
	c.print(r.print)
	r.mix.state(c)
}
