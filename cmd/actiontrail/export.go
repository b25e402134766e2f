package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/internal/durable"
)

// exportFormats are those of the API, the default first. Never changed.
var exportFormats = []string{"ndjson", "json", "csv", "cloudtrail", "actiontrail", "ecs", "ocsf", "cef"}

type exportCommand struct {
	clientFlags
	rangeFlags
	format string
	gzip   bool
	path   string
	fields string
	sort   string
	limit  int
	screen screen
	note   io.Writer
}

func newExportCommand() *cobra.Command {
	var x exportCommand
	cmd := &cobra.Command{
		Use:   "export [KQL]",
		Short: "Write all events of a search into a file",
		Long: `Export streams every event that matches, of any number, to a file or the standard output. The formats are those of the API: ndjson, one
stored event a line; json, an array of them; csv; actiontrail and cloudtrail, as the files of those services; ecs, ocsf and cef, the forms that
SIEMs read, one event a line. A file gets its name when all is in it and counted; an export that is broken off leaves none, and ends with exit code 1.`,
		Example: `  actiontrail export 'eventRW: Write' --from now-30d/d --to now/d -O writes.ndjson
  actiontrail export --from 2026-11-01 --to 2026-11-30 --format csv --fields eventTime,eventName,errorCode -O november.csv
  actiontrail export 'serviceName: Ecs' --format cloudtrail --gzip -O ecs.json.gz
  actiontrail export --from now-1d --format ocsf -O yesterday.ocsf.ndjson
  actiontrail export 'errorCode: *' | wc -l`,
		RunE: func(cmd *cobra.Command, args []string) error {
			x.query = strings.Join(args, " ")
			x.screen, x.note = x.clientFlags.screen(cmd), cmd.ErrOrStderr()
			return x.run(cmd.Context())
		},
	}
	x.registerServer(cmd)
	x.rangeFlags.register(cmd)
	cmd.Flags().StringVar(&x.format, "format", exportFormats[0], "format of the export: "+strings.Join(exportFormats, ", "))
	cmd.Flags().BoolVar(&x.gzip, "gzip", false, "compress it")
	cmd.Flags().StringVarP(&x.path, "output-file", "O", "-", "where to write; -: the standard output")
	cmd.Flags().StringVar(&x.fields, "fields", "", "names of the fields to write, joined by commas; for ndjson, json and csv")
	cmd.Flags().StringVar(&x.sort, "sort", "desc", "by time: desc, newest first, or asc")
	cmd.Flags().IntVar(&x.limit, "limit", 0, "how many events at most; 0: all")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(exportFormats, cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that is not there
	return cmd
}

func (x *exportCommand) run(ctx context.Context) error {
	switch {
	case !slices.Contains(exportFormats, x.format):
		return usageError("--format %s: there is no such format; choose one of %s", x.format, strings.Join(exportFormats, ", "))
	case !slices.Contains([]string{"desc", "asc"}, x.sort):
		return usageError("--sort %s: choose desc, newest first, or asc", x.sort)
	case x.limit < 0:
		return usageError("--limit %d is negative; 0 stands for all", x.limit)
	case x.gzip && x.path == "-" && x.screen.terminal:
		return usageError("--gzip is not for a terminal: name a file with -O")
	}
	c, err := x.dial()
	if err != nil {
		return err
	}
	if err := c.warnOfQuery(ctx, x.note, x.query); err != nil {
		return err
	}
	p := &api.ExportEventsParams{Query: x.query, From: x.from, To: x.to, Format: api.ExportEventsParamsFormat(x.format), Sort: api.ExportEventsParamsSort(x.sort),
		Fields: x.fields, Gzip: x.gzip}
	if x.limit > 0 {
		p.Limit = &x.limit
	}
	r, err := c.ExportEvents(ctx, p)
	if err := explain(x.query, c.check(r, err)); err != nil {
		return err
	}
	defer r.Body.Close()
	if x.path == "-" {
		w := &screenWriter{screen: x.screen}
		return errors.Join(x.receive(c, r, w, "what was printed is not whole"), w.flush())
	}
	return x.toFile(c, r)
}

// toFile gives the file its name when all is in it.
func (x *exportCommand) toFile(c *client, r *http.Response) error {
	f, err := os.CreateTemp(filepath.Dir(x.path), "."+filepath.Base(x.path)+".*.part")
	if err != nil {
		return usageError("%w", err)
	}
	defer func() {
		_ = f.Close()           // a second time, unless something failed before
		_ = os.Remove(f.Name()) // it has another name by then, unless something failed
	}()
	lacking := (*lackingError)(nil)
	whole := x.receive(c, r, f, x.path+" was not written")
	if whole != nil && !errors.As(whole, &lacking) {
		return whole
	}
	for _, step := range []func() error{f.Sync, f.Close, func() error { return os.Rename(f.Name(), x.path) }, func() error { return durable.SyncDir(filepath.Dir(x.path)) }} {
		if err := step(); err != nil {
			return usageError("write %s: %w", x.path, err)
		}
	}
	return whole // what there is stays, even when it lacks something
}

// lackingError is the error of an export that is whole but for what the server has not got.
type lackingError struct{ text string }

func (l *lackingError) Error() string { return l.text }

// receive writes the stream, counts it, and compares with what the server says it sent.
func (x *exportCommand) receive(c *client, r *http.Response, to io.Writer, otherwise string) error {
	total, err := strconv.Atoi(r.Header.Get("Actiontrail-Total"))
	if err != nil {
		total = -1
	}
	if x.limit > 0 && total > x.limit {
		total = x.limit
	}
	count := newExportCounter(x.format, x.gzip)
	progress := newProgress(x.note, count, total)
	body, sink := &watchedReader{r: r.Body}, &watchedWriter{w: to}
	_, _ = io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(sink, count)}, progress.reader(body), make([]byte, 256<<10)) // its error is kept by one of the two
	ended := count.close()
	progress.end()
	no := func(format string, args ...any) error {
		return &exitError{Code: exitNo, Err: fmt.Errorf(format+"; "+otherwise, args...)}
	}
	switch sent, err := strconv.Atoi(r.Trailer.Get("Actiontrail-Events")); {
	case sink.err != nil:
		return no("after %d events: %w", count.events(), sink.err)
	case r.Request != nil && r.Request.Context().Err() != nil:
		return no("interrupted after %d events", count.events())
	case body.err != nil:
		return no("%s broke off after %d events: %w", c.server, count.events(), body.err)
	case err != nil:
		return no("%s did not say how many events it sent, so nobody knows whether %d are all", c.server, count.events())
	case ended != nil:
		return no("what %s sent is damaged: %w", c.server, ended)
	case sent != count.events():
		return no("%s sent %d events, and %d came", c.server, sent, count.events())
	case sent < total:
		return no("%s found %d events when the export began and sent only %d: export again", c.server, total, sent)
	}
	fmt.Fprintf(x.note, "%d events%s, %s\n", count.events(), x.text(), byteCount(count.bytes.Load()))
	if why := r.Trailer.Get("Actiontrail-Incomplete"); why != "" {
		return &exitError{Code: exitNo, Err: &lackingError{fmt.Sprintf("events may be missing: %s; export again when the index is whole, as /api/v1/status tells", visible(why))}}
	}
	return nil
}

