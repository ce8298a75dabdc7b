package engine_test

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
)

// walker compares two engines field by field, unexported ones included, so that a
// field that a state forgets is found without a test that knows of it.
type walker struct {
	seen    map[[2]uintptr]bool
	all     map[string]bool // fields that were compared
	touched map[string]bool // those in which the two differ
	first   string          // the first difference
}

func newWalker() *walker {
	return &walker{seen: map[[2]uintptr]bool{}, all: map[string]bool{}, touched: map[string]bool{}}
}

// apart are fields that are not compared as they stand, with the reason.
var apart = map[string]string{
	"join.Joiner.spare":         "memory for reuse",
	"engine.view.spare":         "memory for reuse",
	"join.Joiner.nodes":         "compared list by list, from heads",
	"join.Joiner.free":          "where free nodes stand",
	"window.Pool.spare":         "memory for reuse",
	"window.Batch.schema":       "made from the plan",
	"sequential.Rate.l":         "scratch",
	"sequential.Limit.l":        "scratch: written at every block before it is read",
	"sequential.Safe.l":         "scratch",
	"sequential.Paired.l":       "scratch",
	"sequential.alternatives.l": "scratch",
	"sequential.SampleRatio.l":  "scratch",
	"drift.pending.ends":        "scratch",
	"drift.KS.logs":             "scratch",
	"drift.PSI.near":            "scratch: every search begins anew",
	"drift.display.weights":     "scratch: computed from stable and spread",
	"engine.stickyBand.buckets": "scratch",
	"engine.sticky.buckets":     "scratch: filled for every block",
	"drift.Sticky.block":        "scratch",
	"drift.Sticky.parts":        "scratch",
	"drift.Sticky.logs":         "scratch: computed from the sides",
	"drift.Folding.stable":      "scratch",
	"drift.Folding.canary":      "scratch",
	"drift.Fine.stable":         "scratch",
	"window.Feature.Finder":     "a table of Edges, which are compared",
	"drift.Fine.canary":         "scratch",
	"drift.Cells.pair":          "scratch",
	"drift.recent.l":            "scratch: the factors of a block",
	"drift.PSI.p":               "scratch",
	"drift.PSI.q":               "scratch",
	"engine.set.slots":          "compared as the hashes in it",
	"sequential.Sticky.s":       "computed from the copies; not yet while it learns",
	"sequential.Sticky.v":       "computed from the copies; not yet while it learns",
	"sequential.gauss.few":      "computed from what was seen; not yet while it learns",
	"stats.BottomK.heap":        "compared by rank",
	"stats.Histogram.first":     "compared cell by cell",
	"stats.Histogram.count":     "compared cell by cell",
	"stats.Histogram.sum":       "compared cell by cell",
	"stats.Histogram.square":    "compared cell by cell",
}

// compare walks over two values of one type; an invalid one stands for nothing.
func (w *walker) compare(a, b reflect.Value, path string) {
	if !a.IsValid() && !b.IsValid() {
		return
	}
	t := a
	if !a.IsValid() {
		t = b
	}
	switch t.Kind() {
	case reflect.Pointer:
		w.pointer(a, b, path)
	case reflect.Interface:
		w.compare(elem(a), elem(b), path)
	case reflect.Struct:
		w.structs(a, b, t.Type(), path)
	case reflect.Map:
		w.maps(a, b, path)
	case reflect.Slice, reflect.Array:
		if t.Kind() == reflect.Slice {
			w.all[path] = true
		}
		if size(a) != size(b) {
			w.differ(path, fmt.Sprintf("%d and %d items", size(a), size(b)))
		}
		for i := range max(size(a), size(b)) {
			w.compare(index(a, i), index(b, i), path)
		}
	case reflect.Func:
	default:
		w.all[path] = true
		if x, y := leaf(a), leaf(b); x != y {
			w.differ(path, fmt.Sprintf("%v and %v", x, y))
		}
	}
}

func (w *walker) differ(path, how string) {
	w.touched[path] = true
	if w.first == "" {
		w.first = path + ": " + how
	}
}

func (w *walker) pointer(a, b reflect.Value, path string) {
	x, y := pointer(a), pointer(b)
	if x == y || w.seen[[2]uintptr{x, y}] {
		return
	}
	w.seen[[2]uintptr{x, y}] = true
	if x == 0 || y == 0 {
		w.differ(path, "one is nil")
	}
	w.compare(elem(a), elem(b), path)
}

