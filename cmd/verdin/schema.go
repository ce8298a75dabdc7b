package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"verdin/schemas"
)

func newSchema() *cobra.Command {
	var form, dir string
	cmd := &cobra.Command{
		Use:   "schema [NAME]",
		Short: "Print the schema of an event or of the verdict",
		Long: `Print the schema of an event or of the verdict.

Without a name it lists what there is. AsyncAPI refers to the JSON Schemas by
their files: --dir writes them all, side by side.`,
		Example: `  verdin schema
  verdin schema prediction -o avro
  verdin schema --dir contract`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage(fmt.Errorf("schema wants one name at most, got %d: see %s --help", len(args), cmd.CommandPath()))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case dir != "" && len(args) > 0:
				return usage(fmt.Errorf("--dir writes every schema, and %q is one: leave out either", args[0]))
			case dir != "":
				return writeSchemas(dir)
			case len(args) == 0 && form != "":
				return usage(fmt.Errorf("-o %s wants a name: see verdin schema for the list", form))
			case len(args) == 0:
				return listSchemas(cmd.OutOrStdout())
			}
			return printSchema(cmd.OutOrStdout(), args[0], form)
		},
	}
	cmd.Flags().StringVarP(&form, "output", "o", "", "json-schema, avro or proto; the default is the first that the name has")
	cmd.Flags().StringVar(&dir, "dir", "", "write all schemas into this folder")
	return cmd
}

func listSchemas(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tFORM\tFILE")
	for _, d := range schemas.Documents() {
		fmt.Fprintf(w, "%s\t%s\t%s\n", d.Name, d.Form, d.Path)
	}
	return w.Flush()
}

func printSchema(out io.Writer, name, form string) error {
	d, ok := schemas.FindDocument(name, form)
	if !ok {
		return usage(noSchema(name, form))
	}
	_, err := out.Write(d.Text())
	return err
}

// noSchema says what the name has, or which names there are.
func noSchema(name, form string) error {
	var names, forms []string
	for _, d := range schemas.Documents() {
		if len(names) == 0 || names[len(names)-1] != d.Name {
			names = append(names, d.Name)
		}
		if d.Name == name {
			forms = append(forms, d.Form)
		}
	}
	if forms != nil {
		return fmt.Errorf("schema %s has no form %q: it has %s", name, form, strings.Join(forms, ", "))
	}
	return fmt.Errorf("no schema %q: there are %s", name, strings.Join(names, ", "))
}

// writeSchemas writes every file of the contract once, in the folders that the
// references between them expect.
func writeSchemas(dir string) error {
	for _, d := range schemas.Documents() {
		path := filepath.Join(dir, filepath.FromSlash(d.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("write the schemas: %w", err)
		}
		if err := os.WriteFile(path, d.Text(), 0o644); err != nil {
			return fmt.Errorf("write the schemas: %w", err)
		}
	}
	return nil
}