// watchedWriter keeps the error of writing.
type watchedWriter struct {
	w   io.Writer
	err error
}

func (w *watchedWriter) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	if err != nil {
		w.err = err
	}
	return n, err
}

// progress tells people how far it is.
type progress struct {
	to    io.Writer // nil: nobody looks
	count *exportCounter
	total int
	begun time.Time
	last  time.Time
}

// progressEvery is how often it is told.
const progressEvery = 200 * time.Millisecond

func newProgress(to io.Writer, count *exportCounter, total int) *progress {
	p := &progress{count: count, total: total, begun: time.Now()}
	if newScreen(to).terminal {
		p.to = to
	}
	return p
}

// reader tells the progress whenever something came.
func (p *progress) reader(r io.Reader) io.Reader {
	if p.to == nil {
		return r
	}
	return readerFunc(func(b []byte) (int, error) {
		n, err := r.Read(b)
		if now := time.Now(); now.Sub(p.last) >= progressEvery {
			p.last = now
			_, _ = io.WriteString(p.to, "\r"+p.text(now)+"\x1b[K") // a terminal that is gone ends the command otherwise
		}
		return n, err
	})
}

func (p *progress) text(now time.Time) string {
	events, bytes, took := p.count.events(), p.count.bytes.Load(), now.Sub(p.begun).Seconds()
	text := fmt.Sprintf("%d events", events)
	if p.total > 0 {
		text = fmt.Sprintf("%d of %d events, %d%%", events, p.total, min(100, 100*events/p.total))
	}
	text += ", " + byteCount(bytes)
	if took > 0.5 {
		text += fmt.Sprintf(", %.0f events/s, %s/s", float64(events)/took, byteCount(int64(float64(bytes)/took)))
	}
	return text
}

func (p *progress) end() {
	if p.to != nil {
		_, _ = io.WriteString(p.to, "\r\x1b[K")
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }
