package kafka

import "time"

// Status is how the reading of one partition goes.
type Status struct {
	Topic         string
	Partition     int32
	Next          int64     // the offset after everything handed to the receiver
	LogStart      int64     // the first offset that the log still has; this and the two below are of the last good answer, 0 before
	LastStable    int64     // where the first open transaction begins; HighWatermark if there is none. Nothing beyond is delivered
	HighWatermark int64     // the end of the log
	FetchedAt     time.Time // of the last good answer, also if it was empty; zero before
	RecordAt      time.Time // of the last answer with a record; before, when the consumer was opened
	Err           error     // why the last attempt failed; nil while all is well
}

// note takes over what an answer says about a partition.
func (s *Status) note(r *Records) {
	s.Next, s.LogStart, s.LastStable, s.HighWatermark = r.Next, r.answer.logStart, r.answer.lastStable, r.HighWatermark
	s.FetchedAt = r.FetchedAt
	if len(r.Records)+len(r.Oversize) > 0 {
		s.RecordAt = r.FetchedAt
	}
}

// Lag is how many offsets lie between what was handed to the receiver and the
// end of the log, as of FetchedAt.
func (s Status) Lag() int64 { return max(s.HighWatermark-s.Next, 0) }

// fresh is how old the last good answer may be: brokers hold an answer back for
// idleWait, so a healthy partition has several in that time.
const fresh = 5 * time.Second

// Healthy tells whether the partition was fetched without an error within the
// last seconds before now. A partition that waits for its receiver is not.
func (s Status) Healthy(now time.Time) bool {
	return s.Err == nil && !s.FetchedAt.IsZero() && now.Sub(s.FetchedAt) <= fresh
}

// Idle tells whether the partition is silent rather than out of sight: all of
// it was handed over, it can be fetched, and no record came for quiet.
func (s Status) Idle(now time.Time, quiet time.Duration) bool {
	return s.Lag() == 0 && s.Healthy(now) && now.Sub(s.RecordAt) >= quiet
}

// Status tells how each partition stands, in the order of the assignments.
func (c *Consumer) Status() []Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]Status, len(c.parts))
	for i, p := range c.parts {
		all[i] = p.status
	}
	return all
}

// TopicStatus is how a topic stands beside the reading of its partitions.
type TopicStatus struct {
	Topic      string
	Partitions int   // that the topic has now
	Err        error // what is wrong with it, with the remedy: gone, forbidden, with partitions added (ErrGrown) or with fewer than before; nil while all is well
}

// Topics tells how each topic stands, in the order of their first assignments.
// It is asked of the cluster every ten seconds, and when a partition fails.
func (c *Consumer) Topics() []TopicStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]TopicStatus, len(c.topics))
	for i, t := range c.topics {
		all[i] = TopicStatus{Topic: t.name, Partitions: t.now, Err: t.err}
	}
	return all
}
