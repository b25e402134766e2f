package main

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// homes are a server whose trail keeps residence, and agents of several regions and accounts.
type homes struct {
	*box
	agents map[string]*gateway // by region and account
}

// gateway is an agent with its log.
type gateway struct {
	region, account string
	log             string
	lines           int
	process         *realtest.Process
}

// newHomes starts the server and an agent for each region and account.
func newHomes(t *testing.T, trails string, of ...[2]string) *homes {
	h := &homes{box: newBox(t, ""), agents: map[string]*gateway{}}
	nats := realtest.FreeAddr(t)
	h.more = fmt.Sprintf("nats {\n  listen = %q\n}\n", nats)
	h.declare(trails)
	for i, x := range of {
		name := fmt.Sprint("gw-", i)
		dir := filepath.Join(h.dir, name)
		(&site{t: t}).must("keys", "agent", name, "--account", x[1], "--data", h.data, "--out", dir)
		g := &gateway{region: x[0], account: x[1], log: filepath.Join(h.dir, name+".log")}
		text := fmt.Sprintf("agent {\n  name = %q\n  account = %q\n  region = %q\n  nats {\n    servers = [%q]\n    nkey = %q\n  }\n}\nsource \"file\" \"edge\" {\n  paths = [%q]\n  format = \"nginx\"\n}\n",
			name, g.account, g.region, "nats://"+nats, filepath.Join(dir, "agent.nk"), g.log)
		if err := os.WriteFile(dir+".hcl", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		h.agents[g.region+"/"+g.account] = g
	}
	h.start()
	for i, x := range of {
		name := filepath.Join(h.dir, fmt.Sprint("gw-", i))
		h.agents[x[0]+"/"+x[1]].process = realtest.Start(t, []string{asProgram + "=1"}, os.Args[0], "agent", "--config", name+".hcl", "--data", name+"-data")
	}
	return h
}

// declare writes the configuration of the server; it has no log of its own.
func (h *homes) declare(trails string) {
	h.t.Helper()
	if err := os.WriteFile(h.config(), []byte(h.more+trails), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// write adds lines to the logs of these gateways.
func (h *homes) write(lines int, homes ...string) {
	h.t.Helper()
	for _, home := range homes {
		g := h.agents[home]
		f, err := os.OpenFile(g.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			h.t.Fatal(err)
		}
		for range lines {
			fmt.Fprintf(f, "192.0.2.1 - u [%s] \"POST /v1/orders HTTP/1.1\" 200 2 \"-\" \"%s/%d\"\n", time.Now().UTC().Format("02/Jan/2006:15:04:05 -0700"), home, g.lines)
			g.lines++
		}
		if err := f.Close(); err != nil {
			h.t.Fatal(err)
		}
	}
}

// all waits until the index has every line, once.
func (h *homes) all() {
	h.t.Helper()
	written := 0
	for _, g := range h.agents {
		written += g.lines
	}
	realtest.Until(h.t, realtest.Patience, fmt.Sprintf("%d lines in the index", written), func() bool { return h.total(lineEvents) >= written })
	if n := h.total(lineEvents); n != written {
		h.t.Errorf("%d lines in the index, %d were written", n, written)
	}
}

// held are the lines that a destination has, by region and account: how often it has each.
func held(t *testing.T, read func(func(io.Reader))) map[string]map[string]int {
	t.Helper()
	all := map[string]map[string]int{}
	read(func(r io.Reader) {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var e struct{ AcsRegion, RecipientAccountID, UserAgent string }
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				t.Fatal(err)
			}
			home := e.AcsRegion + "/" + e.RecipientAccountID
			if all[home] == nil {
				all[home] = map[string]int{}
			}
			all[home][e.UserAgent]++
		}
	})
	return all
}

// inArchive are the lines in an archive in a folder.
func inArchive(t *testing.T, dir string) map[string]map[string]int {
	t.Helper()
	return held(t, func(each func(io.Reader)) {
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
				each(z)
			}
			return err
		})
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	})
}

// lineSpan is a run of the lines of one home.
type lineSpan struct {
	home     string
	from, to int
}

// lacking are the runs of lines that are wanted and not there.
func lacking(want []lineSpan, got map[string]map[string]int) string {
	var all []string
	for _, s := range want {
		for i := s.from; i < s.to; i++ {
			from := i
			for i < s.to && got[s.home][fmt.Sprintf("%s/%d", s.home, i)] == 0 {
				i++
			}
			if i > from {
				all = append(all, fmt.Sprintf("%s/%d to %d", s.home, from, i-1))
			}
		}
	}
	return strings.Join(all, ", ")
}

