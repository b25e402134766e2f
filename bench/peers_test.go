package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/internal/wire"
)

// TestPeers gives the same log to the light agent and to rsyslog, as programs of
// their own, and prints what each took. It runs by bench/peers.sh only.
//
// The work: read a file of PEERS_LINES lines (2,000,000) from its beginning, parse
// the JSON, rename its 13 fields, name the action after method and path. rsyslog
// writes JSON into a file; the agent writes what it makes besides (ids, signed
// batches, a spool that is synced) to a NATS server that syncs each write.
func TestPeers(t *testing.T) {
	lines, err := strconv.Atoi(os.Getenv("PEERS_LINES"))
	if err != nil {
		t.Skip("bench/peers.sh runs it")
	}
	log := filepath.Join(t.TempDir(), "access.log")
	size, err := writeLogOf(log, lines, (*logLines).short)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("%d lines of %d bytes\n", lines, size/int64(lines))
	peer := usage{}
	if _, err := exec.LookPath("rsyslogd"); err == nil {
		peer = runRsyslog(t, log, lines)
	} else {
		fmt.Println("rsyslog is not here: apt-get install rsyslog")
	}
	ours := runAgent(t, log, lines)
	for _, u := range []struct {
		name string
		usage
	}{{"rsyslog", peer}, {"actiontrail-agent", ours}} {
		if u.wall > 0 {
			fmt.Printf("%-18s %6.2f CPU-s per million lines, %9.0f lines/s, %4.0f MB RSS at most\n",
				u.name, u.cpu/float64(lines)*1e6, float64(lines)/u.wall.Seconds(), u.peak)
		}
	}
	if peer.cpu > 0 {
		fmt.Printf("rsyslog takes %.1f times the CPU\n", peer.cpu/ours.cpu)
	}
}

// usage is what a program took.
type usage struct {
	cpu  float64 // seconds, user and system
	wall time.Duration
	peak float64 // MB in memory at most
}

// program is a program that is measured.
type program struct {
	t     *testing.T
	cmd   *exec.Cmd
	out   bytes.Buffer
	since time.Time
}

func startProgram(t *testing.T, args ...string) *program {
	t.Helper()
	p := &program{t: t, cmd: exec.Command(args[0], args[1:]...), since: time.Now()}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// memory is what it has in memory, by the kernel's name for it, in MB. The rusage
// of a child will not do: it begins with what its parent had.
func (p *program) memory(kind string) float64 {
	p.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), kind+":")
	kib, err := strconv.ParseFloat(strings.Fields(rest + " ?")[0], 64)
	if err != nil {
		p.t.Fatalf("%s of process %d: %v", kind, p.cmd.Process.Pid, err)
	}
	return kib / 1024
}

// end ends the program, whose work is done, and tells what it took until now.
func (p *program) end() usage {
	p.t.Helper()
	u := usage{wall: time.Since(p.since), peak: p.memory("VmHWM")}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Logf("%v: %s", err, p.out.Bytes())
	}
	u.cpu = (p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()).Seconds()
	return u
}

