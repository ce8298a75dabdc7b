package arch

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

// row says what the packages of one folder may import beside the standard
// library. "*" = anything; a folder of others stands for all below it.
type row struct {
	pkg   string
	own   []string // folders of this module
	third []string // modules of others; "module@file.go" = from that file only
}

const (
	gonum        = "gonum.org/v1/gonum"
	arrow        = "github.com/apache/arrow/go/v17"
	json         = "github.com/go-json-experiment/json"
	yaml         = "github.com/goccy/go-yaml"
	compress     = "github.com/klauspost/compress"
	lz4          = "github.com/pierrec/lz4/v4"
	kafka        = "github.com/segmentio/kafka-go"
	nats         = "github.com/nats-io/nats.go"
	nkeys        = "github.com/nats-io/nkeys"
	murmur       = "github.com/twmb/murmur3"
	avro         = "github.com/twmb/avro"
	protobuf     = "google.golang.org/protobuf"
	protocompile = "github.com/bufbuild/protocompile"
	registry     = "github.com/twmb/franz-go/pkg/sr"
	prometheus   = "github.com/prometheus/client_golang"
	openfeature  = "github.com/open-feature/go-sdk"
)

// table is the law of imports. Data flows ingest → stats, drift → decision →
// publish; only internal/engine sees the whole core, only cmd sees everything.
var table = []row{
	{pkg: "schemas"},

	// The byte form of partials and states: a leaf.
	{pkg: "internal/wire"},
	// Files that trust rests on, for every edge that reads some: a leaf.
	{pkg: "internal/keyfile"},

	{pkg: "stats", own: []string{"internal/wire"}, third: []string{gonum}},
	{pkg: "stats/sequential", own: []string{"stats"}, third: []string{gonum}},
	{pkg: "stats/multiple", own: []string{"stats"}, third: []string{gonum}},
	{pkg: "internal/peers", own: []string{"stats/sequential"}, third: []string{gonum}},
	{pkg: "drift", own: []string{"stats", "stats/sequential", "stats/multiple"}, third: []string{gonum}},
	{pkg: "decision", own: []string{"schemas", "internal/wire", "stats", "stats/multiple", "stats/sequential"}, third: []string{yaml}},

	{pkg: "ingest/join", own: []string{"schemas", "internal/wire"}},
	{pkg: "ingest/window", own: []string{"schemas", "internal/wire", "stats"}, third: []string{arrow}},
	{pkg: "ingest/codec", own: []string{"schemas"}, third: []string{json, avro, protobuf, protocompile}},
	// The registry hands the codec the schemas that it asks for.
	{pkg: "ingest/registry", own: []string{"ingest/codec", "internal/keyfile"}, third: []string{registry}},
	{pkg: "ingest/kafka", own: []string{"schemas", "internal/keyfile"}, third: []string{kafka, compress, lz4}},
	{pkg: "ingest/arrowipc", third: []string{arrow, compress, lz4}},
	// A recording decodes ahead of its reader, so it knows the codec.
	{pkg: "ingest/recording", own: []string{"schemas", "ingest/codec", "ingest/arrowipc"}, third: []string{arrow, compress}},
	// Tables are events as rows of named cells, in any file format.
	{pkg: "ingest/table", own: []string{"schemas", "ingest/codec", "ingest/recording", "ingest/arrowipc"}, third: []string{arrow, json}},
	{pkg: "ingest/foreign", own: []string{"schemas", "ingest/table"}, third: []string{json}},

	{pkg: "publish/nats", own: []string{"schemas", "internal/keyfile"}, third: []string{nats, nkeys}},
	{pkg: "publish/control", own: []string{"schemas", "internal/keyfile"}, third: []string{nats, nkeys}},
	// The pages, the API and the gates are one more door to the desk of control.
	{pkg: "publish/http", own: []string{"schemas", "publish/control", "publish/flags"}},
	{pkg: "publish/flags", own: []string{"schemas", "publish/router"}, third: []string{openfeature, murmur}},
	{pkg: "publish/log", own: []string{"schemas"}},
	{pkg: "publish/proxy", own: []string{"schemas", "publish/router"}},
	{pkg: "publish/webhook", own: []string{"schemas", "internal/keyfile"}},
	{pkg: "publish/router", own: []string{"schemas"}, third: []string{nats, nkeys, murmur}},

	{
		pkg:   "internal/engine",
		own:   []string{"schemas", "stats", "stats/sequential", "stats/multiple", "drift", "decision", "ingest/join", "ingest/window", "internal/wire"},
		third: []string{arrow + "/arrow/memory"},
	},
	// The shell that runs the engine: it joins the ways in to the core, but not
	// the ways out, which cmd hands to it.
	{pkg: "internal/pump", own: []string{"schemas", "decision", "internal/engine", "ingest/codec", "ingest/kafka", "ingest/recording", "internal/scenario",
		"internal/pump/disk", "internal/pump/journal", "internal/pump/snapshot"}},
	{pkg: "internal/pump/archive", own: []string{"schemas", "ingest/codec", "ingest/recording", "ingest/registry", "internal/pump", "internal/pump/disk", "internal/pump/journal"}},
	// What a live pump keeps on disk, and the disk that tests can break.
	{pkg: "internal/pump/disk"},
	{pkg: "internal/pump/journal", own: []string{"schemas", "internal/pump/disk"}},
	{pkg: "internal/pump/snapshot", own: []string{"internal/pump/disk"}},
	{pkg: "internal/telemetry", own: []string{"schemas", "internal/engine"}, third: []string{prometheus}},

	{pkg: "internal/scenario", own: []string{"schemas"}},
	{pkg: "internal/throughput"}, // benchmarks only
	// History played again to find out what a spec's checks make of it.
	{pkg: "internal/calibrate", own: []string{"schemas", "stats", "drift", "decision", "ingest/window", "internal/engine", "internal/pump"}, third: []string{gonum}},
	// Stories play the world around the live shell: they join what it joins.
	{pkg: "internal/story", own: []string{"schemas", "stats", "decision", "ingest/codec", "ingest/kafka", "internal/engine", "internal/pump", "internal/pump/disk", "internal/pump/journal"}},
	{pkg: "internal/planning", own: []string{"decision", "stats", "stats/sequential"}, third: []string{gonum}},
	{pkg: "internal/bench", own: []string{"schemas", "ingest/window", "decision", "internal/engine", "drift", "stats", "stats/sequential", "stats/multiple", "internal/peers"}, third: []string{gonum}},
	{pkg: "internal/arch"},
	{pkg: "internal/shareddata"},
	{pkg: ".ci/report"},
	{pkg: "cmd/verdin", own: []string{"*"}, third: []string{"*"}},
}

