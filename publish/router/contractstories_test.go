package router

import (
	"time"

	"verdin/schemas"
)

const ms = time.Millisecond

// on is the stance of a router that serves its head.
func on(sequence uint64, weight int) stance {
	return stance{Generation: 1, Sequence: sequence, Served: sequence, WeightBps: weight}
}

// took is on, right after a verdict was accepted and put in force.
func took(sequence uint64, weight int) stance {
	s := on(sequence, weight)
	s.Outcome, s.Ack = "accepted", sequence
	return s
}

func (s stance) but(edit func(*stance)) stance { edit(&s); return s }

func said(outcome string) func(*stance) { return func(s *stance) { s.Outcome = outcome } }

var stories = []func(*writer){
	func(w *writer) {
		w.Name, w.Claim = "chain", "Verdicts apply in the order of their chain: never older, never across a gap, never from a fork."
		first, second, third := w.make(1000), w.make(2500), w.make(5000)
		fork := w.make(9000, func(v *schemas.Verdict) {
			v.Sequence, v.PrevDigest, v.Reason.Code = 3, schemas.Digest(second), "fork"
		})
		wrong := w.make(9000, func(v *schemas.Verdict) { v.Sequence, v.PrevDigest = 4, schemas.Digest(first) })
		w.verdict(0, "the first", first, took(1, 1000))
		w.verdict(1*ms, "the third too early", third, on(1, 1000).but(said("gap")))
		w.verdict(2*ms, "the second", second, took(2, 2500))
		w.verdict(3*ms, "the first again", first, on(2, 2500).but(said("older")))
		w.verdict(4*ms, "the second again", second, on(2, 2500).but(said("older")))
		w.verdict(5*ms, "the third", third, took(3, 5000))
		w.verdict(6*ms, "another third", fork, on(3, 5000).but(said("conflict")))
		w.verdict(7*ms, "a fourth that does not follow the third", wrong, on(3, 5000).but(said("conflict")))
	},
	func(w *writer) {
		w.Name, w.Claim = "rollback", "A rollback of the running generation applies late, across a gap and in silence; nothing brings that generation back."
		w.verdict(0, "the first", w.make(1000), took(1, 1000))
		w.make(2500) // never sent
		day := 24 * time.Hour
		back := w.make(0, rollback)
		w.verdict(day, "the rollback, a day later", back, took(3, 0).but(func(s *stance) { s.Stale = true }))
		w.verdict(day+1*ms, "a step of the same generation", w.make(5000), on(3, 0).but(func(s *stance) { s.Stale = true; s.Outcome = "conflict" }))
		w.beats(day+2*ms, day+2*ms, "the engine lives", back, on(3, 0))
		w.now = noon.Add(day)
		w.verdict(day+3*ms, "a new generation", w.make(500, generation(2)), stance{Outcome: "accepted", Generation: 2, Sequence: 1, Served: 1, WeightBps: 500, Ack: 1})
	},
	func(w *writer) {
		w.Name, w.Claim = "generations", "A new generation starts at its first verdict; what belongs to an older one is ignored, a rollback too."
		w.verdict(0, "the first", w.make(1000), took(1, 1000))
		old := w.make(0, rollback)
		second := w.make(2500, generation(3), func(v *schemas.Verdict) { v.Sequence, v.PrevDigest = 2, schemas.Digest([]byte("the first")) })
		first := w.make(2000, generation(3))
		w.verdict(1*ms, "the second verdict of generation 3", second, on(1, 1000).but(said("gap")))
		w.verdict(2*ms, "its first", first, stance{Outcome: "accepted", Generation: 3, Sequence: 1, Served: 1, WeightBps: 2000, Ack: 1})
		w.verdict(3*ms, "a rollback of generation 1", old, stance{Outcome: "older", Generation: 3, Sequence: 1, Served: 1, WeightBps: 2000})
	},
	func(w *writer) {
		w.Name, w.Claim = "forged", "Only what a trusted key signed for this rollout changes anything."
		w.verdict(0, "the first", w.make(1000), took(1, 1000))
		p := w.make(9000)
		subject, still := schemas.WriteSubject("prod", "recsys"), on(1, 1000).but(said("ignored"))
		signedFor := schemas.VerdictMessage("prod", "recsys", p)
		w.step(1*ms, "unsigned", &deed{Verdict: &message{subject, header{}, string(p)}}, still)
		w.step(2*ms, "signed by a stranger", &deed{Verdict: w.message(subject, strangerKey, signedFor, p)}, still)
		w.step(3*ms, "signed for another rollout", &deed{Verdict: w.message(subject, w.key, schemas.VerdictMessage("prod", "search", p), p)}, still)
		w.step(4*ms, "signed as a heartbeat", &deed{Verdict: w.message(subject, w.key, schemas.BeatMessage("prod", "recsys", p), p)}, still)
		bent := append([]byte(nil), p...)
		bent[len(bent)-3] ^= 1
		w.step(5*ms, "changed after it was signed", &deed{Verdict: w.message(subject, w.key, signedFor, bent)}, still)
		w.step(6*ms, "the key was deleted", &deed{Verdict: &message{subject, header{"KV-Operation": {"DEL"}}, ""}}, still)
		w.step(7*ms, "signed, and no verdict", &deed{Verdict: w.message(subject, w.key, schemas.VerdictMessage("prod", "recsys", []byte("{}")), []byte("{}"))}, still)
		w.key = strangerKey
		w.beats(40*time.Second, 40*time.Second, "a stranger's heartbeat", p, on(1, 1000).but(func(s *stance) { s.Stale = true }))
	},
	func(w *writer) {
		w.Name, w.Claim = "silence", "Silence makes stale, then the deadline passes: the last valid of expiry and heartbeat plus lease. The engine's return restores what it means."
		p := w.make(2500)
		m := time.Minute
		stale := on(1, 2500).but(func(s *stance) { s.Stale = true })
		w.verdict(0, "a step, valid for 15 minutes", p, took(1, 2500))
		w.beats(10*m, 10*m, "a heartbeat: good until 12:25", p, on(1, 2500))
		w.step(10*m+30*time.Second, "30 s of silence", &deed{}, on(1, 2500))
		w.step(10*m+31*time.Second, "31 s of silence", &deed{}, stale)
		w.step(25*m, "the deadline", &deed{}, stale)
		gone := on(1, 0).but(func(s *stance) { s.Stale, s.Expired = true, true })
		w.step(25*m+time.Millisecond, "behind the deadline", &deed{}, gone)
		w.beats(26*m, 10*m, "the old heartbeat, sent again", p, gone)
		w.beats(26*m, 26*m, "the engine is back", p, on(1, 2500))
		w.beats(27*m, 24*60*m, "its clock is a day ahead: the router's own time counts", p, on(1, 2500))
		w.step(43*m, "16 minutes later", &deed{}, gone)
	},
	func(w *writer) {
		w.Name, w.Claim = "hold", "on_expiry hold keeps the weight behind the deadline."
		p := w.make(9500, keepWeight)
		w.verdict(0, "a step", p, took(1, 9500))
		w.step(time.Hour, "an hour of silence", &deed{}, on(1, 9500).but(func(s *stance) { s.Stale, s.Expired = true, true }))
	},
	func(w *writer) {
		w.Name, w.Claim = "waiting", "A step towards the canary needs an engine that was heard lately and a verdict that has not expired or that a heartbeat names; less canary never waits."
		first := w.make(1000)
		m := time.Minute
		w.verdict(0, "the first", first, took(1, 1000))
		waits := stance{Generation: 1, Sequence: 2, Served: 1, WeightBps: 1000, Waiting: true}
		second := w.make(2500)
		w.verdict(m, "a step out of silence", second, waits.but(func(s *stance) { s.Stale, s.Outcome = true, "accepted" }))
		w.beats(m+1*ms, m+1*ms, "a heartbeat names it", second, on(2, 2500).but(func(s *stance) { s.Ack = 2 }))
		third := w.make(5000, func(v *schemas.Verdict) { v.ValidUntil = noon })
		waits.Sequence, waits.Served, waits.WeightBps = 3, 2, 2500
		w.verdict(m+2*ms, "a step that has expired", third, waits.but(said("accepted")))
		w.beats(m+3*ms, m+3*ms, "a heartbeat for the one before", second, waits)
		w.beats(m+4*ms, m+4*ms, "a heartbeat names it", third, on(3, 5000).but(func(s *stance) { s.Ack = 3 }))
		w.now = noon.Add(2 * m)
		w.verdict(2*m, "less canary, out of silence", w.make(1000), took(4, 1000).but(func(s *stance) { s.Stale = true }))
		w.verdict(2*m+1*ms, "a hold, out of silence", w.make(1000, hold), took(5, 1000).but(func(s *stance) { s.Stale = true }))
	},
	func(w *writer) {
		w.Name, w.Claim = "missing", "A heartbeat that names a newer verdict tells that one is missing; it does not vouch for the older."
		first := w.make(1000)
		w.verdict(0, "the first", first, took(1, 1000))
		second := w.make(2500)
		w.beats(1*ms, 1*ms, "a heartbeat for the second", second, on(1, 1000).but(func(s *stance) { s.Missing = true }))
		w.verdict(2*ms, "the second, from the history", second, took(2, 2500))
		w.beats(3*ms, 3*ms, "a heartbeat for the first, late", first, on(2, 2500))
	},
	func(w *writer) {
		w.Name, w.Claim = "kill", "The local switch beats every verdict, and survives a restart."
		yes, no := true, false
		killed := func(seq uint64) stance { return on(seq, 0).but(func(s *stance) { s.Killed = true }) }
		w.verdict(0, "a step", w.make(5000), took(1, 5000))
		w.step(1*ms, "the switch", &deed{Kill: &yes}, killed(1))
		w.verdict(2*ms, "a step while killed", w.make(7500), killed(2).but(func(s *stance) { s.Outcome, s.Ack = "accepted", 2 }))
		w.step(3*ms, "a restart", &deed{Restart: "kept"}, killed(2).but(func(s *stance) { s.Ack = 2 }))
		w.step(4*ms, "the switch again", &deed{Kill: &no}, on(2, 7500))
	},
	func(w *writer) {
		w.Name, w.Claim = "restart", "A restart with a state file goes on where it stopped, and is no sign of the engine."
		first := w.make(1000)
		m := time.Minute
		w.verdict(0, "the first", first, took(1, 1000))
		w.step(1*ms, "a restart: it acknowledges again, the word may have been lost", &deed{Restart: "kept"}, on(1, 1000).but(func(s *stance) { s.Ack = 1 }))
		second := w.make(2500)
		waits := stance{Generation: 1, Sequence: 2, Served: 1, WeightBps: 1000, Waiting: true, Stale: true}
		w.verdict(m, "a step out of silence", second, waits.but(said("accepted")))
		w.step(m+1*ms, "a restart: the step waits on", &deed{Restart: "kept"}, waits.but(func(s *stance) { s.Ack = 1 }))
		w.beats(m+2*ms, m+2*ms, "a heartbeat names it", second, on(2, 2500).but(func(s *stance) { s.Ack = 2 }))
		w.verdict(m+3*ms, "the first, from a bucket that went back in time", first, on(2, 2500).but(said("older")))
		w.step(16*m+3*ms, "a restart behind the deadline", &deed{Restart: "kept"}, on(2, 0).but(func(s *stance) { s.Ack, s.Stale, s.Expired = 2, true, true }))
	},
	func(w *writer) {
		w.Name, w.Claim = "start", "A router that starts without state takes the last verdict as it is: an expired canary gets nothing until a heartbeat names it, an expired promotion keeps its weight."
		late := func(v *schemas.Verdict) {
			v.Sequence, v.PrevDigest, v.ValidUntil = 9, schemas.Digest(nil), noon.Add(-time.Hour)
		}
		canary := w.make(2500, hold, late)
		w.verdict(0, "a canary, expired", canary, stance{Outcome: "accepted", Generation: 1, Sequence: 9, Waiting: true})
		w.beats(1*ms, 1*ms, "a heartbeat names it", canary, on(9, 2500).but(func(s *stance) { s.Ack = 9 }))
		w.step(2*ms, "another start", &deed{Restart: "blank"}, stance{})
		w.verdict(3*ms, "a promotion, expired", w.make(9500, late, keepWeight), took(9, 9500).but(func(s *stance) { s.Expired = true }))
	},
	func(w *writer) {
		w.Name, w.Claim = "dry-run", "A dry run is followed and not served."
		dry := func(v *schemas.Verdict) { v.DryRun = true }
		w.verdict(0, "the first", w.make(5000, dry), stance{Outcome: "accepted", Generation: 1, Sequence: 1})
		w.verdict(1*ms, "the second", w.make(9000, dry), stance{Outcome: "accepted", Generation: 1, Sequence: 2})
	},
}