func runRsyslog(t *testing.T, log string, lines int) usage {
	dir := t.TempDir()
	out := filepath.Join(dir, "out.json")
	var fields strings.Builder
	for _, f := range [][2]string{{"msec", "eventTime"}, {"remote_addr", "sourceIpAddress"}, {"x_forwarded_for", "forwardedFor"}, {"remote_user", "userName"},
		{"request_id", "requestId"}, {"method", "httpMethod"}, {"request_uri", "httpPath"}, {"status", "httpStatus"}, {"body_bytes_sent", "responseBytes"},
		{"request_time", "duration"}, {"host", "eventSource"}, {"user_agent", "userAgent"}, {"consumer", "principalId"}, {"eventName", "eventName"}} {
		fmt.Fprintf(&fields, "  property(outname=%q name=\"$!%s\" format=\"jsonf\")\n", f[1], f[0])
	}
	conf := filepath.Join(dir, "rsyslog.conf")
	text := fmt.Sprintf(`global(workDirectory=%q)
module(load="imfile")
module(load="mmjsonparse")
template(name="event" type="list" option.jsonf="on") {
%s}
input(type="imfile" File=%q Tag="access" ruleset="work")
ruleset(name="work") {
  action(type="mmjsonparse" cookie="")
  set $.what = re_extract($!request_uri, "^/v1/([a-z-]+)(/[^/?]+)?(/[a-z-]+)?", 0, 1, "other");
  set $!eventName = $!method & " " & $.what;
  action(type="omfile" file=%q template="event")
}
`, dir, &fields, log, out)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startProgram(t, "rsyslogd", "-n", "-f", conf, "-i", filepath.Join(dir, "pid"))
	seen, last := 0, int64(0)
	realtest.Until(t, 30*time.Minute, "rsyslog to have written all lines", func() bool {
		n, size, err := countLines(out, last)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		seen, last = seen+n, size
		return seen >= lines
	})
	u := p.end()
	first, _, err := bufio.NewReader(must(os.Open(out))).ReadLine()
	if err != nil || !bytes.Contains(first, []byte(`"eventname":`)) {
		t.Fatalf("rsyslog has written %s, %v: %s", first, err, p.out.Bytes())
	}
	if seen != lines {
		t.Errorf("rsyslog has written %d lines of %d", seen, lines)
	}
	return u
}

func must(f *os.File, err error) io.Reader {
	if err != nil {
		return strings.NewReader("")
	}
	return f
}

// countLines counts the lines of a file from an offset on.
func countLines(path string, from int64) (n int, end int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, from, err
	}
	defer f.Close()
	buf := make([]byte, 1<<20)
	for {
		k, err := f.ReadAt(buf, from)
		n, from = n+bytes.Count(buf[:k], []byte("\n")), from+int64(k)
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return n, from, err
		}
	}
}

func runAgent(t *testing.T, log string, lines int) usage {
	dir := t.TempDir()
	binary := filepath.Join(dir, "actiontrail-agent")
	build := exec.Command("go", "build", "-trimpath", "-tags", "grpcnotrace", "-ldflags", "-s -w", "-o", binary, "github.com/actiontrail/actiontrail/cmd/actiontrail-agent")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	addr, _ := realtest.StartNATS(t)
	conn, err := bus.Connect(bus.Config{Name: "bench", Servers: []string{"nats://" + addr}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	realtest.Until(t, realtest.Patience, "the stream", func() bool { return conn.EnsureStream(t.Context(), bus.StreamConfig{MaxBytes: 2 << 30}) == nil })

	rules, err := os.ReadFile("../deploy/quickstart/demo.hcl")
	if err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "conf")
	if err := os.Mkdir(conf, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"demo.hcl": string(rules), "agent.hcl": fmt.Sprintf(`
agent {
  name    = "gw-1"
  account = "prod"
  nats { servers = ["nats://%s"] }
}
source "file" "edge" {
  paths  = [%q]
  format = "nginx"
  start  = "beginning"
  mapper = "demo"
}`, addr, log)} {
		if err := os.WriteFile(filepath.Join(conf, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	start := func() *program { return startProgram(t, binary, "--config", conf, "--data", data) }

	p := start()
	events, seq := 0, uint64(0)
	arrive := func(want int) {
		realtest.Until(t, 30*time.Minute, "the stream to have all events", func() bool {
			for events < want {
				m, err := conn.Next(t.Context(), "events.prod.gw-1.edge", seq+1)
				if err != nil {
					return false // not there yet
				}
				h, _, err := wire.ReadHeader(m.Data)
				if err != nil {
					t.Fatal(err)
				}
				events, seq = events+h.Count, m.Seq
			}
			return true
		})
	}
	arrive(lines + 1) // and the event of the start
	u := p.end()
	if events != lines+1 {
		t.Errorf("the stream has %d events of %d lines", events, lines)
	}

	// It starts anew with nothing to do, and tells of that.
	p = start()
	arrive(lines + 2)
	info, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("actiontrail-agent: a binary of %.1f MB, %.0f MB RSS idle\n", float64(info.Size())/(1<<20), p.memory("VmRSS"))
	p.end()
	return u
}
