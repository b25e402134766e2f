package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/api"
)

type fieldsCommand struct {
	clientFlags
	rangeFlags
	limit  int
	prefix string
	screen screen
	note   io.Writer
}

func newFieldsCommand() *cobra.Command {
	var f fieldsCommand
	cmd := &cobra.Command{
		Use:   "fields [FIELD]",
		Short: "List the fields of events, or the most frequent values of one",
		Long: `Without FIELD, lists what can be asked for: the fields of the form, and the leaves of bodies that events have, with how many events have
each. With FIELD, lists its most frequent values.`,
		Example: `  actiontrail fields
  actiontrail fields eventName --from now-1d
  actiontrail fields userIdentity.userName --query 'errorCode: *' --limit 20
  actiontrail fields serviceName --prefix E -o csv`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.screen, f.note = f.clientFlags.screen(cmd), cmd.ErrOrStderr()
			if f.limit < 1 {
				return usageError("--limit %d: at least 1", f.limit)
			}
			c, err := f.dial()
			if err != nil {
				return err
			}
			if len(args) == 1 {
				return f.values(cmd.Context(), c, args[0])
			}
			if f.prefix != "" {
				return usageError("--prefix is for the values of a field: name one")
			}
			return f.list(cmd.Context(), c, cmd.Flags().Changed("limit"))
		},
	}
	f.clientFlags.register(cmd, "table", "json", "ndjson", "csv")
	f.rangeFlags.register(cmd)
	cmd.Flags().StringVar(&f.query, "query", "", "only of events that match this KQL")
	cmd.Flags().IntVar(&f.limit, "limit", 10, "how many values; of all fields, how many leaves of bodies (default 200)")
	cmd.Flags().StringVar(&f.prefix, "prefix", "", "with what the values begin")
	return cmd
}

var fieldColumns = []column{{title: "FIELD", least: 20}, {title: "KIND", least: 7}, {title: "EVENTS", least: 6}, {title: "WHAT IT SAYS", least: 20}}

func (f *fieldsCommand) list(ctx context.Context, c *client, limited bool) error {
	p := &api.ListFieldsParams{Query: f.query, From: f.from, To: f.to}
	if limited {
		p.Leaves = &f.limit
	}
	var list api.FieldList
	r, err := c.ListFields(ctx, p)
	if err := explain(f.query, c.decode(r, err, &list)); err != nil {
		return err
	}
	warn(f.note, f.query, list.Warnings, list.Incomplete)
	rows := make([][]string, len(list.Fields))
	lines := make([]any, len(list.Fields))
	for i, field := range list.Fields {
		rows[i], lines[i] = []string{field.Name, string(field.Kind), fmt.Sprint(field.Count), field.Description}, field
	}
	if err := f.print(list, lines, fieldColumns, rows); err != nil {
		return err
	}
	fmt.Fprintf(f.note, "%s of %s%s\n", count(len(rows), "field"), count(list.Total, "event"), f.text())
	return nil
}

var valueColumns = []column{{title: "VALUE", least: 20}, {title: "EVENTS", least: 6}, {title: "SHARE", least: 5}}

func (f *fieldsCommand) values(ctx context.Context, c *client, field string) error {
	var values api.FieldValues
	r, err := c.ListFieldValues(ctx, field, &api.ListFieldValuesParams{Query: f.query, From: f.from, To: f.to, Limit: &f.limit, Prefix: f.prefix})
	if err := explain(f.query, c.decode(r, err, &values)); err != nil {
		return err
	}
	warn(f.note, f.query, values.Warnings, values.Incomplete)
	rows := make([][]string, len(values.Values))
	lines := make([]any, len(values.Values))
	for i, v := range values.Values {
		share := "-"
		if values.Having > 0 {
			share = fmt.Sprintf("%.1f%%", 100*float64(v.Count)/float64(values.Having))
		}
		rows[i], lines[i] = []string{v.Value, fmt.Sprint(v.Count), share}, v
	}
	if err := f.print(values, lines, valueColumns, rows); err != nil {
		return err
	}
	if len(rows) == 0 {
		fmt.Fprintf(f.note, "no event has %s%s\n", visible(field), f.text())
		return nil
	}
	fmt.Fprintf(f.note, "%s have %s%s\n", count(values.Having, "event"), visible(field), f.text())
	return nil
}

// print prints an answer whole as JSON, its items as lines, or rows.
func (f *fieldsCommand) print(whole any, lines []any, columns []column, rows [][]string) error {
	var b bytes.Buffer
	switch f.output {
	case "json":
		return printJSON(f.screen, whole)
	case "ndjson":
		for _, line := range lines {
			if err := json.NewEncoder(&b).Encode(line); err != nil {
				return err
			}
		}
	case "csv":
		w := csv.NewWriter(&b)
		titles := make([]string, len(columns))
		for i, c := range columns {
			titles[i] = c.title
		}
		_ = w.Write(titles) // a buffer takes all
		for _, row := range rows {
			for i := range row {
				row[i] = api.HarmlessCell(row[i])
			}
			_ = w.Write(row)
		}
		w.Flush()
	default:
		if len(rows) == 0 {
			return nil
		}
		return newTable(f.screen, columns, rows).print(rows)
	}
	return f.screen.write(b.Bytes())
}