// holds waits until a destination has these lines, and checks that it has each once and nothing else.
func (h *homes) holds(what string, read func() map[string]map[string]int, want ...lineSpan) {
	h.t.Helper()
	wanted := map[string]map[string]int{}
	for _, s := range want {
		if wanted[s.home] == nil {
			wanted[s.home] = map[string]int{}
		}
		for i := s.from; i < s.to; i++ {
			wanted[s.home][fmt.Sprintf("%s/%d", s.home, i)] = 1
		}
	}
	count := func(m map[string]map[string]int) string {
		var all []string
		for _, home := range slices.Sorted(maps.Keys(m)) {
			n := 0
			for _, times := range m[home] {
				n += times
			}
			all = append(all, fmt.Sprintf("%s %d", home, n))
		}
		return cmp.Or(strings.Join(all, ", "), "nothing")
	}
	var got map[string]map[string]int
	missing := func() (n int) {
		for home, lines := range wanted {
			for line := range lines {
				if got[home][line] == 0 {
					n++
				}
			}
		}
		return n
	}
	deadline := time.Now().Add(realtest.Patience)
	for got = read(); missing() > 0 && time.Now().Before(deadline); got = read() {
		<-time.After(50 * time.Millisecond)
	}
	if missing() > 0 {
		h.t.Fatalf("%s lacks %d lines (%s): it has %s, of %s; deliveries are %+v", what, missing(), lacking(want, got), count(got), count(wanted), h.trail("home").Deliver)
	}
	for home, lines := range got {
		for line, n := range lines {
			if wanted[home][line] != 1 || n != 1 {
				h.t.Errorf("%s has line %s of %s %d times", what, line, home, n)
			}
		}
	}
	h.t.Logf("%s: %s", what, count(got))
}

// Each destination has the events of its own regions and accounts: all of them, once,
// and none of another's. Through kills, a backfill, a destination that is dead, owes
// and is paid from the index, and regions that move from one to another while it is.
func TestResidence(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	dead := filepath.Join(dir, "mounted")
	if err := os.WriteFile(dead, nil, 0o600); err != nil { // no folder can be below a file
		t.Fatal(err)
	}
	file := func(name, path, takes string) string {
		return fmt.Sprintf("  deliver \"file\" {\n    name = %q\n    path = %q\n    roll { max_age = \"1s\" }\n    %s\n  }\n", name, path, takes)
	}
	plugin := fmt.Sprintf("  deliver \"plugin\" {\n    name = \"team\"\n    accounts = [\"team\"]\n    %s\n    config {\n      file = %q\n      once = true\n    }\n  }\n", asPlugin(t), path("team.ndjson"))
	trail := func(more ...string) string {
		return fmt.Sprintf("trail \"home\" {\n  where = %q\n  residence = true\n%s%s}\n", lineEvents, plugin, strings.Join(more, ""))
	}
	const prod = "\n    accounts = [\"prod\"]"
	rest := file("rest", path("rest"), "rest = true")
	const cn, eu, us, team = "cn-hangzhou/prod", "eu-central-1/prod", "us-east-1/prod", "cn-hangzhou/team"
	h := newHomes(t, trail(file("cn", path("cn"), `regions = ["cn-*"]`+prod), file("eu", filepath.Join(dead, "eu"), `regions = ["eu-*"]`+prod), rest),
		[2]string{"cn-hangzhou", "prod"}, [2]string{"eu-central-1", "prod"}, [2]string{"us-east-1", "prod"}, [2]string{"cn-hangzhou", "team"})
	archive := func(dir string) func() map[string]map[string]int {
		return func() map[string]map[string]int { return inArchive(t, dir) }
	}
	sent := func() map[string]map[string]int {
		return held(t, func(each func(io.Reader)) {
			if f, err := os.Open(path("team.ndjson")); err == nil {
				defer f.Close()
				each(f)
			}
		})
	}
	cnHas, euHas, restHas := archive(path("cn")), archive(filepath.Join(dead, "eu")), archive(path("rest"))
	// caught waits until all destinations but the dead one have read what was written.
	caught := func() {
		h.all()
		h.write(1, cn, us, team) // comes after all that the index has
		for home, has := range map[string]func() map[string]map[string]int{cn: cnHas, us: restHas, team: sent} {
			last := fmt.Sprintf("%s/%d", home, h.agents[home].lines-1)
			realtest.Until(t, realtest.Patience, last, func() bool { return has()[home][last] > 0 })
		}
	}
	every := []string{cn, eu, us, team}
	for range 2 {
		h.write(60, every...)
		h.server.Kill()
		h.start()
		h.write(40, every...)
	}
	caught()
	h.trailCommand("stop", "home")
	h.write(50, cn, us)
	h.all()
	h.trailCommand("start", "home")
	h.write(50, every...)
	h.all()
	for _, name := range []string{"cn", "rest"} {
		h.trailCommand("backfill", "home", "--from", "1d", "--delivery", name, "--detach")
	}
	h.server.Kill()
	h.start()
	h.write(30, every...)
	caught()
	euLines := h.agents[eu].lines

	// The region that is in no archive yet goes elsewhere from now on.
	h.declare(trail(file("cn", path("cn"), `regions = ["cn-*"]`+prod), file("eu", filepath.Join(dead, "eu"), `regions = ["eu-west-*"]`+prod), rest))
	realtest.Until(t, realtest.Patience, "the other regions", func() bool {
		return slices.ContainsFunc(h.trail("home").Deliver, func(d api.Delivery) bool {
			return d.Name == "eu" && strings.Contains(d.Where, "eu-west-")
		})
	})
	if d := h.trail("home").Deliver[2]; d.State != api.DeliveryStateOwing || d.OwedEvents == 0 {
		t.Errorf("what it took until now is not owed: %+v", d)
	}
	h.write(70, every...)
	h.all()
	h.server.Kill()
	if err := os.Remove(dead); err != nil {
		t.Fatal(err)
	}
	h.start()
	h.write(30, every...)
	h.server.Kill() // while it is paid, or before
	h.start()
	caught()

	h.holds("cn", cnHas, lineSpan{cn, 0, h.agents[cn].lines})
	h.holds("eu", euHas, lineSpan{eu, 0, euLines})
	h.holds("rest", restHas, lineSpan{us, 0, h.agents[us].lines}, lineSpan{eu, euLines, h.agents[eu].lines})
	h.holds("team", sent, lineSpan{team, 0, h.agents[team].lines})
	for _, dir := range []string{path("cn"), filepath.Join(dead, "eu"), path("rest")} {
		if out, code := h.run("verify", dir); code != 0 || !strings.Contains(out, "acsRegion: ") {
			t.Errorf("verify %s: %d\n%s", dir, code, out)
		}
	}
	h.found("eventName: UpdateTrail and resourceName: home and requestParameters.deliveries.eu: *eu-west* and requestParameters.deliveriesBefore.eu: *eu-\\**")
}

