package story

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"verdin/decision"
	"verdin/schemas"
)

// action is something that happens to the world.
type action func(w *world, now schemas.Time)

// acts are the subjects of a story's lines, with what they can do.
var acts = []struct {
	subject string
	usage   string
	act     func(words []string) (action, error)
}{
	{"traffic", "traffic RATE/s", traffic},
	{"units", "units NUMBER", units},
	{"both", armUsage, arms(0, 1)},
	{"stable", armUsage, arms(0)},
	{"canary", armUsage, arms(1)},
	{"partition", "partition NUMBER silent | speaks | unreachable | reachable", partition},
	{"broker", "broker down | up, broker loses unread, broker loses 30s", broker},
	{"topic", `topic unread "WHY", topic read`, topic},
	{"routers", routerUsage, routers},
	{"router", "router NUMBER …, as routers: " + routerUsage, oneRouter},
	{"operator", `operator NAME pause | resume | promote | rollback | kill | abort ["WHY"]`, operator},
	{"engine", "engine stops | dies | starts | supersedes", engineActs},
	{"nats", "nats down | up | fenced", natsActs},
}

const (
	armUsage    = "ARM FIELD DISTRIBUTION [where WORD], ARM silent | speaks, ARM loses 20%, ARM late 5% by 2m, ARM clock +1h, ARM version NAME, ARM robot 30%, ARM labels 50% | after 1m | none | all"
	routerUsage = "routers follow | quiet | stuck | gone, routers ack in 10s, routers split 35%, routers cross 5%, routers unmarked | marked"
)

// act reads what happens.
func act(words []string) (action, error) {
	for _, a := range acts {
		if a.subject != words[0] {
			continue
		}
		do, err := a.act(words[1:])
		if err == nil && do == nil {
			err = fmt.Errorf("%q is not understood: write %s", clip(strings.Join(words, " ")), a.usage)
		}
		return do, err
	}
	var all []string
	for _, a := range acts {
		all = append(all, a.subject)
	}
	return nil, fmt.Errorf("nothing is known of %q: a line goes on with one of %s, see, never or end", clip(words[0]), strings.Join(all, ", "))
}

func one(words []string, among ...string) (string, bool) {
	if len(words) == 1 && slices.Contains(among, words[0]) {
		return words[0], true
	}
	return "", false
}

func traffic(words []string) (action, error) {
	if len(words) != 1 {
		return nil, nil
	}
	text, ok := strings.CutSuffix(words[0], "/s")
	rate, err := strconv.ParseFloat(text, 64)
	if !ok || err != nil || !(rate >= 0 && rate <= 1000) {
		return nil, fmt.Errorf("%q is no rate: write requests a second of both arms, from 0/s to 1000/s", clip(words[0]))
	}
	return func(w *world, now schemas.Time) { w.pace(rate, now) }, nil
}

func units(words []string) (action, error) {
	if len(words) != 1 {
		return nil, nil
	}
	n, err := strconv.Atoi(words[0])
	if err != nil || n < 1 || n > 1_000_000 {
		return nil, fmt.Errorf("%q is no number of units: write one up to 1000000", clip(words[0]))
	}
	return func(w *world, _ schemas.Time) { w.units = n }, nil
}

func partition(words []string) (action, error) {
	if len(words) != 2 {
		return nil, nil
	}
	how, ok := one(words[1:], "silent", "speaks", "unreachable", "reachable")
	n, err := strconv.Atoi(words[0])
	if !ok {
		return nil, nil
	}
	if err != nil || n < 0 || n >= partitions {
		return nil, fmt.Errorf("there is no partition %s: write one from 0 to %d", clip(words[0]), partitions-1)
	}
	return func(w *world, _ schemas.Time) {
		if how == "silent" || how == "speaks" {
			w.silent[n] = how == "silent"
			return
		}
		w.broker.out[n] = how == "unreachable"
	}, nil
}

func broker(words []string) (action, error) {
	if how, ok := one(words, "down", "up"); ok {
		return func(w *world, now schemas.Time) { w.broker.down = how == "down" }, nil
	}
	if len(words) != 2 || words[0] != "loses" {
		return nil, nil
	}
	if words[1] == "unread" {
		return func(w *world, now schemas.Time) { w.broker.loseUnread(now) }, nil
	}
	d, err := duration(words[1])
	if err != nil {
		return nil, err
	}
	return func(w *world, now schemas.Time) { w.broker.losing = now.Add(d) }, nil
}

func topic(words []string) (action, error) {
	if _, ok := one(words, "read"); ok {
		return func(w *world, _ schemas.Time) { w.unread = "" }, nil
	}
	if len(words) != 2 || words[0] != "unread" {
		return nil, nil
	}
	why := strings.Trim(words[1], `"`)
	return func(w *world, _ schemas.Time) { w.unread = why }, nil
}

func operator(words []string) (action, error) {
	if len(words) < 2 || len(words) > 3 {
		return nil, nil
	}
	c := decision.Command{Actor: words[0], Verb: words[1]}
	if _, ok := one(words[1:2], schemas.VerbPause, schemas.VerbResume, schemas.VerbPromote, schemas.VerbRollback, schemas.VerbKill, schemas.VerbAbort); !ok {
		return nil, nil
	}
	if len(words) == 3 {
		c.Reason = strings.Trim(words[2], `"`)
	}
	return func(w *world, now schemas.Time) {
		c.At = now
		w.orders = append(w.orders, c)
	}, nil
}