// core lists the folders whose code is a fold over its inputs, with all below them.
var core = []string{"schemas", "stats", "drift", "decision", "ingest/join", "ingest/window", "internal/wire", "internal/engine"}

func isCore(dir string) bool {
	return slices.ContainsFunc(core, func(c string) bool { return below(dir, c) })
}

func below(p, root string) bool { return p == root || strings.HasPrefix(p, root+"/") }

func imports(t *tree) []string {
	var found []string
	missing := map[string]bool{}
	for _, s := range t.code() {
		i := slices.IndexFunc(table, func(r row) bool { return r.pkg == s.dir })
		if i < 0 {
			if !missing[s.dir] {
				found = append(found, fmt.Sprintf("%s: package %s has no row in the table: add one to internal/arch/imports_test.go", s.path, s.dir))
			}
			missing[s.dir] = true
			continue
		}
		for _, spec := range s.ast.Imports {
			if p := importPath(spec); !table[i].allows(p, path.Base(s.path)) {
				found = append(found, t.at(spec.Pos(), "%s may not import %s: turn the dependency round, or change its row in internal/arch/imports_test.go and say why", s.dir, p))
			}
		}
	}
	return found
}

// allows tells whether a file of the row's package may import p.
func (r row) allows(p, file string) bool {
	first, rest, _ := strings.Cut(p, "/")
	if first == module {
		return slices.Contains(r.own, "*") || slices.Contains(r.own, rest)
	}
	if !strings.Contains(first, ".") {
		return true // the standard library
	}
	return slices.ContainsFunc(r.third, func(mod string) bool {
		mod, only, limited := strings.Cut(mod, "@")
		return mod == "*" || below(p, mod) && (!limited || only == file)
	})
}

func TestImportsFollowTheTable(t *testing.T) { holds(t, imports) }

func TestImportsBite(t *testing.T) {
	bites(t, imports, "stats/a.go", `package stats; import "verdin/decision"`, "may not import verdin/decision")
	bites(t, imports, "stats/a.go", `package stats; import "github.com/nats-io/nats.go"`, "may not import github.com/nats-io")
	bites(t, imports, "ingest/join/a.go", `package join; import "github.com/segmentio/kafka-go"`, "may not import")
	bites(t, imports, "utils/a.go", `package utils`, "add one to internal/arch")
	bites(t, imports, "drift/a.go", `package drift; import ("math"; "verdin/stats"; "gonum.org/v1/gonum/stat/distuv")`, "")
	bites(t, imports, "stats/a_test.go", `package stats; import "verdin/decision"`, "")
}
