package decision

// ability is something that the spec format has and the engine must be able to do.
type ability string

// Abilities that an engine may lack.
const (
	doSticky        ability = "assignment sticky"
	doShadow        ability = "mirrored traffic"
	doSegments      ability = "segments"
	doConcentration ability = "concentration"
	doCrossover     ability = "crossover"
	doReference     ability = "a reference"
	doHistory       ability = "a comparison with an arm's own history"
	doInstances     ability = "a resource guardrail"
	doRatio         ability = "kind ratio"
	doRate          ability = "kind rate"
	doSum           ability = "kind sum"
	doSLO           ability = "kind slo"
	doExpr          ability = "expr"
	doUnitJoin      ability = "join by unit_id"
	doRouterList    ability = "a list of routers"
)

// Ability says what one part of the spec format needs of the engine.
type Ability struct {
	Name   string
	Ready  bool   // the engine of this build can do it
	Remedy string // what to write until then
}

// abilities is the table to flip when the engine learns something: a spec that asks
// for what is not ready is refused at its place.
var abilities = []Ability{
	{string(doSticky), true, "assign each request on its own and write assignment: request"},
	{string(doShadow), true, "give the canary a small share: a first stage of weight 1"},
	{string(doSegments), true, "remove it: checks see all traffic"},
	{string(doConcentration), true, "write concentration: off"},
	{string(doCrossover), true, "write crossover: off"},
	{string(doReference), true, "use between: arms"},
	{string(doHistory), true, "use between: arms"},
	{string(doInstances), true, "use role: signal or observe; a few instances can show nothing statistically"},
	{string(doRatio), true, "send the quotient as a field of metrics and use kind: mean"},
	{string(doRate), true, "use kind: proportion or mean on the outcome"},
	{string(doSum), true, "use kind: mean per observation"},
	{string(doSLO), true, "send 0 or 1 as a field of metrics and use kind: proportion"},
	{string(doExpr), true, "send the value as a field of metrics"},
	{string(doUnitJoin), true, "send prediction_id with every outcome, or rollout and arm"},
	{string(doRouterList), true, "write how many there are"},
}

// Abilities lists what specs may ask for beyond the core, and whether this build's
// engine can do it.
func Abilities() []Ability { return append([]Ability(nil), abilities...) }

// lacks returns what to do instead of an ability that the engine lacks.
func lacks(a ability) (remedy string, yes bool) {
	for _, row := range abilities {
		if row.Name == string(a) && !row.Ready {
			return row.Remedy, true
		}
	}
	return "", false
}

// wants refuses a node that asks for an ability that the engine lacks.
func (r *reader) wants(n *node, a ability) {
	if remedy, yes := lacks(a); yes && n != nil {
		r.fail(n, remedy, "%s is not supported yet", a)
	}
}

// able is the value of a default that holds only where the engine can follow it.
func able[T any](a ability, yes, no T) T {
	if _, lacking := lacks(a); lacking {
		return no
	}
	return yes
}
