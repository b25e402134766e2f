package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/api"
)

func newIndexImportCommand() *cobra.Command {
	var f clientFlags
	var period periodFlags
	var other otherFlags
	keep := ""
	detach := false
	cmd := &cobra.Command{
		Use:   "import --archive DIR|s3://BUCKET/PREFIX|oss://BUCKET/PREFIX --from TIME",
		Short: "Bring the events of a past period from an archive back into the index of a server, for a while",
		Long: `The server reads the archive and puts its events of the period into the index, each once, also those that are older than
retention keeps. For the time of --keep it removes nothing from the begin of the period on; then retention removes what is too
old. It goes on with it by itself, also after a crash; this command only shows how far it is, and exits with 1 when it was
given up: an object is missing, damaged, encrypted for others, or in the archive tier (see archive restore).`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			now := time.Now()
			p, err := period.read(now)
			if err != nil {
				return err
			}
			wanted := api.ImportRequest{From: p.From, To: p.To, LateSeconds: int(p.Late / time.Second)}
			if wanted.Archive, err = other.read(); err != nil {
				return err
			}
			if wanted.Archive.Place == "" {
				return usageError("--archive is missing: where the events come from")
			}
			ago, err := timeOf(keep, now)
			if err != nil || !ago.Before(now.Add(-time.Second)) {
				return usageError("--keep %q: give a length of time such as 7d", keep)
			}
			wanted.Until = now.Add(now.Sub(ago)).UTC().Truncate(time.Second)
			c, err := f.dial()
			if err != nil {
				return err
			}
			var i api.ImportStatus
			r, err := c.ImportEvents(cmd.Context(), wanted)
			if err := c.decode(r, err, &i); err != nil {
				return err
			}
			s := f.screen(cmd)
			if detach {
				return f.printImport(cmd, i, fmt.Sprintf("import %s has begun; actiontrail index imports tells how far it is\n", i.ID))
			}
			for !i.Done && !i.Failed {
				if err := pause(cmd.Context(), backfillLook); err != nil {
					return err
				}
				all, err := f.imports(cmd, "")
				if err != nil {
					return err
				}
				there := false
				for _, x := range all {
					if x.ID == i.ID {
						i, there = x, true
					}
				}
				if !there {
					return &exitError{Code: exitNo, Err: fmt.Errorf("import %s was removed", i.ID)}
				}
				if s.terminal && f.output != "json" {
					text := fmt.Sprintf("%s of %s objects, %s events", thousands(i.ReadObjects), thousands(i.OfObjects), thousands(int(i.Events)))
					if i.LastError != "" {
						text += "  waits: " + visible(i.LastError)
					}
					drawBar(s.w, float64(i.ReadObjects)/float64(max(i.OfObjects, 1)), text)
				}
			}
			if s.terminal && f.output != "json" {
				fmt.Fprintln(s.w)
			}
			if i.Failed {
				return &exitError{Code: exitNo, Err: fmt.Errorf("import %s was given up: %s; remove it with actiontrail index imports --remove %s", i.ID, visible(i.LastError), i.ID)}
			}
			return f.printImport(cmd, i, fmt.Sprintf("the index has the %s of the archive from %s to %s until %s (import %s)\n", count(i.Events, "event"), timeOr(i.From, "-"), timeOr(i.To, "-"), timeOr(i.Until, "-"), i.ID))
		},
	}
	period.register(cmd)
	other.register(cmd)
	cmd.Flags().StringVar(&keep, "keep", "7d", "how long the index keeps them")
	cmd.Flags().BoolVar(&detach, "detach", false, "do not wait for its end")
	f.register(cmd, "table", "json")
	return cmd
}

// printImport prints an import, as JSON or as a sentence.
func (f *clientFlags) printImport(cmd *cobra.Command, i api.ImportStatus, text string) error {
	s := f.screen(cmd)
	if f.output == "json" {
		return printJSON(s, i)
	}
	return s.write([]byte(text))
}

func newIndexImportsCommand() *cobra.Command {
	var f clientFlags
	remove := ""
	cmd := &cobra.Command{
		Use:   "imports",
		Short: "List what was imported from archives, or have it kept no longer",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := f.imports(cmd, remove)
			if err != nil {
				return err
			}
			s := f.screen(cmd)
			if f.output == "json" {
				return printJSON(s, api.ImportList{Imports: all})
			}
			if remove != "" {
				if _, err := fmt.Fprintf(s.w, "import %s is removed: retention removes what is too old\n", visible(remove)); err != nil {
					return err
				}
			}
			if len(all) == 0 {
				_, err := fmt.Fprintln(s.w, "nothing is imported")
				return err
			}
			rows := make([][]string, len(all))
			for n, i := range all {
				state := fmt.Sprintf("%d of %d objects", i.ReadObjects, i.OfObjects)
				switch {
				case i.Failed:
					state = "given up: " + visible(i.LastError)
				case i.LastError != "":
					state = "waits: " + visible(i.LastError)
				case i.Done:
					state = "done"
				}
				rows[n] = []string{i.ID, visible(i.Archive), timeOr(i.From, "-"), timeOr(i.To, "-"), timeOr(i.Until, "-"), thousands(int(i.Events)), state}
			}
			return newTable(s, importColumns, rows).print(rows)
		},
	}
	cmd.Flags().StringVar(&remove, "remove", "", "id of an import whose events are to be kept no longer")
	f.register(cmd, "table", "json")
	return cmd
}

var importColumns = []column{
	{title: "IMPORT", least: 20}, {title: "ARCHIVE", least: 10}, {title: "FROM", least: 20}, {title: "TO", least: 20}, {title: "UNTIL", least: 20}, {title: "EVENTS", least: 6}, {title: "STATE", least: 8},
}

// imports are those of the server, once one was removed unless its id is "".
func (f *clientFlags) imports(cmd *cobra.Command, remove string) ([]api.ImportStatus, error) {
	c, err := f.dial()
	if err != nil {
		return nil, err
	}
	var list api.ImportList
	if remove != "" {
		r, err := c.RemoveImport(cmd.Context(), remove, asJSON)
		err = c.decode(r, err, &list)
		return list.Imports, err
	}
	r, err := c.ListImports(cmd.Context())
	err = c.decode(r, err, &list)
	return list.Imports, err
}
