package mapper

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
)

// briefly is what tests of real systems compare of an event.
func briefly(e *event.Event) string {
	s := e.Name + " " + e.Identity.UserName + " " + e.Identity.Trust
	if e.ErrorCode != "" {
		s += " " + e.ErrorCode
	}
	return s
}

// eventsOf maps lines; what is ignored is left out, and all else has to have a meaning.
func eventsOf(t *testing.T, opt Options, lines []string) (all []event.Event) {
	t.Helper()
	m := newMapper(t, opt)
	for _, line := range lines {
		e := event.Event{Origin: event.Origin{Observed: readingNow()}}
		switch err := m.Map(&plugins.Record{Data: []byte(line)}, &e); err {
		case nil:
			kept, err := event.ParseJSON(readBack(t, &e)) // strings of e live until the next record
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, kept)
		case plugins.ErrIgnored:
		default:
			t.Errorf("%v: %s", err, line)
		}
	}
	return all
}

func brief(all []event.Event) (texts []string) {
	for i := range all {
		texts = append(texts, briefly(&all[i]))
	}
	return texts
}

// Each attempt to sign in to a real sshd is one event, and so is the end of a session.
// Names of users may hold what the server itself would write.
func TestRealSSHD(t *testing.T) {
	t.Parallel()
	a := realtest.StartAuthlog(t, "sshd", "ssh", "ssh-keygen")
	s := a.SSHD(t)
	if !s.Login(t, "root", true) || s.Login(t, "x from 6.6.6.6 port 1 ssh2", false) || s.Login(t, "root", false) {
		t.Fatal("sshd let the wrong ones in")
	}
	realtest.Until(t, realtest.Patience, "the last attempt's line", func() bool {
		all := strings.Join(a.Lines("sshd"), "\n")
		return strings.Contains(all, "Failed password for root") && strings.Contains(all, "session closed for user root")
	})
	all := eventsOf(t, Options{Format: "authlog"}, a.Lines("sshd"))
	var signs []event.Event
	for _, e := range all {
		if e.Type != event.TypeAPICall {
			signs = append(signs, e)
		}
		if e.Source != "host-1" || e.Type == event.TypeConsoleSignin && e.SourceIP != "127.0.0.1" {
			t.Errorf("%s of %s from %s", e.Name, e.Source, e.SourceIP)
		}
	}
	want := []string{
		"ConsoleSignin root verified", "ConsoleSignout root verified",
		"ConsoleSignin x from 6.6.6.6 port 1 ssh2 claimed InvalidUser", "ConsoleSignin root claimed AuthenticationFailed",
	}
	if diff := cmp.Diff(want, brief(signs)); diff != "" {
		t.Errorf("sign-ins and sign-outs (-want +got):\n%s\nof\n%s", diff, strings.Join(a.Lines("sshd"), "\n"))
	}
	if key := all[0].Identity.AccessKeyID; !strings.HasPrefix(key, "SHA256:") {
		t.Errorf("the key is %q", key)
	}
}

// What sudo and su write of those that used them.
func TestRealSudo(t *testing.T) {
	t.Parallel()
	a := realtest.StartAuthlog(t, "sudo", "su")
	if !a.Run(t, "sudo", "-u", "nobody", "true", "--token=hunter2hunter2") || !a.Run(t, "su", "nobody", "-s", "/bin/sh", "-c", "true") {
		t.Fatal("root may not be nobody")
	}
	realtest.Until(t, realtest.Patience, "the lines of sudo and su", func() bool { return len(a.Lines("sudo")) > 0 && len(a.Lines("su")) > 0 })
	all := eventsOf(t, Options{Format: "authlog"}, append(a.Lines("sudo"), a.Lines("su")...))
	want := []string{"RunCommand nobody:root verified", "SwitchUser nobody:root verified"}
	if diff := cmp.Diff(want, brief(all)); diff != "" {
		t.Fatalf("(-want +got):\n%s\nof\n%s", diff, strings.Join(a.Lines("sudo"), "\n"))
	}
	if e := all[0]; !strings.HasSuffix(e.ResourceName, "/true") || strings.Contains(string(e.Additional), "hunter2") {
		t.Errorf("%s, %s", e.ResourceName, e.Additional)
	}
}

// A real PostgreSQL writes each statement and each connection three times, as text, as
// CSV and in JSON: they are the same events.
func TestRealPostgreSQL(t *testing.T) {
	t.Parallel()
	p := realtest.StartPostgreSQL(t)
	if !p.SQL(t, "root_of_db", true, `create table account (id int, note text); insert into account values (1, 'a secret, "quoted"'); create role eve login password 'right-password'`) {
		t.Fatal("no table")
	}
	if p.SQL(t, "eve", true, "select note from account") || p.SQL(t, "root_of_db", false, "select 1") {
		t.Fatal("what nobody may do was done")
	}
	read := func(end string) []string {
		text, err := os.ReadFile(p.Log + end)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	}
	realtest.Until(t, realtest.Patience, "the last line", func() bool {
		for _, end := range []string{".log", ".csv", ".json"} {
			if text, err := os.ReadFile(p.Log + end); err != nil || !strings.Contains(string(text), "authentication failed for user") || strings.Count(string(text), "disconnection: ") < 3 {
				return false
			}
		}
		return true
	})
	events := map[string][]string{}
	for _, end := range []string{".log", ".csv", ".json"} {
		all := eventsOf(t, Options{Format: "postgresql"}, read(end))
		for _, e := range all {
			if strings.Contains(string(e.AppendJSON(nil)), "secret") || e.Service != "PostgreSQL" {
				t.Errorf("%s: %s", end, e.AppendJSON(nil))
			}
			if e.Name == "Disconnect" { // as often as it was asked whether the server is there
				continue
			}
			events[end] = append(events[end], briefly(&e))
		}
	}
	for _, end := range []string{".csv", ".json"} {
		if diff := cmp.Diff(events[".log"], events[end]); diff != "" {
			t.Errorf("%s (-text +it):\n%s", end, diff)
		}
	}
	all := strings.Join(events[".log"], "\n")
	for _, want := range []string{"CreateTable root_of_db verified", "InsertTable root_of_db verified", "CreateRole root_of_db verified", "Connect eve verified", " eve verified PermissionDenied", "Connect root_of_db claimed AuthenticationFailed"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
}
