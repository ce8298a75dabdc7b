package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"sort"
	"strings"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"verdin/ingest/arrowipc"
	"verdin/ingest/foreign"
	"verdin/ingest/table"
)

func newConvert() *cobra.Command {
	var mapping foreign.Options
	var opt table.Options
	var compression string
	cmd := &cobra.Command{
		Use:   "convert IN OUT",
		Short: "Convert a recording between NDJSON, Arrow IPC, CSV and Parquet",
		Long: `Convert a recording between NDJSON, Arrow IPC, CSV and Parquet.

The names tell the formats: .ndjson, .jsonl and .csv (also .gz, .zst), .arrow,
.feather, .parquet. With --map, --field or --set the input is a table of another
system. OUT appears when it is whole; a line or row that is no event ends the
conversion with exit code 1 unless --skip-bad.`,
		Example: `  verdin convert events.ndjson.zst events.arrow
  verdin convert scored.csv events.ndjson --map nannyml --set arm=canary --set rollout=loans
  verdin convert clicks.parquet events.arrow --field arm=variant --field prediction_id=request \
      --field event_time=ts --field outcome.purchase=bought --set rollout=shop`,
		Args: exactArgs(2, "the input and the output"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opt.Compression = arrowipc.Compression(compression)
			return convert(cmd, args[0], args[1], mapping, opt)
		},
	}
	mappingFlags(cmd, &mapping)
	cmd.Flags().StringVar(&compression, "compression", string(arrowipc.ZSTD), "of Arrow and Parquet: zstd, lz4 (Arrow only) or none")
	cmd.Flags().BoolVar(&opt.SkipBad, "skip-bad", false, "leave out lines and rows that are no event, and count them")
	return cmd
}

// mappingFlags are those of every command that reads tables of other systems.
func mappingFlags(cmd *cobra.Command, o *foreign.Options) {
	cmd.Flags().StringVar(&o.Preset, "map", "", "the input is a table or log of "+strings.Join(foreign.Presets(), ", "))
	cmd.Flags().StringArrayVar(&o.Fields, "field", nil, "TARGET=COLUMN: take a field of the events from a column (repeat)")
	cmd.Flags().StringArrayVar(&o.Set, "set", nil, "TARGET=VALUE: give a field the same value in every row (repeat)")
}

// convert converts one file and accounts for it on the diagnostic output.
func convert(cmd *cobra.Command, in, out string, mapping foreign.Options, opt table.Options) error {
	for _, path := range []string{in, out} {
		if table.FormatOf(path) == "" {
			return usage(table.UnknownFormat(path))
		}
	}
	if err := checkCompression(opt.Compression, table.FormatOf(out)); err != nil {
		return usage(err)
	}
	if !mapping.Empty() && !slices.ContainsFunc(append(mapping.Fields, mapping.Set...), func(s string) bool { return strings.HasPrefix(s, "rollout=") }) {
		return usage(fmt.Errorf("convert wants the rollout that the table belongs to: --set rollout=NAME, or --field rollout=COLUMN"))
	}
	if _, err := foreign.New(mapping); err != nil {
		return usage(err)
	}
	var last *foreign.Map // the mapping of the last pass
	opt.Progress = convertProgress(cmd.ErrOrStderr(), in, out)
	report, err := table.Convert(cmd.Context(), func() (table.Lines, error) {
		lines, m, err := openLines(in, mapping)
		last = m
		return lines, err
	}, out, opt)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%d events written to %s\n", report.Events, out)
	switch n := report.Raw; {
	case n > 0 && table.FormatOf(out) == table.NDJSON:
		fmt.Fprintf(cmd.ErrOrStderr(), "%d records that are kept byte for byte (@raw) are carried over as they are\n", n)
	case n > 0:
		fmt.Fprintf(cmd.ErrOrStderr(), "%d records left out that are kept byte for byte (@raw: Avro, Protobuf, and what was refused): they have no columns; keep %s, which replay reads whole\n", n, in)
	}
	if report.Bad > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "%d left out, the first: %s\n", report.Bad, report.FirstBad)
	}
	if names := counted(report.LeftOut); names != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "not carried, no column can be named after them: %s\n", names)
	}
	tellMapping(cmd.ErrOrStderr(), last)
	return nil
}

func checkCompression(c arrowipc.Compression, to table.Format) error {
	switch {
	case c == arrowipc.ZSTD || c == arrowipc.None || c == arrowipc.LZ4 && to != table.Parquet:
		return nil
	case c == arrowipc.LZ4:
		return fmt.Errorf("--compression lz4 is of Arrow only: use zstd or none for Parquet")
	}
	return fmt.Errorf("unknown --compression %q: use zstd, lz4 or none", c)
}

// openLines opens a file as lines of a recording, mapped if anything is mapped.
func openLines(path string, mapping foreign.Options) (table.Lines, *foreign.Map, error) {
	if mapping.Empty() {
		lines, err := table.OpenLines(path)
		return lines, nil, err
	}
	m, err := foreign.New(mapping)
	if err != nil {
		return nil, nil, usage(err)
	}
	rows, err := table.OpenRows(path)
	if err != nil {
		return nil, nil, err
	}
	return m.Lines(rows), m, nil
}

// tellMapping says once what a mapping did not take.
func tellMapping(diag io.Writer, m *foreign.Map) {
	if m == nil {
		return
	}
	if names := counted(m.Unmapped); names != "" {
		fmt.Fprintf(diag, "columns that no field takes: %s: name them with --field\n", names)
	}
	if names := m.Unmet(); len(names) > 0 {
		fmt.Fprintf(diag, "columns that --field names and no row has: %s: check their names\n", strings.Join(names, ", "))
	}
	if m.NoID > 0 {
		fmt.Fprintf(diag, "%d rows without prediction_id: they are named by their number\n", m.NoID)
	}
	if m.Unpaired > 0 {
		fmt.Fprintf(diag, "%d requests or responses without their partner\n", m.Unpaired)
	}
}

// counted lists names with how often each was met.
func counted(names map[string]int64) string {
	var list []string
	for name, n := range names {
		list = append(list, fmt.Sprintf("%.80s (%d)", name, n))
	}
	sort.Strings(list)
	if more := len(list) - 10; more > 0 {
		list = append(list[:10], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(list, ", ")
}

// convertProgress shows how much was read, on a terminal only: twice the input
// where the columns must be known first.
func convertProgress(diag io.Writer, in, out string) func(int64) {
	f, ok := diag.(*os.File)
	info, err := os.Stat(in)
	if !ok || err != nil || !terminal(f) {
		return nil
	}
	total := info.Size()
	if table.FormatOf(out) != table.NDJSON {
		total *= 2
	}
	bar := progressbar.DefaultBytes(total, "convert")
	return func(read int64) { _ = bar.Add64(read) }
}