// A region moves again and again from one destination to another while its events
// come, and at last its archive goes away: each event is in one of them, once.
func TestRegionsMove(t *testing.T) {
	dir := t.TempDir()
	trail := func(one, two string) string {
		text := fmt.Sprintf("trail \"home\" {\n  where = %q\n  residence = true\n", lineEvents)
		for name, region := range map[string]string{"one": one, "two": two} {
			if region != "" {
				text += fmt.Sprintf("  deliver \"file\" {\n    name = %q\n    path = %q\n    regions = [%q]\n    roll { max_age = \"1s\" }\n  }\n", name, filepath.Join(dir, name), region)
			}
		}
		return text + fmt.Sprintf("  deliver \"plugin\" {\n    name = \"rest\"\n    rest = true\n    %s\n    config {\n      file = %q\n      once = true\n    }\n  }\n}\n", asPlugin(t), filepath.Join(dir, "rest.ndjson"))
	}
	const home = "r1/prod"
	h := newHomes(t, trail("r1", "r2"), [2]string{"r1", "prod"})
	for i, moved := range []string{trail("r2", "r1"), trail("r2", "r3"), trail("r1", "r3"), trail("r2", "r1"), trail("r1", "r2"), trail("", "r2")} {
		for range 5 {
			h.write(20, home)
		}
		if i%2 == 0 { // else while the lines are on their way
			h.all()
		}
		h.declare(moved)
		h.server.Signal(syscall.SIGHUP)
		realtest.Until(t, realtest.Patience, fmt.Sprint("change ", i), func() bool {
			return h.total("eventName: UpdateTrail and resourceName: home") > i
		})
	}
	h.write(20, home)
	h.all()
	rest := func() map[string]map[string]int {
		return held(t, func(each func(io.Reader)) {
			if f, err := os.Open(filepath.Join(dir, "rest.ndjson")); err == nil {
				defer f.Close()
				each(f)
			}
		})
	}
	every := func() map[string]map[string]int {
		all := map[string]map[string]int{home: {}}
		for _, has := range []map[string]map[string]int{inArchive(t, filepath.Join(dir, "one")), inArchive(t, filepath.Join(dir, "two")), rest()} {
			for line, n := range has[home] {
				all[home][line] += n
			}
		}
		return all
	}
	h.holds("all destinations", every, lineSpan{home, 0, h.agents[home].lines})
	t.Logf("one %d, two %d, rest %d", len(inArchive(t, filepath.Join(dir, "one"))[home]), len(inArchive(t, filepath.Join(dir, "two"))[home]), len(rest()[home]))
}
