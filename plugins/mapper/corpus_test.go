package mapper

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// corpus is the folder of real logs of other projects that the mapper is examined
// on: $CORPUS, or one beside the repository. It is no part of it.
func corpus(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	if _, err := os.Stat(filepath.Join(dir, "MANIFEST.tsv")); err != nil {
		t.Skipf("no corpus of real logs here (set CORPUS to its folder): %v", err)
	}
	return dir
}

// examined is a file of the corpus, as it would be configured.
type examined struct {
	file    string
	formats []Options // what wrote it; more than one where its owner put lines of several together
	lines   func(t *testing.T, file string) []string
	answers func(t *testing.T, file string) func(line string, nth int) reading
	refused []refusal
}

// refusal says of lines that they are not to be mapped, and why not.
type refusal struct {
	is      func(line string) bool
	why     string
	foreign bool // not of the access log at all
}

// reading is what somebody else reads from a line: what they do not tell is not in it.
type reading map[string]string

// examRow is a row of the table.
type examRow struct{ files, lines, mapped, ignored, foreign, unparsed, checked, wrong int }

// small tells that one line is more than one of two hundred: each is explained all the same.
func (r *examRow) small() bool { return r.lines < 200 }

// The mapper reads what others read from real logs of all its dialects.
func TestCorpus(t *testing.T) {
	dir := corpus(t)
	rows := map[string]*examRow{}
	used := map[string]int{}
	for _, x := range examination() {
		row := rows[x.formats[0].Format]
		if row == nil {
			row = &examRow{}
			rows[x.formats[0].Format] = row
		}
		t.Run(x.file, func(t *testing.T) { x.run(t, dir, row, used) })
	}
	for _, d := range differences() {
		if used[d.why] == 0 {
			t.Errorf("no line differs any more because %q: take it out", d.why)
		}
	}
	t.Log("\n" + table(rows))
	for name, r := range rows {
		if r.wrong > 0 || 200*r.unparsed > r.lines && !r.small() {
			t.Errorf("%s: %d wrong, %d unparsed of %d lines", name, r.wrong, r.unparsed, r.lines)
		}
	}
	for why, n := range used {
		t.Logf("%5d differ: %s", n, why)
	}
}

func table(rows map[string]*examRow) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "dialect\tfiles\tlines\tmapped\tignored\tother logs\tunparsed\tchecked\twrong\t")
	for _, name := range Formats() {
		if r := rows[name]; r != nil {
			fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", name, r.files, r.lines, r.mapped, r.ignored, r.foreign, r.unparsed, r.checked, r.wrong)
		}
	}
	w.Flush()
	return b.String()
}

func (x *examined) run(t *testing.T, dir string, row *examRow, used map[string]int) {
	file := filepath.Join(dir, filepath.FromSlash(x.file))
	read := x.lines
	if read == nil {
		read = linesOf
	}
	var mappers []*Mapper
	for _, o := range x.formats {
		mappers = append(mappers, newMapper(t, o))
	}
	var answers func(string, int) reading
	if x.answers != nil {
		answers = x.answers(t, file)
	}
	row.files++
	for i, line := range read(t, file) {
		row.lines++
		m, e, err := mapFirst(mappers, line)
		refused := slices.IndexFunc(x.refused, func(r refusal) bool { return r.is(line) })
		switch {
		case err == plugins.ErrIgnored:
			row.ignored++
			continue
		case err != nil && refused < 0:
			row.unparsed++
			t.Errorf("line %d: %v\n%s", i+1, err, line)
			continue
		case err != nil:
			if row.unparsed++; x.refused[refused].foreign {
				row.unparsed--
				row.foreign++
			}
			politely(t, m, line, err)
			continue
		case refused >= 0:
			t.Errorf("line %d is mapped, though: %s\n%s", i+1, x.refused[refused].why, line)
		}
		row.mapped++
		wellFormed(t, e, line)
		if answers == nil {
			continue
		}
		want := answers(line, i)
		if want == nil {
			continue
		}
		row.checked++
		if !compare(t, m, e, line, i, want, used) {
			row.wrong++
		}
	}
}

