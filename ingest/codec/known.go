package codec

import "verdin/schemas"

// known are the texts of events that came before, cut at their values: producers write
// the same members in the same order again and again, so that an event is mostly a
// known text with other values in it. An event that follows one is read without
// asking anew what each member is and whether it may stand there. Any other is read
// by the walk, from its beginning, and its text is learned.
//
// Texts that begin alike share their steps: they are a tree.
type known struct {
	steps  []step // the first is the root
	bytes  int    // of their tokens
	credit int    // what may be spent on learning; below 0, events are left to the walk until it is 0
}

// step is a value, with the text between it and the value before.
type step struct {
	token   string
	class   class // of the value; ends = the text ends behind the token
	stored  bool  // the value goes somewhere
	depth   int   // objects that are open around it
	meaning meaning
	child   int32 // the first step that may follow,
	sibling int32 // and the next that may stand here instead; 0 = none
}

// span is a value that the walk has stepped over: a scalar or a whole array.
type span struct {
	from, to, depth int
	meaning         *meaning
}

// class is what a value is by its first byte.
type class uint8

const (
	ends class = iota // no value
	quoted
	numeric
	isTrue
	isFalse
	isNull
	listed
)

var classes = [256]class{'"': quoted, '-': numeric, '0': numeric, '1': numeric, '2': numeric, '3': numeric, '4': numeric,
	'5': numeric, '6': numeric, '7': numeric, '8': numeric, '9': numeric, 't': isTrue, 'f': isFalse, 'n': isNull, '[': listed}

// Learning must not cost more than it brings, nor hold memory, however much events differ.
const (
	maxSteps   = 4096
	maxTokens  = 256 << 10 // bytes
	fullCredit = 1024      // an event that is known earns one,
	learnCost  = 16        // one that is learned costs as many as these,
	pause      = 4096      // and when nothing is left, as many events are left to the walk
)

// again decodes an event whose text is known. It returns false if it is not, or if the
// walk would end early: then it must begin anew, and tell.
func (d *Decoder) again(k *known) bool {
	if k.paused() {
		return false
	}
	at := 0 // in a register: each step begins where the one before ended
	for i := k.steps[0].child; i > 0; {
		st := &k.steps[i]
		if !st.stands(d.src, at) {
			i = st.sibling
			continue
		}
		at += len(st.token)
		if st.class == ends {
			d.pos, k.credit = at, min(k.credit+1, fullCredit)
			return true // a member that complains does so in its turn, as on the walk
		}
		if at = d.put(st, at); at == 0 {
			return false
		}
		i = st.child
	}
	return false
}

// paused tells whether events are left to the walk for now.
func (k *known) paused() bool {
	if len(k.steps) == 0 {
		k.steps, k.credit = append(k.steps, step{}), fullCredit
	}
	if k.credit >= 0 {
		return false
	}
	if k.credit++; k.credit == 0 {
		k.credit = fullCredit / 4
	}
	return true
}

// stands tells whether the token of a step stands at a place of src, with a value of its
// class behind it.
func (st *step) stands(src []byte, at int) bool {
	end := at + len(st.token)
	if end >= len(src) {
		return st.class == ends && end == len(src) && string(src[at:]) == st.token
	}
	return classes[src[end]] == st.class && st.class != ends && string(src[at:end]) == st.token
}

// put reads the value of a step, which begins at a place of src, and returns the place
// behind it, or 0 if the walk would end there.
func (d *Decoder) put(st *step, at int) int {
	m := &st.meaning
	switch st.class {
	case quoted:
		end, ok := quoteAt(d.src, at+1)
		switch {
		case !ok || end-at > maxText: // not plain, or too long
		case !st.stored:
			return end + 1
		case m.to == toNothing:
			d.row.set(m.col, schemas.Cell{Kind: schemas.String, Text: d.chunk.Intern(d.src[at+1 : end])})
			return end + 1
		case d.store(m, schemas.Cell{Kind: schemas.String}, d.src[at+1:end]):
			return end + 1
		default:
			return 0
		}
	case numeric:
		x, end := quick(d.src, at)
		switch {
		case end == at: // an unusual number, or none
		case m.to != toNothing:
			if d.store(m, schemas.Cell{Kind: schemas.Number, Num: x}, nil) {
				return end
			}
			return 0
		default:
			if m.col >= 0 {
				d.row.set(m.col, schemas.Cell{Kind: schemas.Number, Num: x})
			}
			return end
		}
	}
	if d.pos, d.depth = at, st.depth; !d.value(m) {
		return 0
	}
	return d.pos
}

// trace notes the value that the walk has just stepped over, and that began at from when
// the trail had n spans. What is in an object has been noted; an array is one value.
func (s *scanner) trace(n, from int, m *meaning) {
	if from == len(s.src) || classes[s.src[from]] == ends {
		return
	}
	s.trail = append(s.trail[:n], span{from, s.pos, s.depth, m})
}

// learn adds the text of the event that the walk has just read.
func (d *Decoder) learn(k *known) {
	if d.complaint != "" || k.credit < 0 {
		return
	}
	if k.credit -= learnCost; k.credit < 0 || len(k.steps)+len(d.trail) >= maxSteps || k.bytes+len(d.src) > maxTokens {
		clear(k.steps)
		k.steps, k.bytes = append(k.steps[:0], step{}), 0
		if k.credit < 0 {
			k.credit = -pause
			return
		}
	}
	at, done := int32(0), 0
	for _, v := range d.trail {
		at = k.follow(at, step{token: string(d.src[done:v.from]), class: classes[d.src[v.from]],
			stored: v.meaning.to != toNothing || v.meaning.col >= 0, depth: v.depth, meaning: *v.meaning})
		done = v.to
	}
	k.follow(at, step{token: string(d.src[done:])})
}

// follow returns the step behind another, and adds it if it is new.
func (k *known) follow(at int32, st step) int32 {
	link := &k.steps[at].child
	for *link > 0 {
		if next := &k.steps[*link]; next.class == st.class && next.token == st.token {
			return *link
		}
		link = &k.steps[*link].sibling
	}
	n := int32(len(k.steps))
	*link = n // before append, which may move the steps
	k.steps = append(k.steps, st)
	k.bytes += len(st.token)
	return n
}
