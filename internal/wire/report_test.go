package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func testReport(key string) Report {
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	return Report{Account: "prod", Agent: "gw-1", Key: key, Run: 5, Number: 3, Time: at, Started: at.Add(-time.Hour), Program: "v0.2.0",
		Sources: []SourceReport{
			{Source: "edge", Epoch: 7, LastBatch: 42, Events: 100, Published: 90, Ignored: 4, Unparsed: 2, Unmapped: 1, Recognised: []RecognisedReport{{Format: "caddy", Why: "JSON with ts", Records: 3}}, Mapper: "shop", Proposed: 3, Proposals: []ProposalReport{
				{Pattern: "GET /orders/{order}", Service: "Orders", Action: "GetOrder", ResourceType: "Orders::Order", ResourceName: "order", Count: 7, Example: "/orders/17"},
				{Pattern: "GET /healthz", Ignore: true, Count: 2, Example: "/healthz"}}, Gaps: 1, LagBytes: 512, Oldest: at.Add(-time.Second),
				Spool: SpoolReport{Bytes: 4096, MaxBytes: 1 << 30, Batches: 2, Oldest: at.Add(-time.Minute)}, LastSeen: at, Failing: true, LastError: "no room", ErrorTime: at},
			{Source: "new"},
		}}
}

func TestReportTravels(t *testing.T) {
	key, h := testLane(t)
	want := testReport(h.Lane.Key)
	msg, err := SealReport(want, key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := OpenReport(msg)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// No byte of a report can be changed, and neither key nor signature be that of another.
func TestReportForged(t *testing.T) {
	key, h := testLane(t)
	msg, err := SealReport(testReport(h.Lane.Key), key)
	if err != nil {
		t.Fatal(err)
	}
	for i := range msg {
		forged := bytes.Clone(msg)
		forged[i] ^= 1
		if _, err := OpenReport(forged); !errors.Is(err, ErrNotReport) && !errors.Is(err, ErrSignature) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
	other, _ := laneOf(t, 2)
	if msg, err = SealReport(testReport(h.Lane.Key), other); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenReport(msg); !errors.Is(err, ErrSignature) {
		t.Errorf("signed by another key: %v", err)
	}
	// What signs a batch is not what signs a report, whatever stands in it.
	batch, _ := seal(t, h, key, nil)
	if _, err := OpenReport(batch); !errors.Is(err, ErrNotReport) {
		t.Errorf("a batch: %v", err)
	}
}

func TestReportRefused(t *testing.T) {
	key, h := testLane(t)
	for name, change := range map[string]func(*Report){
		"name of the agent":   func(r *Report) { r.Agent = "gw.1" },
		"account":             func(r *Report) { r.Account = "" },
		"no number":           func(r *Report) { r.Number = 0 },
		"no run":              func(r *Report) { r.Run = 0 },
		"no time":             func(r *Report) { r.Time = time.Time{} },
		"name of a source":    func(r *Report) { r.Sources[0].Source = "a\"b" },
		"a format unnamed":    func(r *Report) { r.Sources[0].Recognised[0].Format = "" },
		"a long reason":       func(r *Report) { r.Sources[0].Recognised[0].Why = strings.Repeat("x", 301) },
		"many formats":        func(r *Report) { r.Sources[0].Recognised = make([]RecognisedReport, 33) },
		"name of a mapper":    func(r *Report) { r.Sources[0].Mapper = "a b" },
		"many proposals":      func(r *Report) { r.Sources[0].Proposals, r.Sources[0].Proposed = proposals(21), 21 },
		"fewer than told":     func(r *Report) { r.Sources[0].Proposed = 1 },
		"a long example":      func(r *Report) { r.Sources[0].Proposals[0].Example = strings.Repeat("x", 301) },
		"no pattern":          func(r *Report) { r.Sources[0].Proposals[0].Pattern = "" },
		"no count":            func(r *Report) { r.Sources[0].Proposals[1].Count = 0 },
		"a source twice":      func(r *Report) { r.Sources[0].Source = "new" },
		"negative lag":        func(r *Report) { r.Sources[0].LagBytes = -1 },
		"negative spool":      func(r *Report) { r.Sources[0].Spool.Bytes = -1 },
		"too many sources":    func(r *Report) { r.Sources = make([]SourceReport, MaxReportSources+1) },
		"the error of a book": func(r *Report) { r.Sources[0].LastError = strings.Repeat("x", maxReportText+1) },
	} {
		t.Run(name, func(t *testing.T) {
			r := testReport(h.Lane.Key)
			change(&r)
			body, err := json.Marshal(versioned{reportVersion, r}) // as an agent that does not check would send it
			if err != nil {
				t.Fatal(err)
			}
			msg := append([]byte(reportMagic), body...)
			sig, err := key.Sign(msg)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := OpenReport(append(msg, sig...)); !errors.Is(err, ErrNotReport) {
				t.Errorf("got %v", err)
			}
		})
	}
	body, err := json.Marshal(versioned{reportVersion + 1, testReport(h.Lane.Key)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenReport(append(append([]byte(reportMagic), body...), make([]byte, sigLen)...)); err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("another version: %v", err)
	}
}

// Long errors are cut, not refused: a report that cannot be sent would make the agent look dead.
func TestReportCutsErrors(t *testing.T) {
	key, h := testLane(t)
	for _, text := range []string{strings.Repeat("漢", 1000), strings.Repeat("x\xff", 1000), strings.Repeat("x", maxReportText)} {
		r := testReport(h.Lane.Key)
		r.Sources[0].LastError, r.Program = text, text
		msg, err := SealReport(r, key)
		if err != nil {
			t.Fatal(err)
		}
		got, err := OpenReport(msg)
		if err != nil {
			t.Fatal(err)
		}
		if e := got.Sources[0].LastError; len(e) < maxReportText-6 || !utf8.ValidString(e) {
			t.Errorf("%d bytes left of %d: %q", len(e), len(text), e)
		}
		if r.Sources[0].LastError != text {
			t.Error("the caller's report was changed")
		}
	}
}

// proposals are n of them, as long as they may be.
func proposals(n int) []ProposalReport {
	long := strings.Repeat("<", maxReportText) // six bytes each in JSON
	all := make([]ProposalReport, n)
	for i := range all {
		all[i] = ProposalReport{Pattern: long, Service: "S", Action: "A", Count: uint64(n - i), Example: long}
	}
	return all
}

func proposing(sources, each int) []SourceReport {
	all := make([]SourceReport, sources)
	for i := range all {
		all[i] = SourceReport{Source: fmt.Sprintf("s%d", i), Proposals: proposals(each), Proposed: each}
	}
	return all
}

// However many sources have something to propose, and whatever clients asked for,
// the report can be sent, and each tells what its requests need most.
func TestReportSharesProposals(t *testing.T) {
	key, h := testLane(t)
	for _, c := range []struct{ sources, first, last int }{{1, 20, 20}, {3, 20, 20}, {10, 7, 7}, {60, 1, 1}, {MaxReportSources, 1, 0}} {
		r := testReport(h.Lane.Key)
		r.Sources = proposing(c.sources, 20)
		msg, err := SealReport(r, key)
		if err != nil {
			t.Fatal(err)
		}
		got, err := OpenReport(msg)
		if err != nil {
			t.Fatal(err)
		}
		first, last := got.Sources[0], got.Sources[c.sources-1]
		if len(first.Proposals) != c.first || len(last.Proposals) != c.last || first.Proposed != 20 {
			t.Errorf("%d sources: %d and %d told of %d", c.sources, len(first.Proposals), len(last.Proposals), first.Proposed)
		}
		if n := first.Proposals[0].Count; n != 20 {
			t.Errorf("the first is told to have %d requests", n)
		}
		if len(r.Sources[0].Proposals) != 20 {
			t.Error("the caller's report was changed")
		}
	}
	r := testReport(h.Lane.Key)
	r.Sources[0].Proposals[0].Pattern = strings.Repeat("x", maxReportText+1)
	msg, err := SealReport(r, key)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Sources[0].Proposals) != 2 || r.Sources[0].Proposals[1].Count == 0 {
		t.Errorf("the caller's proposals were changed: %+v", r.Sources[0].Proposals)
	}
	if got, err := OpenReport(msg); err != nil || len(got.Sources[0].Proposals) != 1 || got.Sources[0].Proposals[0].Pattern != "GET /healthz" {
		t.Errorf("with one that is too long: %+v, %v", got, err)
	}
}

// FuzzOpenReport signs whatever it is given, so that the fuzzer gets past the signature.
func FuzzOpenReport(f *testing.F) {
	key, h := testLane(f)
	body, err := json.Marshal(versioned{reportVersion, testReport(h.Lane.Key)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body, false)
	f.Add(body, true)
	f.Add([]byte(`{"version":1,"sources":null}`), true)
	f.Fuzz(func(t *testing.T, body []byte, signed bool) {
		msg := append([]byte(reportMagic), body...)
		sig := make([]byte, sigLen)
		if signed {
			if sig, err = key.Sign(msg); err != nil {
				t.Fatal(err)
			}
		}
		r, err := OpenReport(append(msg, sig...))
		if err != nil {
			if !errors.Is(err, ErrNotReport) && !errors.Is(err, ErrSignature) {
				t.Fatalf("error of no kind: %v", err)
			}
			return
		}
		if !signed || r.Key != h.Lane.Key {
			t.Fatal("a report that nobody signed was taken")
		}
		again, err := SealReport(r, key)
		if err != nil {
			t.Fatalf("what was taken cannot be sent: %v", err)
		}
		back, err := OpenReport(again)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(r, back, cmpopts.EquateEmpty()); d != "" && len(r.Sources) > 0 {
			t.Fatalf("(-first +second):\n%s", d)
		}
	})
}

// The example in docs/format/report.md is what an agent sends.
func TestReportPage(t *testing.T) {
	key, h := testLane(t)
	msg, err := SealReport(testReport(h.Lane.Key), key)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/format/report.md")
	if err != nil {
		t.Fatal(err)
	}
	body, sig := msg[len(reportMagic):len(msg)-sigLen], msg[len(msg)-sigLen:]
	for _, want := range []string{"```json\n" + string(body) + "\n```", fmt.Sprintf("Signature: `%x`", sig), "`" + reportMagic + "`"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("docs/format/report.md lacks\n%s", want)
		}
	}
}