// mapFirst maps a line with the first of these that reads it.
func mapFirst(mappers []*Mapper, line string) (m *Mapper, e *event.Event, err error) {
	for _, m = range mappers {
		e = &event.Event{Origin: event.Origin{Observed: readingNow()}}
		if err = m.Map(&plugins.Record{Data: []byte(line)}, e); err == nil || err == plugins.ErrIgnored {
			return m, e, err
		}
	}
	return m, e, err
}

// wellFormed checks what holds for each event.
func wellFormed(t *testing.T, e *event.Event, line string) {
	t.Helper()
	e.ID = "x"
	text := e.AppendJSON(nil)
	back, err := event.ParseJSON(text)
	if err != nil || !json.Valid(text) {
		t.Errorf("%v: %s\nof %s", err, text, line)
		return
	}
	if again := back.AppendJSON(nil); string(again) != string(text) {
		t.Errorf("reads back as\n%s\nis\n%s", again, text)
	}
	if e.Name == "" || e.Time == (event.Time{}) {
		t.Errorf("no name, or no time: %s\nof %s", text, line)
	}
}

// politely checks what is said of a line that is not mapped.
func politely(t *testing.T, m *Mapper, line string, err error) {
	t.Helper()
	var e event.Event
	m.Unparsed(&plugins.Record{Data: []byte(line)}, err, &e)
	e.ID = "x"
	text := e.AppendJSON(nil)
	if _, bad := event.ParseJSON(text); bad != nil || !json.Valid(text) {
		t.Errorf("%v: %s\nof %s", bad, text, line)
	}
	if len(err.Error()) > 700 {
		t.Errorf("an error of %d bytes: %v", len(err.Error()), err)
	}
}

// compare tells whether all that is known of a line was found.
func compare(t *testing.T, m *Mapper, e *event.Event, line string, nth int, want reading, used map[string]int) bool {
	t.Helper()
	got, right := found(t, m, e), true
	for _, name := range []string{"time", "ip", "user", "method", "target", "status", "bytes", "agent", "host"} {
		w, told := want[name]
		if !told || w == got[name] {
			continue
		}
		if d := excused(name, got[name], w, line); d != "" {
			used[d]++
			continue
		}
		right = false
		t.Errorf("line %d: %s is %q, want %q\n%s", nth+1, name, got[name], w, line)
	}
	return right
}

// found is what the event says, in the terms of an reading; the target from the
// request, for the event masks the values of its query.
func found(t *testing.T, m *Mapper, e *event.Event) reading {
	t.Helper()
	text := e.Additional
	if text == "" {
		text = cmp.Or(e.Exchange.Object(), "{}")
	}
	var more struct {
		Method, Path  string
		HTTPMethod    string `json:"httpMethod"`
		HTTPStatus    int    `json:"httpStatus"`
		ResponseBytes *int64 `json:"responseBytes"`
	}
	if err := json.Unmarshal([]byte(or(string(text), "{}")), &more); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	q := &m.request
	got := reading{
		"time": time.Unix(0, e.Time.Nanos).UTC().Format(readingTime), "ip": e.SourceIP, "user": e.Identity.UserName, "method": more.HTTPMethod, "target": q.path,
		"status": fmt.Sprint(more.HTTPStatus), "bytes": "", "agent": strings.TrimPrefix(e.UserAgent, "-"), "host": or(q.host, q.server),
	}
	if q.query != "" {
		got["target"] += "?" + q.query
	}
	if more.ResponseBytes != nil {
		got["bytes"] = fmt.Sprint(*more.ResponseBytes)
	}
	return got
}

// readingTime is how an reading tells the time: to the millisecond, in UTC.
const readingTime = "2006-01-02T15:04:05.000Z"

// readingNow is when the lines of the corpus are read, for stamps without a year.
func readingNow() event.Time { return event.Unix(1795305600e9, 0) }
