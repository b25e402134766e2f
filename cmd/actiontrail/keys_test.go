package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/internal/realtest"
)

// An aggregator with its embedded NATS, and an agent as a process of its own
// that has nothing but the folder that `keys agent` made for it. It is revoked,
// spools on, and gets another key.
func TestAgentElsewhere(t *testing.T) {
	if testing.Short() {
		t.Skip("starts real processes")
	}
	w := &site{t: t, dir: t.TempDir(), addr: realtest.FreeAddr(t)}
	b := &box{t: t, dir: w.dir, addr: w.addr}
	data := filepath.Join(w.dir, "aggregator")
	house := filepath.Join(w.dir, "aggregator.hcl")
	if err := os.WriteFile(house, fmt.Appendf(nil, "nats {\n  listen = %q\n}\n", realtest.FreeAddr(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	w.start("aggregator", house, w.addr)
	realtest.Until(t, realtest.Patience, "the API", func() bool { return w.total("*") >= 0 })

	// Enrolled while the server runs.
	enrol := func(out string, more ...string) *realtest.Process {
		folder := filepath.Join(w.dir, out)
		w.must(append([]string{"keys", "agent", "gw-1", "--config", house, "--data", data, "--out", folder}, more...)...)
		source := fmt.Appendf(nil, "source \"file\" \"edge\" {\n  paths = [%q]\n  format = \"nginx\"\n}\n", b.log())
		if err := os.WriteFile(filepath.Join(folder, "source.hcl"), source, 0o600); err != nil {
			t.Fatal(err)
		}
		return w.start("agent", folder, "")
	}
	b.write(100)
	agent := enrol("first")
	b.indexed()

	w.must("keys", "revoke", "gw-1", "--data", data)
	realtest.Until(t, realtest.Patience, "the revocation in the trail", func() bool { return w.total("eventName: AgentRevoked and resourceName: gw-1") == 1 })
	realtest.Until(t, realtest.Patience, "the agent to be thrown out", func() bool { return strings.Contains(agent.Output(), "connection to NATS lost") })
	b.write(50)
	realtest.Until(t, realtest.Patience, "the agent to say why its batches wait", func() bool {
		_, after, _ := strings.Cut(agent.Output(), "connection to NATS lost")
		_, after, waits := strings.Cut(after, "lane waits")
		return waits && strings.Contains(after, "does not let this client in") && strings.Contains(after, "actiontrail keys")
	})
	if n := w.total(lineEvents); n != 100 {
		t.Errorf("%d lines in the index, want those from before the revocation", n)
	}
	agent.Kill()

	// Another key, for a new lane on the same data. What waits in the spool is signed
	// with the revoked key: it is kept in quarantine. The lines after it come.
	enrol("second")
	realtest.Until(t, realtest.Patience, "the refusal in the trail", func() bool {
		return w.total("eventName: BatchRefused and requestParameters.reason: \"revoked key\"") >= 1
	})
	b.write(10)
	realtest.Until(t, realtest.Patience, "the lines of the new key", func() bool { return w.total(lineEvents) == 110 })
}

// On a NATS server that lets everybody in, an agent that nobody has enrolled is
// refused by the aggregator, which names the command that enrolls it.
func TestAgentThatNobodyEnrolled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts real processes")
	}
	nats, _ := realtest.StartNATS(t)
	w := &site{t: t, dir: t.TempDir(), addr: realtest.FreeAddr(t)}
	b := &box{t: t, dir: w.dir, addr: w.addr}
	w.logs = [][2]string{{edgeLog, b.log()}}
	servers := fmt.Sprintf("servers = [%q]", "nats://"+nats)
	w.start("aggregator", w.config("aggregator", servers+"\n  max_bytes = \"1GiB\""), w.addr)
	b.write(10)
	agent := w.start("agent", w.config("agent", servers), "")
	realtest.Until(t, realtest.Patience, "the refusal in the trail", func() bool {
		return w.total("eventName: BatchRefused and resourceName: gw-1 and requestParameters.reason: \"unknown key\"") > 0
	})
	if n := w.total(lineEvents); n != 0 {
		t.Errorf("%d lines of an unknown agent in the index", n)
	}
	_, key, _ := strings.Cut(agent.Output(), "key=U")
	key, _, _ = strings.Cut(key, " ")
	w.must("keys", "enroll", "gw-1", "U"+key, "--account", "prod", "--data", filepath.Join(w.dir, "aggregator"))
	b.write(5)
	realtest.Until(t, realtest.Patience, "the lines after the enrolment", func() bool { return w.total(lineEvents) == 5 })
}
