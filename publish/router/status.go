package router

import "verdin/schemas"

// Status is where one rollout stands at one router.
type Status struct {
	Namespace, Rollout   string
	Generation, Sequence uint64       // of the newest verdict; 0 = none yet
	Verdict, Phase       string       // of the newest verdict
	Served               uint64       // sequence of the verdict whose weights are in force; 0 = none
	WeightBps            int          // of the canary, now
	Deadline             schemas.Time // when on_expiry takes over; schemas.Never = not
	Waiting              bool         // the newest verdict is a step forward that is not taken yet
	Stale                bool         // no engine was heard of lately
	Expired              bool         // the deadline passed
	Killed               bool         // by the local switch
	DryRun               bool         // the newest verdict is not meant to be served
}

func (l *lane) status(now schemas.Time) Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := l.view.Load()
	s := Status{Namespace: l.ns, Rollout: l.name, WeightBps: v.weight, Deadline: v.until,
		Stale: l.stale(now), Expired: now > v.until, Killed: l.killed.Load()}
	if s.Expired {
		s.WeightBps = v.after
	}
	if s.Killed {
		s.WeightBps = 0
	}
	if l.head != nil {
		h := l.head.says
		s.Generation, s.Sequence, s.Verdict, s.Phase, s.DryRun = h.Generation, h.Sequence, h.Verdict, h.Phase, h.DryRun
		s.Waiting = l.served != l.head && !h.DryRun
	}
	if l.served != nil {
		s.Served = l.served.says.Sequence
	}
	return s
}
