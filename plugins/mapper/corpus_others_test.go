package mapper

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// Whatever log is given to whatever dialect by mistake: each line becomes an event
// that is whole, or is refused with a reason and kept. What auto takes for a
// gateway's is one's.
func TestCorpusOfOthers(t *testing.T) {
	dir := corpus(t)
	var mappers []*Mapper
	for _, format := range Formats() {
		opt := Options{Format: format, KeepRaw: true}
		if format == "regexp" {
			opt.LogFormat = ownRegexp
		}
		mappers = append(mappers, newMapper(t, opt))
	}
	own := map[string]bool{}
	for _, x := range examination() {
		own[x.file] = true
	}
	files, lines, taken := 0, 0, map[string]int{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		name = filepath.ToSlash(name)
		if err != nil || own[name] || !strings.Contains(name, "/") || strings.HasPrefix(name, "LICENSES/") || strings.HasPrefix(name, "gateway/crs/") || strings.HasSuffix(name, "-expected.json") || strings.HasSuffix(name, ".assert") {
			return err
		}
		files++
		for _, line := range linesOf(t, path) {
			lines++
			for _, m := range mappers {
				if !tryLine(t, m, line) || m.opt.Format != formatAuto {
					continue
				}
				if taken[name]++; gateways()[name] == "" {
					t.Errorf("auto takes a line of %s for a gateway's:\n%.300s", name, line)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d lines of %d files, each in %d dialects", lines, files, len(mappers))
	for name, why := range gateways() {
		if t.Logf("auto takes %d lines of %s: %s", taken[name], name, why); taken[name] == 0 {
			t.Errorf("no line of %s is taken: take it out of the list", name)
		}
	}
}

// gateways are the files that have lines of gateways among others, and why.
func gateways() map[string]string {
	return map[string]string{
		"audit/crowdsec/jellyfin-whitelist__jellyfin-logs.log": "nginx stands before this Jellyfin",
		"gateway/vjeantet-grok/grok_test.lines":                "one line is of Apache's common format",
		"tail-weird/lnav/logfile_bad_syslog.0":                 "one line is of sudo",
		"tail-weird/lnav/logfile_bad_access_log.0":             "an access log with a broken line",
	}
}

// tryLine checks what one mapper makes of a line, and tells whether it read it.
func tryLine(t *testing.T, m *Mapper, line string) bool {
	t.Helper()
	e := event.Event{Origin: event.Origin{Observed: readingNow()}}
	switch err := m.Map(&plugins.Record{Data: []byte(line)}, &e); {
	case err == plugins.ErrIgnored:
		return true
	case err != nil && m.opt.Format == formatAuto: // what is made of it is the same in all dialects
		politely(t, m, line, err)
		return false
	case err != nil:
		return false
	}
	wellFormed(t, &e, line)
	return true
}
