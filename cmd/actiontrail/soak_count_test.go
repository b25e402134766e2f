package main

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/plugins"
)

// lineEvents asks for the events of lines; evidence are the names of what the agent tells of itself beside them.
const lineEvents = "origin.source: (edge or app) and not eventName: (SourceStarted or SourceRotated or SourceTruncated or SourceGap or ClockJumped)"

var evidence = map[string]bool{plugins.SourceStarted: true, plugins.SourceRotated: true, plugins.SourceTruncated: true, plugins.SourceGap: true, plugins.ClockJumped: true}

// counted is an event, as far as the count needs it.
type counted struct {
	EventID, EventName, UserAgent string
	AdditionalEventData           struct{ File, Generation, From, To, Why string }
	Origin                        struct {
		Source, File, FileID string
		Offset               int64
	}
}

// tally is what one sink has of the two logs.
type tally struct {
	lines    map[string][]int8 // by log: how often each line came
	files    map[string]int    // first line seen of a file id, to know the file by
	ids      map[string]bool
	evidence map[string]int
	gaps     []counted
	twice    []string // ids that came twice
	unknown  []string // events of no line
}

// newTally is for logs of so many lines.
func newTally(logs map[string]int) *tally {
	y := &tally{lines: map[string][]int8{}, files: map[string]int{}, ids: map[string]bool{}, evidence: map[string]int{}}
	for log, n := range logs {
		y.lines[log] = make([]int8, n)
	}
	return y
}

func (s *site) newTally() *tally {
	return newTally(map[string]int{edgeLog: len(s.nginx.sent), appLog: len(s.app.lines)})
}

// read takes newline-delimited events.
func (y *tally) read(r io.Reader) error {
	scan := bufio.NewScanner(r)
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		var e counted
		if err := json.Unmarshal(scan.Bytes(), &e); err != nil {
			return fmt.Errorf("%w: %.200s", err, scan.Bytes())
		}
		y.add(&e)
	}
	return scan.Err()
}

func (y *tally) add(e *counted) {
	lines, ours := y.lines[e.Origin.Source]
	switch {
	case !ours:
		if e.EventName == "BatchGap" {
			y.evidence[e.EventName]++
		}
		return
	case y.ids[e.EventID]:
		y.twice = append(y.twice, e.EventID)
	}
	y.ids[e.EventID] = true
	if evidence[e.EventName] {
		y.evidence[e.EventName]++
		if e.EventName == plugins.SourceGap {
			y.gaps = append(y.gaps, *e)
		}
		return
	}
	log, number, ok := parseUserAgent(e.UserAgent)
	if !ok || log != e.Origin.Source || number >= len(lines) {
		y.unknown = append(y.unknown, fmt.Sprintf("%s %s %s@%d", e.EventID, e.EventName, e.Origin.File, e.Origin.Offset))
		return
	}
	lines[number] = min(lines[number]+1, 100)
	if log == appLog {
		y.files[e.Origin.FileID] = number
	}
}

// covers tells whether a gap accounts for a line of the app log that is not there.
func (y *tally) covers(gap *counted, lost line, lines []line) bool {
	if gap.Origin.Source != appLog {
		return false
	}
	if known, ok := y.files[gap.Origin.FileID]; ok && lines[known].file != lost.file {
		return false
	}
	from, err := strconv.ParseInt(gap.AdditionalEventData.From, 10, 64)
	if err == nil && lost.offset < from {
		return false
	}
	to, err := strconv.ParseInt(gap.AdditionalEventData.To, 10, 64)
	return err != nil || lost.offset < to
}

// check waits until all lines are in the index and in the archive, and counts them there.
func (s *site) check() {
	s.t.Helper()
	written := map[string][]line{edgeLog: s.nginx.lines(), appLog: s.app.lines}
	s.untilAllIndexed(written)
	index := s.newTally()
	body := s.ask("/api/v1/events", url.Values{"query": {"origin.source: (edge or app) or eventName: BatchGap"}}, "application/x-ndjson")
	if body == nil {
		s.t.Fatal("the index does not answer")
	}
	defer body.Close()
	if err := index.read(body); err != nil {
		s.t.Fatal(err)
	}
	var archives []*tally
	for _, dir := range s.archives {
		archive := s.newTally()
		s.until(2*time.Minute, "as many events in "+dir+" as in the index", func() bool {
			archive = s.newTally()
			if err := archive.readArchive(dir); err != nil {
				s.t.Logf("the archive is not whole yet: %v", err)
				return false
			}
			return len(archive.ids) >= len(index.ids)
		})
		archives = append(archives, archive)
	}
	var status api.Status
	if !s.get("/api/v1/status", nil, &status) {
		s.t.Fatal("no status")
	}
	s.table(written, index, archives, status)
	s.report("index", written, index)
	for i, archive := range archives {
		s.report(s.archives[i], written, archive)
	}
	if n := index.evidence["BatchGap"]; n > 0 || status.Quarantine.Count > 0 {
		s.t.Errorf("%d gaps between batches, %d batches in quarantine (%s)", n, status.Quarantine.Count, status.Quarantine.LastReason)
	}
	for _, dir := range s.archives {
		verifyArchive(s.t, dir)
	}
}

// untilAllIndexed waits until all lines are in the index, or no more come: then some are lost.
func (s *site) untilAllIndexed(written map[string][]line) {
	s.t.Helper()
	total, between := len(written[edgeLog])+len(written[appLog]), 0
	for _, l := range written[appLog] {
		if l.between {
			between++
		}
	}
	have, since := 0, time.Now()
	s.until(30*time.Minute, "all lines in the index", func() bool {
		if n := s.total(lineEvents); n != have {
			have, since = n, time.Now()
		}
		quiet := time.Since(since)
		return have >= total || have >= total-between && quiet > 3*time.Second || have > 0 && quiet > time.Minute
	})
}

