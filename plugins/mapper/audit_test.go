package mapper

import (
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// A stamp without a year is of the last year in which it was not to come yet.
func TestYearOfSyslog(t *testing.T) {
	east := time.FixedZone("east", 8*3600)
	for _, c := range []struct {
		stamp, read, want string
		in                *time.Location
	}{
		{"Nov 21 01:26:57 ", "2026-11-22T00:00:00Z", "2026-11-21T01:26:57Z", time.UTC},
		{"Nov 22 20:00:00 ", "2026-11-22T00:00:00Z", "2026-11-22T20:00:00Z", time.UTC}, // a clock ahead
		{"Nov 23 00:00:01 ", "2026-11-22T00:00:00Z", "2025-11-23T00:00:01Z", time.UTC},
		{"Dec 31 23:59:59 ", "2027-01-01T00:00:05Z", "2026-12-31T23:59:59Z", time.UTC},
		{"Jan  1 00:00:01 ", "2026-12-31T23:59:59Z", "2027-01-01T00:00:01Z", time.UTC},
		{"Jan 1 07:00:00 ", "2026-12-31T23:00:01Z", "2026-12-31T23:00:00Z", east},
		{"Feb 29 12:00:00 ", "2026-11-22T00:00:00Z", "2024-02-29T12:00:00Z", time.UTC},
		{"Feb 29 12:00:00 ", "2104-02-28T12:00:00Z", "2104-02-29T12:00:00Z", time.UTC}, // 2100 had none
		{"Jun 30 23:59:60 ", "2026-11-22T00:00:00Z", "2026-07-01T00:00:00Z", time.UTC},
	} {
		read, err := time.Parse(time.RFC3339, c.read)
		if err != nil {
			t.Fatal(err)
		}
		var k clock
		at, rest, err := k.yearless(c.stamp+"host", c.in, event.Unix(read.UnixNano(), 9))
		if err != nil || rest != "host" || time.Unix(0, at.Nanos).UTC().Format(time.RFC3339) != c.want {
			t.Errorf("%q read at %s is %s %q, %v; want %s", c.stamp, c.read, at, rest, err, c.want)
		}
	}
	for _, bad := range []string{"", "Nov", "Nov 31 00:00:00 x", "Nox 21 01:26:57 x", "Nov 0 01:26:57 x", "Nov 21 25:26:57 x", "Nov 21 01:26:57", "ovD 21 01:26:57 x"} {
		var k clock
		if _, _, err := k.yearless(bad, time.UTC, readingNow()); err == nil {
			t.Errorf("%q is a time", bad)
		}
	}
	m := newMapper(t, Options{Format: "authlog"})
	var e event.Event
	if err := m.Map(&plugins.Record{Data: []byte("Nov 21 01:26:57 h sshd[1]: Accepted password for bob from 192.0.2.7 port 1 ssh2")}, &e); err != errNoYear {
		t.Errorf("nobody knows when it was read: %v", err)
	}
}

// The records of one act in Vault are one event, whatever was read before and however
// often; the records of requests are those of another source.
func TestVaultTellsAnActOnce(t *testing.T) {
	records := recordsOf(t, "vault")[:2]
	if !strings.Contains(records[0], `"type":"request"`) || !strings.Contains(records[1], `"type":"response"`) {
		t.Fatal("the golden file has another order")
	}
	ids := map[string]int{}
	for _, order := range [][]int{{0, 1}, {1}, {1, 0}, {0, 1, 0, 1}, {1, 1}} { // also read on between the two, and again
		m := newMapper(t, Options{Format: "vault"})
		told := map[string]bool{}
		for _, i := range order {
			var e event.Event
			switch err := m.Map(&plugins.Record{Data: []byte(records[i])}, &e); {
			case i == 0 && err != plugins.ErrIgnored, i == 1 && err != nil:
				t.Fatalf("record %d of %v: %v", i, order, err)
			case i == 1:
				told[strings.Clone(e.ID)] = true
			}
		}
		if len(told) != 1 {
			t.Errorf("%v tells %d acts", order, len(told))
		}
		for id := range told {
			ids[id]++
		}
	}
	if len(ids) != 1 {
		t.Errorf("one act has the ids %v", ids)
	}
	m := newMapper(t, Options{Format: "vault", LogFormat: "requests"})
	var e event.Event
	if err := m.Map(&plugins.Record{Data: []byte(records[0])}, &e); err != nil || ids[e.ID] != 0 {
		t.Errorf("a request as an event: %v, %s", err, e.ID)
	}
	if _, err := New(Options{Format: "vault", LogFormat: "all"}); err == nil || !strings.Contains(err.Error(), `"requests"`) {
		t.Error(err)
	}
}

// Whoever failed to sign in is claimed, in each system; who did is verified; and a
// second factor that is not told of is not denied.
func TestSignins(t *testing.T) {
	seen := 0
	for name, opt := range auditGolden(t) {
		m := newMapper(t, opt)
		for _, record := range recordsOf(t, name) {
			e := event.Event{Origin: event.Origin{Observed: readingNow()}}
			if m.Map(&plugins.Record{Data: []byte(record)}, &e) != nil || e.Type != event.TypeConsoleSignin || MapsEvents(opt.Format) {
				continue
			}
			seen++
			want := event.TrustVerified
			if e.ErrorCode != "" {
				want = event.TrustClaimed
			}
			if e.Identity.UserName == "" {
				want = event.TrustNone
			}
			if e.Name != event.TypeConsoleSignin || e.RW != event.Write || e.Identity.Trust != want || (e.ErrorCode == "") != (e.ErrorMessage == "") {
				t.Errorf("%s: %s %s, %q %q, %s, want %s\n%s", name, e.Name, e.RW, e.ErrorCode, e.ErrorMessage, e.Identity.Trust, want, record)
			}
			if text := string(e.Additional); strings.Contains(text, "mfaChecked") && !strings.Contains(text, `"mfaChecked":"true"`) && !strings.Contains(text, `"mfaChecked":"false"`) {
				t.Errorf("%s: %s", name, text)
			}
		}
	}
	if seen < 25 {
		t.Errorf("%d sign-ins only", seen)
	}
}

// The source native of an identity stands for all that records tell of themselves.
func TestActorSources(t *testing.T) {
	record := recordsOf(t, "minio")[0]
	for order, want := range map[string]string{"": "accesskey", "native": "accesskey", "accesskey": "accesskey", "k8s.user": "", "token.entity": ""} {
		i := Identity{}
		if order != "" {
			i.Order = []string{order}
		}
		e := mapOne(t, newMapper(t, Options{Format: "minio", Rules: &Rules{Identity: i}}), record)
		if e.Identity.Source != want {
			t.Errorf("order %q: %+v", order, e.Identity)
		}
	}
	i := Identity{Order: []string{"native"}, Trust: map[string]string{"native": "claimed"}}
	if e := mapOne(t, newMapper(t, Options{Format: "minio", Rules: &Rules{Identity: i}}), record); e.Identity.Trust != event.TrustVerified {
		t.Errorf("what the system has checked is %+v", e.Identity) // as with all that a gateway vouches for
	}
}

// A log_line_prefix that cannot be read is refused.
func TestPostgresPrefix(t *testing.T) {
	for prefix, want := range map[string]string{"%u": "no time", "%m%u": "right behind", "%-10p %m": "escapes", "%": "escapes", "%m [%p] ": "", "%n %q%u@%d": ""} {
		_, err := New(Options{Format: "postgresql", LogFormat: prefix})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", prefix, err)
		}
	}
}

// Texts in a statement are not shown, whatever quotes they stand in.
func TestWithoutLiterals(t *testing.T) {
	var q request
	for in, want := range map[string]string{
		"select 1": "select 1", "select 'a''b', 'c' || x": "select '***', '***' || x", `select E'a\'b', 2`: "select E'***', 2", "select $$a'b$$, $1": "select '***', $1",
		"do $x$ a $$ b $x$ end": "do '***' end", "select 'cut": "select '***'", "select $a$ cut": "select '***'", "$": "$", "$1": "$1", "'": "'***'", `'\'`: "'***'",
	} {
		if got := withoutLiterals(&q, in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}