func (w *walker) structs(a, b reflect.Value, t reflect.Type, path string) {
	switch t.String() {
	case "join.Joiner":
		w.maps(lists(a), lists(b), "join.Joiner.heads")
	case "engine.set", "stats.BottomK", "stats.Histogram":
		if x, y := content(a), content(b); x != y {
			w.differ(t.String(), x+" and "+y)
		}
		w.all[t.String()] = true
	}
	for i := range t.NumField() {
		name := t.String() + "." + t.Field(i).Name
		if t.String() == "join.Joiner" && t.Field(i).Name == "heads" || apart[name] != "" {
			continue
		}
		w.compare(field(a, i), field(b, i), name)
	}
}

func (w *walker) maps(a, b reflect.Value, path string) {
	w.all[path] = true
	if size(a) != size(b) {
		w.differ(path, fmt.Sprintf("%d and %d keys", size(a), size(b)))
	}
	keys := map[string]reflect.Value{}
	for _, m := range []reflect.Value{a, b} {
		if m.IsValid() {
			for _, k := range m.MapKeys() {
				keys[fmt.Sprint(leaf(k))] = k
			}
		}
	}
	for _, k := range keys {
		var x, y reflect.Value
		if a.IsValid() {
			x = a.MapIndex(k)
		}
		if b.IsValid() {
			y = b.MapIndex(k)
		}
		if x.IsValid() != y.IsValid() {
			w.differ(path, fmt.Sprintf("key %v", leaf(k)))
		}
		w.compare(x, y, path)
	}
}

// lists are a joiner's outcomes by key, without where they stand in memory.
func lists(j reflect.Value) reflect.Value {
	if !j.IsValid() {
		return j
	}
	out := map[uint64][]reflect.Value{}
	nodes := j.FieldByName("nodes")
	for it := j.FieldByName("heads").MapRange(); it.Next(); {
		for n := it.Value().Int(); n >= 0; n = nodes.Index(int(n)).FieldByName("next").Int() {
			out[it.Key().Uint()] = append(out[it.Key().Uint()], nodes.Index(int(n)))
		}
	}
	plain := map[uint64]string{}
	for k, list := range out {
		for _, n := range list {
			plain[k] += fmt.Sprint(n.Field(0), n.FieldByName("matched"))
		}
	}
	return reflect.ValueOf(plain)
}

// content is what a set, a sample or a histogram holds.
func content(v reflect.Value) string {
	if !v.IsValid() {
		return "[]"
	}
	var out []string
	switch v.Type().String() {
	case "engine.set":
		for s, i := v.FieldByName("slots"), 0; i < s.Len(); i++ {
			if h := s.Index(i).Uint(); h != 0 {
				out = append(out, fmt.Sprint(h))
			}
		}
	case "stats.BottomK":
		for h, i := v.FieldByName("heap"), 0; i < h.Len(); i++ {
			out = append(out, fmt.Sprint(h.Index(i)))
		}
	default:
		for c, i := v.FieldByName("count"), 0; i < c.Len(); i++ {
			if n := c.Index(i).Uint(); n != 0 {
				cell := fmt.Sprint(v.FieldByName("first").Int()+int64(i), n)
				if s := v.FieldByName("sum"); s.Len() > 0 {
					cell += fmt.Sprint(s.Index(i), v.FieldByName("square").Index(i))
				}
				out = append(out, cell)
			}
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func elem(v reflect.Value) reflect.Value {
	if !v.IsValid() || v.IsNil() {
		return reflect.Value{}
	}
	return v.Elem()
}

func pointer(v reflect.Value) uintptr {
	if !v.IsValid() {
		return 0
	}
	return v.Pointer()
}

func size(v reflect.Value) int {
	if !v.IsValid() {
		return 0
	}
	return v.Len()
}

func index(v reflect.Value, i int) reflect.Value {
	if i >= size(v) {
		return reflect.Value{}
	}
	return v.Index(i)
}

func field(v reflect.Value, i int) reflect.Value {
	if !v.IsValid() {
		return v
	}
	return v.Field(i)
}

// leaf is a plain value in a form that can be compared, the zero value for nothing.
func leaf(v reflect.Value) any {
	switch {
	case !v.IsValid():
		return uint64(0)
	case v.CanInt():
		return uint64(v.Int())
	case v.CanUint():
		return v.Uint()
	case v.CanFloat():
		return math.Float64bits(v.Float())
	case v.Kind() == reflect.Bool && v.Bool():
		return uint64(1)
	case v.Kind() == reflect.String && v.String() != "":
		return v.String()
	}
	return uint64(0)
}