// readArchive reads every object.
func (y *tally) readArchive(dir string) error {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".gz") {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err == nil {
			err = y.read(z)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// table prints the counts.
func (s *site) table(written map[string][]line, index *tally, archives []*tally, status api.Status) {
	s.t.Logf("seed %d, %d deeds in %s", s.plan.Seed, len(s.journal), time.Since(s.began).Round(time.Second))
	s.t.Logf("%-5s %9s %9s %9s %8s %9s %14s", "log", "lines", "indexed", "archived", "ignored", "unparsed", "lost, and told")
	for _, log := range []string{edgeLog, appLog} {
		var ignored, unparsed uint64
		for _, source := range status.Sources {
			if source.Source == log {
				ignored, unparsed = ignored+source.Ignored, unparsed+source.Unparsed
			}
		}
		for _, archive := range archives {
			s.t.Logf("%-5s %9d %9d %9d %8d %9d %14d", log, len(written[log]), sum(index.lines[log]), sum(archive.lines[log]), ignored, unparsed, len(lost(written[log], index, log, true)))
		}
		if ignored > 0 || unparsed > 0 {
			s.t.Errorf("%s: %d lines ignored, %d not parsed; every line is right", log, ignored, unparsed)
		}
	}
	s.t.Logf("quarantined batches: %d; evidence in the index: %v", status.Quarantine.Count, index.evidence)
	for _, g := range index.gaps {
		s.t.Logf("gap: %s from %q to %q: %s", g.AdditionalEventData.File, g.AdditionalEventData.From, g.AdditionalEventData.To, g.AdditionalEventData.Why)
	}
}

func sum(counts []int8) (n int) {
	for _, c := range counts {
		n += int(c)
	}
	return n
}

// lost are the lines that did not come: those that a gap covers or that were written
// between copy and truncation, or all others.
func lost(written []line, y *tally, log string, covered bool) (numbers []int) {
	for n, c := range y.lines[log] {
		if c > 0 {
			continue
		}
		known := written[n].between || slices.ContainsFunc(y.gaps, func(g counted) bool { return log == appLog && y.covers(&g, written[n], written) })
		if known == covered {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// report fails the test for what is missing, doubled or unknown, and tells where and what was done then.
func (s *site) report(where string, written map[string][]line, y *tally) {
	s.t.Helper()
	for _, log := range slices.Sorted(maps.Keys(written)) {
		var doubled []int
		for n, c := range y.lines[log] {
			if c > 1 {
				doubled = append(doubled, n)
			}
		}
		s.blame(where, log, "missing", written[log], lost(written[log], y, log, false))
		s.blame(where, log, "doubled", written[log], doubled)
	}
	if len(y.twice) > 0 || len(y.unknown) > 0 {
		s.t.Errorf("%s: %d ids twice: %.5q; %d events of no line: %.5q", where, len(y.twice), y.twice, len(y.unknown), y.unknown)
	}
}

// blame tells of runs of lines: in which file, at which offsets, and near which deeds.
func (s *site) blame(where, log, what string, lines []line, numbers []int) {
	s.t.Helper()
	if len(numbers) == 0 {
		return
	}
	s.t.Errorf("%s: %d lines of %s are %s", where, len(numbers), log, what)
	for shown := 0; len(numbers) > 0 && shown < 20; shown++ {
		n := 1
		for n < len(numbers) && numbers[n] == numbers[n-1]+1 && lines[numbers[n]].file == lines[numbers[0]].file {
			n++
		}
		first, last := lines[numbers[0]], lines[numbers[n-1]]
		s.t.Logf("  %s: lines %d to %d: %s, offsets %d to %d, written at %.2fs; near %s",
			what, numbers[0], numbers[n-1], first.file, first.offset, last.offset, first.at.Sub(s.began).Seconds(), s.near(first.at))
		numbers = numbers[n:]
	}
}

// near are the three deeds nearest to a moment.
func (s *site) near(at time.Time) string {
	deeds := slices.Clone(s.journal)
	slices.SortStableFunc(deeds, func(a, b deed) int { return cmp.Compare(a.at.Sub(at).Abs(), b.at.Sub(at).Abs()) })
	var names []string
	for _, d := range deeds[:min(3, len(deeds))] {
		names = append(names, fmt.Sprintf("%.2fs %s", d.at.Sub(s.began).Seconds(), d.what))
	}
	return strings.Join(names, "; ")
}

// verifyArchive runs actiontrail verify on the archive, then changes a byte of it and runs it again.
func verifyArchive(t *testing.T, dir string) {
	t.Helper()
	verify := func() (string, error) {
		c := exec.Command(os.Args[0], "verify", dir)
		c.Env = append(os.Environ(), asProgram+"=1")
		out, err := c.CombinedOutput()
		return string(out), err
	}
	out, err := verify()
	if err != nil {
		t.Errorf("verify of the archive: %v\n%s", err, out)
	}
	t.Logf("verify: %s", out)
	object := someObject(t, dir)
	data, err := os.ReadFile(object)
	if err != nil {
		t.Fatal(err)
	}
	data[100] ^= 1
	if err := os.Chmod(object, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(object, data, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err = verify()
	if err == nil || !strings.Contains(out, filepath.Base(object)) {
		t.Errorf("verify after one byte of %s was changed: %v\n%s", filepath.Base(object), err, out)
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() != 1 {
		t.Errorf("verify of a damaged archive exits with %d, want 1", exit.ExitCode())
	}
}

func someObject(t *testing.T, dir string) (object string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".gz") && object == "" {
			object = path
		}
		return err
	})
	if err != nil || object == "" {
		t.Fatalf("no object in %s: %v", dir, err)
	}
	return object
}
