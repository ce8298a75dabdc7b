package codec

import (
	"strconv"
	"strings"

	"verdin/schemas"
)

// shape knows the members of the objects that stand in one place of the events:
// what each means, which of them the current object has had, and which one
// followed which in the object before. The last makes names cheap: a producer
// writes its members in the same order again and again, so the name that follows
// is compared as a whole before it is looked up.
//
// Names that the contract does not have are learned, so that they can be found
// to repeat; when there are too many they are forgotten between two objects.
type shape struct {
	slots  []slot
	index  map[string]int32 // by name
	known  int              // slots before this one are of the contract, the others were learned
	rest   meaning          // of learned members
	serial uint64           // of the current object
	first  int32            // the slot that the last object began with, -1 = none yet
}

// slot is a member name of a shape.
type slot struct {
	meaning
	token string // the name as it stands between two members, `,"name":`; "" where it needs escapes, then it is looked up
	seen  uint64 // serial of the last object that had it
	next  int32  // the slot that followed it last, -1 = none yet
}

func newShape(rest meaning, fields ...field) *shape {
	s := &shape{index: map[string]int32{}, rest: rest, first: -1}
	for _, f := range fields {
		s.add(f.name, f.meaning)
	}
	s.known = len(s.slots)
	return s
}

func (s *shape) add(name string, m meaning) int32 {
	token, i := `,"`+name+`":`, int32(len(s.slots))
	s.index[token[2:len(token)-2]] = i
	if strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' }) {
		token = ""
	}
	s.slots = append(s.slots, slot{meaning: m, token: token, next: -1})
	return i
}

// begin starts an object.
func (s *shape) begin() {
	s.serial++
	if len(s.slots) <= s.known+maxMembers {
		return
	}
	clear(s.slots[s.known:])
	s.slots = s.slots[:s.known]
	for name, i := range s.index {
		if int(i) >= s.known {
			delete(s.index, name)
		}
	}
	s.first = -1
	for i := range s.slots {
		s.slots[i].next = -1
	}
}

// object is the walk over one object.
type object struct {
	shape *shape
	last  int32 // slot of the member before, -1 = none
	n     int   // members so far
}

// open steps into an object.
func (s *scanner) open(sh *shape) (object, bool) {
	if s.peek() != '{' {
		return object{}, s.syntax("want an object")
	}
	if !s.enter() {
		return object{}, false
	}
	sh.begin()
	return object{shape: sh, last: -1}, true
}

// member moves to the value of the next member. It returns nil after the last
// one and on failure.
func (s *scanner) member(o *object) *slot {
	if sl := s.expected(o); sl != nil {
		return sl
	}
	return s.another(o)
}

// expected steps over the name that followed last time, with the comma before it
// and the colon after it, if exactly that stands here and may.
func (s *scanner) expected(o *object) *slot {
	guess := *o.guess()
	if guess < 0 {
		return nil
	}
	sl := &o.shape.slots[guess]
	token := sl.token
	if o.n == 0 && token != "" {
		token = token[1:]
	}
	end := s.pos + len(token)
	if token == "" || end > len(s.src) || string(s.src[s.pos:end]) != token || sl.seen == o.shape.serial || o.n == maxMembers {
		return nil
	}
	sl.seen = o.shape.serial
	o.n++
	o.last, s.pos = guess, end
	return sl
}

// another steps over any name, and what else may stand before a value.
func (s *scanner) another(o *object) *slot {
	c := s.peek()
	if c == '}' {
		s.pos++
		s.depth--
		return nil
	}
	if o.n > 0 {
		if c != ',' {
			s.syntax("want , or } in an object")
			return nil
		}
		s.pos++
		c = s.peek()
	}
	if c != '"' {
		s.syntax("want a member name in quotes")
		return nil
	}
	b, ok := s.text()
	if !ok {
		return nil
	}
	sl := o.find(o.guess(), b)
	if !s.claim(o, sl) {
		return nil
	}
	if s.peek() != ':' {
		s.syntax("want : after a member name")
		return nil
	}
	s.pos++
	return sl
}

// claim counts a member and sees that the object has it once.
func (s *scanner) claim(o *object, sl *slot) bool {
	if o.n++; o.n > maxMembers {
		return s.fail(schemas.RejectSize, "an object of more than "+strconv.Itoa(maxMembers)+" members")
	}
	if sl.seen == o.shape.serial {
		return s.fail(schemas.RejectDuplicate, "a member that the object already has")
	}
	sl.seen = o.shape.serial
	return true
}

// named finds the slot of a name of a binary encoding, and claims it.
func (s *scanner) named(o *object, b []byte) *slot {
	guess := o.guess()
	var sl *slot
	if *guess >= 0 && o.shape.slots[*guess].is(b) {
		sl, o.last = &o.shape.slots[*guess], *guess
	} else if s.checkText(b) {
		sl = o.find(guess, b)
	}
	if sl == nil || !s.claim(o, sl) {
		return nil
	}
	return sl
}

func (sl *slot) is(name []byte) bool {
	n := len(sl.token)
	return n == len(name)+4 && sl.token[2:n-2] == string(name)
}

// guess points to the slot that followed last time.
func (o *object) guess() *int32 {
	if o.last >= 0 {
		return &o.shape.slots[o.last].next
	}
	return &o.shape.first
}

// find looks a name up, learns it if it is new, and corrects the guess.
func (o *object) find(guess *int32, b []byte) *slot {
	sh := o.shape
	i, ok := sh.index[string(b)]
	if !ok {
		i = int32(len(sh.slots))
	}
	*guess, o.last = i, i // before add, which may move the slots
	if !ok {
		sh.add(string(b), sh.rest)
	}
	return &sh.slots[i]
}

// skip steps over any value and checks it.
func (s *scanner) skip() bool {
	switch s.peek() {
	case '{':
		o, ok := s.open(s.other[s.depth])
		for ok && s.member(&o) != nil {
			s.peek()
			n, from := len(s.trail), s.pos
			ok = s.skip()
			s.trace(n, from, &skipped)
		}
		return ok && s.reason == ""
	case '[':
		ok := s.enter()
		for n := 0; ok && s.element(n); n++ {
			ok = s.skip()
		}
		return ok && s.reason == ""
	}
	_, _, ok := s.scalar()
	return ok
}