func engineActs(words []string) (action, error) {
	how, ok := one(words, "stops", "dies", "starts", "supersedes", "fails")
	if !ok {
		return nil, nil
	}
	if how == "supersedes" {
		return func(w *world, now schemas.Time) {
			w.orders = append(w.orders, decision.Superseding(now))
		}, nil
	}
	if how == "fails" {
		return func(w *world, _ schemas.Time) { w.broken = true }, nil
	}
	return func(w *world, _ schemas.Time) { w.engine = how }, nil
}

func natsActs(words []string) (action, error) {
	how, ok := one(words, "down", "up", "fenced")
	if !ok {
		return nil, nil
	}
	return func(w *world, _ schemas.Time) { w.nats = how }, nil
}

func duration(word string) (time.Duration, error) {
	d, err := time.ParseDuration(word)
	if err != nil || d < 0 || d > longest {
		return 0, fmt.Errorf("%q is no duration: write one such as 30s or 5m, up to %v", clip(word), longest)
	}
	return d, nil
}

// arms reads what happens to one arm or both.
func arms(which ...int) func([]string) (action, error) {
	return func(words []string) (action, error) {
		set, err := armAct(words)
		if set == nil || err != nil {
			return nil, err
		}
		return func(w *world, _ schemas.Time) {
			for _, a := range which {
				set(w, a)
			}
		}, nil
	}
}

func armAct(words []string) (func(*world, int), error) {
	if how, ok := one(words, "silent", "speaks"); ok {
		return func(w *world, a int) { w.arm[a].silent = how == "silent" }, nil
	}
	if len(words) < 2 {
		return nil, nil
	}
	switch words[0] {
	case "loses", "robot":
		p, err := percent(words[1])
		if err == nil && words[0] == "robot" && p > 0.9 {
			err = fmt.Errorf("a robot sends %s of an arm's events: write up to 90%%", words[1])
		}
		return func(w *world, a int) {
			if words[0] == "robot" {
				w.arm[a].robot = p
				return
			}
			w.arm[a].lost = p
		}, err
	case "version":
		return func(w *world, a int) { w.arm[a].version = words[1] }, nil
	case "clock":
		d, err := time.ParseDuration(words[1])
		if err != nil || math.Abs(d.Hours()) > longest.Hours() {
			return nil, fmt.Errorf("%q is no difference of clocks: write one such as +1h or -20s", clip(words[1]))
		}
		return func(w *world, a int) { w.arm[a].skew = d }, nil
	case "late":
		return late(words[1:])
	case "labels":
		return labels(words[1:])
	}
	f, err := newField(words[0])
	if err != nil {
		return nil, err
	}
	words, where := words[1:], ""
	if n := len(words); n > 2 && words[n-2] == "where" {
		words, where = words[:n-2], words[n-1]
	}
	c, err := parseChance(words)
	if err != nil {
		return nil, err
	}
	return func(w *world, a int) { w.field(f).set(a, c, where) }, nil
}

func late(words []string) (func(*world, int), error) {
	if len(words) != 3 || words[1] != "by" {
		return nil, nil
	}
	p, err := percent(words[0])
	if err != nil {
		return nil, err
	}
	d, err := duration(words[2])
	return func(w *world, a int) { w.arm[a].late, w.arm[a].lateBy = p, d }, err
}

func labels(words []string) (func(*world, int), error) {
	switch {
	case len(words) == 2 && words[0] == "after":
		d, err := duration(words[1])
		return func(w *world, a int) { w.arm[a].delay = d }, err
	case len(words) != 1:
		return nil, nil
	case words[0] == "none":
		return func(w *world, a int) { w.arm[a].labelled = 0 }, nil
	case words[0] == "all":
		return func(w *world, a int) { w.arm[a].labelled = 1 }, nil
	}
	p, err := percent(words[0])
	return func(w *world, a int) { w.arm[a].labelled = p }, err
}

func routers(words []string) (action, error) {
	set, err := routerAct(words)
	if set == nil || err != nil {
		return nil, err
	}
	return func(w *world, now schemas.Time) {
		for i := range w.routers {
			set(&w.routers[i])
		}
	}, nil
}

func oneRouter(words []string) (action, error) {
	if len(words) < 2 {
		return nil, nil
	}
	n, err := strconv.Atoi(words[0])
	if err != nil || n < 1 || n > 64 {
		return nil, fmt.Errorf("%q is no router: they are numbered from 1 to publish.routers", clip(words[0]))
	}
	set, err := routerAct(words[1:])
	if set == nil || err != nil {
		return nil, err
	}
	return func(w *world, _ schemas.Time) {
		if n <= len(w.routers) {
			set(&w.routers[n-1])
		}
	}, nil
}

func routerAct(words []string) (func(*router), error) {
	if how, ok := one(words, "follow", "quiet", "stuck", "gone", "unmarked", "marked"); ok {
		return func(r *router) {
			switch how {
			case "unmarked", "marked":
				r.unmarked = how == "unmarked"
			default:
				r.follows, r.acks, r.share = how == "follow" || how == "quiet", how == "follow" || how == "stuck", -1
			}
		}, nil
	}
	switch {
	case len(words) == 3 && words[0] == "ack" && words[1] == "in":
		d, err := duration(words[2])
		return func(r *router) { r.delay = d }, err
	case len(words) == 2 && (words[0] == "split" || words[0] == "cross"):
		p, err := percent(words[1])
		return func(r *router) {
			if words[0] == "split" {
				r.share = p
				return
			}
			r.cross = p
		}, err
	}
	return nil, nil
}
