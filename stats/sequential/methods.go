package sequential

// Method is one row of the table of what this package can show.
type Method struct {
	Name   string // as in Evidence.Method where it is a test
	Engine string // B, T, G, or "after" for detectors
	File   string
	Exact  bool   // false: asymptotic, or exact only as Needs says
	Claim  string // null of a test, or what an interval covers
	Needs  string // assumptions beyond those of doc.go
	Source string
}

// Methods lists every test, detector and interval, one per row. The law tests range
// over it, and docs/statistics.md has a section for each.
var Methods = []Method{
	{"harm", "B", "harm.go", true, "harm ≤ margin, on shares", "units independent in a block, given its conditions", "Turner, Ly, Grünwald 2024; Turner, Grünwald 2023"},
	{"safe", "B", "safe.go", true, "harm ≥ margin, on shares", "as harm", "Turner, Ly, Grünwald 2024"},
	{"limit", "B", "limit.go", true, "the canary's share ≤ a limit", "as harm, without a stable arm", "Wald 1945"},
	{"conditional", "B", "conditional.go", true, "odds ratio ≤ ω, on shares", "random assignment; for ω ≠ 1 as harm", "Fisher 1935; Mantel, Haenszel 1959"},
	{"band", "B", "band.go", true, "shares differ by at most a tolerance", "as harm", "the mean of two e-processes"},
	{"exceedance", "B", "exceedance.go", true, "a quantile grew by at most, or at least, a margin", "as harm; thresholds from past blocks", "this project; threshold e-variables as in harm"},
	{"order", "B", "order.go", true, "canary is stochastically no worse", "as exceedance", "the mean of exceedance tests"},
	{"cap", "B", "cap.go", true, "shares beyond the cap of a mean", "as harm", "as harm"},
	{"paired", "B", "paired.go", true, "share worse − share better ≤, or ≥, a margin, on pairs", "pairs independent in a block", "Waudby-Smith, Ramdas 2024 (betting)"},
	{"share interval", "B", "interval.go", true, "difference or ratio of shares", "an effect that holds in every block", "inversion of harm"},
	{"quantile shift", "B", "shift.go", true, "factor between quantiles", "as share interval", "inversion of exceedance"},
	{"sample ratio", "T", "tilt.go", true, "units arrive in the declared split", "the share that was served is known", "Lindon, Malek 2022"},
	{"rate", "T", "rate.go", true, "rate ratio ≤, or ≥, a margin", "Poisson counts, or at most one event per unit of exposure", "Lindon, Malek 2022"},
	{"score", "G", "score.go", false, "mean harm ≤, or ≥, a margin", "many values with a finite variance: capped", "Howard, Ramdas, McAuliffe, Sekhon 2021"},
	{"ratio", "G", "ratio.go", false, "harm of Σy/Σm ≤, or ≥, a margin", "as score; positive denominators", "linearisation; as score"},
	{"paired mean", "G", "paired.go", false, "mean difference of pairs ≤, or ≥, a margin", "as score", "as score"},
	{"auc", "G", "auc.go", false, "harm of the area under the curve ≤, or ≥, a margin", "as score; labels of both kinds in both arms", "DeLong, DeLong, Clarke-Pearson 1988"},
	{"sticky", "G", "sticky.go", false, "harm ≤, or ≥, a margin, where units recur", "units fall into buckets by a hash apart from the router's", "cluster-robust variance; as score"},
	{"hold-back", "after", "holdback.go", true, "harm ≤ margin, change at an unknown block", "as harm", "Shin, Ramdas, Rinaldo 2023"},
	{"ceiling", "after", "ceiling.go", false, "share ≤ a ceiling per block, change at an unknown block", "exact for a true ceiling, which nobody has: advice", "Shin, Ramdas, Rinaldo 2023"},
}
