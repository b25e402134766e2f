package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/sink/slstest"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// A trail into Log Service: the server is killed, and the service is dead, slow, busy,
// and loses answers, while events flow. Each event is there, at least once, in the
// logstore that ActionTrail would have made.
func TestTrailInSLS(t *testing.T) {
	b, service := newBox(t, ""), slstest.Start(t, "actiontrail_all")
	for _, e := range service.Environment() {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	b.configureTrails(fmt.Sprintf("trail \"all\" {\n  where = %q\n  deliver \"sls\" {\n    project = %q\n    region = %q\n    endpoint = %q\n  }\n}\n", lineEvents, service.Project, service.Region, service.URL))
	random := rand.New(rand.NewPCG(7, 7))
	met := map[slstest.Fault]int{}
	storm := func() slstest.Fault {
		f := slstest.Fine
		if random.IntN(2) == 0 {
			f = []slstest.Fault{slstest.Cut, slstest.Lost, slstest.Busy, slstest.Quota, slstest.Wrong, slstest.Slow}[random.IntN(6)]
		}
		met[f]++
		return f
	}
	b.start()
	for round := range 6 {
		service.Choose(storm)
		if round == 3 { // it is dead, while the server is killed
			service.Choose(func() slstest.Fault { return slstest.Cut })
		}
		for turn := range 6 {
			before := len(service.Logs("actiontrail_all"))
			b.write(20)
			if round != 3 && (round%2 == 0 || turn < 5) { // else it is killed at once
				realtest.Until(t, realtest.Patience, "events to be sent", func() bool { return len(service.Logs("actiontrail_all")) > before })
			}
		}
		b.server.Kill()
		b.server.Again()
		b.ready()
	}
	b.write(50)
	service.Choose(storm)
	b.sent("the logstore", false, func() (ids []string, err error) {
		for _, l := range service.Logs("actiontrail_all") {
			var e struct{ EventID string }
			if err := json.Unmarshal([]byte(l.Fields["event"]), &e); err != nil || l.Topic != "actiontrail_audit_event" {
				return nil, fmt.Errorf("%+v: %w", l, err)
			}
			ids = append(ids, e.EventID)
		}
		return ids, nil
	})
	requests, schemes, forms := service.Seen()
	t.Logf("%d requests, faults %v", requests, met)
	if len(met) < 6 {
		t.Errorf("only these faults were met: %v", met)
	}
	if schemes["v4"] == 0 || forms["lz4"] == 0 {
		t.Errorf("signed %v, compressed %v", schemes, forms)
	}
	if d := b.trail("all").Deliver[0]; d.Kind != "sls" || d.RefusedEvents != 0 || d.Target != "sls://audit-1" {
		t.Errorf("%+v", d)
	}
}

// What is wrong there is told in the status, with what to do about it.
func TestTrailInSLSWithoutLogstore(t *testing.T) {
	b, service := newBox(t, ""), slstest.Start(t)
	for _, e := range service.Environment() {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	b.configureTrails(fmt.Sprintf("trail \"Sec\" {\n  deliver \"sls\" {\n    project = %q\n    region = %q\n    endpoint = %q\n  }\n}\n", service.Project, service.Region, service.URL))
	b.write(10)
	b.start()
	realtest.Until(t, realtest.Patience, "the status to tell", func() bool {
		return strings.Contains(fmt.Sprint(b.trail("Sec")), "make the logstore actiontrail_sec")
	})
}
