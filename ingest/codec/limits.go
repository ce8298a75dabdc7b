package codec

import "time"

// Limits on one record. They bound the work and the memory that any input can cause.
const (
	maxRecord   = 256 << 10    // bytes of a record
	maxText     = 4 << 10      // bytes of a string or member name, escapes resolved
	maxID       = 128          // bytes of an id: prediction, unit, arm, instance, outcome name, annotator
	maxDepth    = 8            // objects and arrays inside each other
	maxMessages = 3 * maxDepth // Protobuf messages inside each other: a member of any type costs three
	maxMembers  = 512          // members of one object
	maxNumber   = 1e15         // absolute value of a stored number

	maxAhead = 60 * time.Second // event time ahead of the arrival bound
)
