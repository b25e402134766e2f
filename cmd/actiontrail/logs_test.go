package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/sink/loki"
	"github.com/actiontrail/actiontrail/aggregator/sink/otlp"
	"github.com/actiontrail/actiontrail/aggregator/sink/post/posttest"
	"github.com/actiontrail/actiontrail/aggregator/sink/splunk"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/internal/signed"
)

// takeLogs takes what is posted to it by its path, without looking closely: the tests of the sinks do.
func takeLogs(r *http.Request, body []byte) posttest.Answer {
	a := posttest.Answer{}
	wrong := func(err error) posttest.Answer {
		return posttest.Answer{Code: http.StatusTeapot, Body: fmt.Sprint(err)}
	}
	if !strings.HasSuffix(r.Header.Get("Authorization"), " token-of-tests") {
		return wrong(errors.New("no token"))
	}
	switch r.URL.Path {
	case "/hook":
		if r.Header.Get("Actiontrail-Trail") != "all" || r.Header.Get(signed.Header) == "" {
			return wrong(fmt.Errorf("headers are %v", r.Header))
		}
		for line := range bytes.Lines(body) {
			a.Events = append(a.Events, bytes.TrimSpace(line))
		}
	case loki.Path:
		var push struct {
			Streams []struct {
				Stream map[string]string
				Values [][]json.RawMessage
			}
		}
		if err := json.Unmarshal(body, &push); err != nil {
			return wrong(err)
		}
		for _, s := range push.Streams {
			for _, v := range s.Values {
				var line string
				if err := json.Unmarshal(v[1], &line); err != nil || s.Stream["trail"] != "all" {
					return wrong(fmt.Errorf("%v: %w", s.Stream, err))
				}
				a.Events = append(a.Events, []byte(line))
			}
		}
		a.Code = http.StatusNoContent
	case splunk.Path:
		for d := json.NewDecoder(bytes.NewReader(body)); ; {
			var one struct{ Event json.RawMessage }
			if err := d.Decode(&one); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return wrong(err)
			}
			a.Events = append(a.Events, one.Event)
		}
		a.Body = `{"text":"Success","code":0}`
	case otlp.Path:
		for _, m := range regexp.MustCompile(`"body":\{"stringValue":("(?:[^"\\]|\\.)*")\}`).FindAllSubmatch(body, -1) {
			var text string
			if err := json.Unmarshal(m[1], &text); err != nil {
				return wrong(err)
			}
			a.Events = append(a.Events, []byte(text))
		}
		a.Body = "{}"
	default:
		return wrong(errors.New(r.URL.Path))
	}
	return a
}

// A trail to syslog, a webhook, Loki, Splunk and OTLP at once. The server is killed, rsyslog is killed and
// stopped, the others answer late, with errors, and with errors after they have taken what came: each
// event is everywhere, at least once.
func TestTrailToLogServices(t *testing.T) {
	b, authority := newBox(t, ""), realtest.NewAuthority(t)
	rsyslog := realtest.StartSyslogFile(t, authority)
	cert, key := authority.Sign(t, "aggregator", time.Now().Add(time.Hour))
	for name, text := range map[string]string{"ca.pem": string(authority.PEM), "cert.pem": string(cert), "key.pem": string(key), "token": "token-of-tests\n", "secret": "secret-of-tests-0123"} {
		realtest.Replace(t, b.dir, name, []byte(text))
	}
	services := map[string]*posttest.Receiver{}
	blocks := fmt.Sprintf("  deliver \"syslog\" {\n    address = %q\n    server_name = \"receiver\"\n    tls {\n      ca_file = \"ca.pem\"\n      cert_file = \"cert.pem\"\n      key_file = \"key.pem\"\n    }\n  }\n", rsyslog.Addr)
	for kind, more := range map[string]string{"webhook": "secret_file = \"secret\"", "loki": "tenant = \"t\"", "splunk": "index = \"audit\"", "otlp": "body = \"text\""} {
		services[kind] = posttest.New(t, takeLogs)
		services[kind].Faults = true
		url := services[kind].URL
		if kind == "webhook" {
			url += "/hook"
		}
		blocks += fmt.Sprintf("  deliver %q {\n    url = %q\n    token_file = \"token\"\n    %s\n  }\n", kind, url, more)
	}
	b.configureTrails(fmt.Sprintf("trail \"all\" {\n  where = %q\n%s}\n", lineEvents, blocks))
	b.start()
	written := regexp.MustCompile(`"eventId":"([^"]+)"`)
	held := func() (ids []string, err error) {
		text, err := os.ReadFile(rsyslog.File)
		if errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
		for _, m := range written.FindAllSubmatch(text, -1) {
			ids = append(ids, string(m[1]))
		}
		return ids, err
	}
	for round := range 4 {
		before, err := held()
		if err != nil {
			t.Fatal(err)
		}
		b.write(40)
		if round%2 == 0 {
			realtest.Until(t, realtest.Patience, "messages", func() bool { now, _ := held(); return len(now) > len(before) })
		}
		rsyslog.Kill()
		b.write(40)
		if round > 0 {
			b.server.Kill()
			b.server.Again()
			b.ready()
		}
		rsyslog.Again()
	}
	b.write(30)
	b.sent("rsyslog", false, held)
	for kind, service := range services {
		b.sent(kind, false, func() (ids []string, err error) {
			events, err := service.Held()
			for i := range events {
				ids = append(ids, events[i].ID)
			}
			return ids, err
		})
	}
	for _, d := range b.trail("all").Deliver {
		if d.RefusedEvents != 0 || strings.Contains(d.Target, "hook") {
			t.Errorf("%+v", d)
		}
	}
}

// One server hands on to another, over HTTP, while both are killed: the other one has each
// event once, as it takes an event of its own id once.
func TestHandOn(t *testing.T) {
	b, other := newBox(t, ""), newBox(t, "")
	inlet := realtest.FreeAddr(t)
	other.more = fmt.Sprintf("source \"http\" \"site\" {\n  listen = %q\n  path = \"/audit\"\n  format = \"native\"\n}\n", inlet)
	other.configure("")
	b.configureTrails(fmt.Sprintf("trail \"all\" {\n  where = %q\n  deliver \"webhook\" {\n    url = \"http://%s/audit\"\n    max_events = 20\n    compression = \"gzip\"\n  }\n}\n", lineEvents, inlet))
	other.start()
	b.start()
	for round := range 3 {
		b.write(50)
		if round == 1 {
			b.server.Kill()
			b.server.Again()
			b.ready()
		}
		other.server.Kill()
		b.write(20)
		other.server.Again()
		other.ready()
	}
	b.indexed()
	ids := func(b *box, query string) (ids []string) {
		for line := range strings.Lines(b.export(query)) {
			var e struct{ EventID string }
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, e.EventID)
		}
		slices.Sort(ids)
		return ids
	}
	want := ids(b, lineEvents)
	var got []string
	realtest.Until(t, realtest.Patience, "the events at the other server", func() bool {
		got = ids(other, strings.Replace(lineEvents, "(edge or app)", "site", 1))
		return len(got) >= len(want)
	})
	if len(want) != 210 || !slices.Equal(want, got) {
		t.Errorf("%d events here, %d there, or with other ids", len(want), len(got))
	}
}
