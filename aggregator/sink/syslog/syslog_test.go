package syslog

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/sink/flowtest"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/access"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/host"
	"github.com/actiontrail/actiontrail/plugins/sinktest"
)

// The test binary is its own plugin.
func TestMain(m *testing.M) {
	if host.Launched() {
		host.Serve(host.Plugin{Sink: func(config []byte) (plugins.Sink, error) {
			var c Config
			if err := plugins.DecodeConfig(config, &c); err != nil {
				return nil, err
			}
			s, err := New(c)
			if err != nil {
				return nil, err
			}
			return flowtest.Settled{Sink: s}, nil
		}})
		return
	}
	os.Exit(m.Run())
}

// message is what RFC 5424 has, read by the letter of it. The last group is the text.
var message = regexp.MustCompile(`(?s)^<(\d|[1-9]\d|1[0-8]\d|19[01])>1 (-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z) ([!-~]{1,255}) ([!-~]{1,48}) - ([!-~]{1,32}) ` +
	`(\[[!#-<>-\\^-~]{1,32}(?: [!#-<>-\\^-~]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*\]) (.*)$`)

// receiver takes messages in this process.
type receiver struct {
	net.Listener
	mu     sync.Mutex
	events []event.Event
	fault  error
	ending func(net.Conn) // what it does in the end, in the place of closing the connection
}

func receive(t testing.TB, secure *tls.Config, ending func(net.Conn)) *receiver {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	t.Cleanup(func() { l.Close() })
	r := &receiver{Listener: l, ending: ending}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go r.serve(c)
		}
	}()
	return r
}

func (r *receiver) serve(c net.Conn) {
	b := bufio.NewReader(c)
	for {
		e, err := next(b)
		r.mu.Lock()
		switch {
		case err == nil:
			r.events = append(r.events, e)
		case !errors.Is(err, io.EOF) && r.fault == nil && strings.HasPrefix(err.Error(), "message"):
			r.fault = err
		}
		r.mu.Unlock()
		if err != nil {
			break
		}
	}
	if r.ending != nil {
		r.ending(c)
		return
	}
	c.Close()
}

// next reads a message with its length before it.
func next(b *bufio.Reader) (event.Event, error) {
	head, err := b.ReadString(' ')
	if err != nil {
		return event.Event{}, err
	}
	n, err := strconv.Atoi(strings.TrimSuffix(head, " "))
	if err != nil || n < 1 || head[0] == '0' {
		return event.Event{}, fmt.Errorf("message: length %q", head)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(b, text); err != nil {
		return event.Event{}, err
	}
	parts := message.FindSubmatch(text)
	if parts == nil {
		return event.Event{}, fmt.Errorf("message: %q", text)
	}
	e, err := event.ParseJSON(bytes.TrimPrefix(parts[7], []byte("\ufeff")))
	if err != nil {
		return e, fmt.Errorf("message: %q: %w", text, err)
	}
	if !bytes.Contains(parts[6], []byte(`eventId="`+e.ID+`"`)) {
		return e, fmt.Errorf("message: structured data %q", parts[6])
	}
	return e, nil
}

func (r *receiver) held() ([]event.Event, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.events[:len(r.events):len(r.events)], r.fault
}

func TestSink(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"in process", "in its own process"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && where != "in process" {
				t.Skip("starts many processes")
			}
			sinktest.Run(t, sinktest.Harness{
				New: func(t testing.TB) sinktest.Place {
					r := receive(t, nil, nil)
					c := Config{Address: r.Addr().String(), MostBytes: 8 << 10, BOM: where == "in process"}
					text, err := json.Marshal(c)
					if err != nil {
						t.Fatal(err)
					}
					return sinktest.Place{Held: r.held, Open: func() plugins.Sink {
						if where != "in process" {
							return host.NewSink(host.Program{Name: "syslog", Command: []string{self}, Config: text})
						}
						s, err := New(c)
						if err != nil {
							t.Fatal(err)
						}
						return flowtest.Settled{Sink: s}
					}}
				},
				Spoil:   func(e *event.Event) { e.UserAgent = strings.Repeat("x", 8<<10) },
				Repeats: true,
			})
		})
	}
}

func TestForm(t *testing.T) {
	e := event.Event{ID: "1", Name: "Löschen von allem was lang ist und mehr", RW: "Write", Service: `a"b\c]d` + "\n", Time: event.Unix(1_760_000_000_123_456_789, 9)}
	const text = `{"eventId":"1","eventVersion":1,"eventName":"Löschen von allem was lang ist und mehr","eventRW":"Write","serviceName":"a\"b\\c]d\n","eventTime":"2025-10-09T08:53:20.123456789Z"}`
	const head = `1 2025-10-09T08:53:20.123456Z host-1 actiontrail - L_schen_von_allem_was_lang_ist_ [actiontrail@32473 eventId="1" eventName="Löschen von allem was lang ist und mehr" eventRW="Write" serviceName="a\"b\\c\]d "] `
	for want, c := range map[string]Config{
		"<109>" + head + text:            {},
		"<109>" + head + "\ufeff" + text: {BOM: true},
		"<135>" + head + text:            {Facility: "local0", Severity: "debug", Trail: ""},
		"<0>" + strings.Replace(head, "actiontrail -", "a -", 1) + text: {Facility: "kern", Severity: "emerg", AppName: "a"},
	} {
		c.Hostname = "host-1"
		f, err := newForm(&c)
		if err != nil {
			t.Fatal(err)
		}
		got, n := f.append([]byte("before "), &e, 1<<10)
		if diff := cmp.Diff(fmt.Sprintf("before %d %s", len(want), want), string(got)); diff != "" || n != len(want) {
			t.Errorf("%d %s", n, diff)
		}
		if got, n := f.append([]byte("before "), &e, len(want)-1); string(got) != "before " || n != len(want) {
			t.Errorf("what is too long: %q, %d", got, n)
		}
	}
	f, err := newForm(&Config{Hostname: "h", BOM: true, Trail: "all"})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := f.append(nil, &event.Event{}, 1<<10); string(got) != `77 <110>1 - h actiontrail - - [actiontrail@32473 trail="all"] {"eventVersion":1}` {
		t.Errorf("%q", got)
	}
}

// However an event is made, its message is one of RFC 5424, and the event is in it.
func FuzzForm(f *testing.F) {
	f.Add("StopInstance", `a"b\]`, int64(1_760_000_000_123_456_789), uint8(9), true)
	f.Add("\x00\xff ]", "\ufeff", int64(-1), uint8(0), false)
	f.Fuzz(func(t *testing.T, name, text string, at int64, digits uint8, bom bool) {
		form, err := newForm(&Config{Hostname: "h", BOM: bom})
		if err != nil {
			t.Fatal(err)
		}
		e := event.Event{ID: "1", Name: event.Text(name), Service: event.Text(text), Time: event.Unix(at, digits), Identity: event.Identity{UserName: event.Text(text)}}
		framed, _ := form.append(nil, &e, 1<<20)
		got, err := next(bufio.NewReader(bytes.NewReader(framed)))
		if err != nil || string(got.AppendJSON(nil)) != string(e.AppendJSON(nil)) {
			t.Errorf("%q: %v", framed, err)
		}
	})
}

func secured(t *testing.T, c *Config) *tls.Config {
	t.Helper()
	a := realtest.NewAuthority(t)
	cert, key := a.Sign(t, "receiver", time.Now().Add(time.Hour))
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	c.TLS, c.Name, c.Files = true, "receiver", access.Client{CA: realtest.Replace(t, t.TempDir(), "ca.pem", a.PEM)}
	return &tls.Config{Certificates: []tls.Certificate{pair}}
}

// Only who has read to the end, and says so, has what was sent.
func TestSettle(t *testing.T) {
	quiet := make(chan struct{})
	defer close(quiet)
	raw := func(c net.Conn) net.Conn {
		if s, ok := c.(*tls.Conn); ok {
			return s.NetConn()
		}
		return c
	}
	for name, c := range map[string]struct {
		ending func(net.Conn)
		plain  string // "": it is settled
		secure string
	}{
		"closes":                  {nil, "", ""},
		"never closes":            {func(net.Conn) { <-quiet }, `acknowledge = "sent"`, `acknowledge = "sent"`},
		"is killed":               {func(c net.Conn) { raw(c).Close() }, "", "without the end of TLS"}, // with everything read: by plain TCP that is the same as closing
		"breaks off":              {func(c net.Conn) { raw(c).(*net.TCPConn).SetLinger(0); raw(c).Close() }, "broke the connection off", "broke the connection off"},
		"says something for ever": {func(c net.Conn) { io.Copy(c, endless{}) }, "it sends something", "it sends something"},
	} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, TLS %t", name, secure), func(t *testing.T) {
				config, want := Config{}, c.plain
				var certificates *tls.Config
				if secure {
					certificates, want = secured(t, &config), c.secure
				}
				r := receive(t, certificates, c.ending)
				config.Address = r.Addr().String()
				s, err := New(config)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				s.close = 300 * time.Millisecond
				if err := s.Write(t.Context(), flowtest.Events(0, 30)); err != nil {
					t.Fatal(err)
				}
				err = s.Settle(t.Context())
				if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
					t.Errorf("%v, want %q", err, want)
				}
				if s.conn != nil {
					t.Error("the connection is still there")
				}
				if held, err := r.held(); want == "" && (err != nil || len(held) != 30) {
					t.Errorf("%d, %v", len(held), err)
				}
			})
		}
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

// A receiver that ends although more could come has not told that it was the end: it may have been killed,
// with all that was sent read, or a part of it.
func TestEndsBefore(t *testing.T) {
	const n = 100
	for _, c := range []struct {
		secure bool
		reads  int
	}{{false, n / 2}, {true, n / 2}, {false, n}, {true, n}} {
		config := Config{}
		var certificates *tls.Config
		if c.secure {
			certificates = secured(t, &config)
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if c.secure {
				conn = tls.Server(conn, certificates)
			}
			b := bufio.NewReaderSize(conn, 16)
			for range c.reads {
				next(b)
			}
			conn.Close()
		}()
		config.Address = l.Addr().String()
		s, err := New(config)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		err = s.Write(t.Context(), flowtest.Events(0, n))
		<-ended
		if err == nil {
			err = s.Settle(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), "the receiver") || c.reads == n && !strings.Contains(err.Error(), "before the end of what was sent") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// One that never closes keeps its connection when what was sent is enough.
func TestSent(t *testing.T) {
	quiet := make(chan struct{})
	defer close(quiet)
	r := receive(t, nil, func(net.Conn) { <-quiet })
	s, err := New(Config{Address: r.Addr().String(), Acknowledge: AcknowledgeSent})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 3 {
		before := s.conn
		if err := s.Write(t.Context(), flowtest.Events(i*30, 30)); err != nil {
			t.Fatal(err)
		}
		if err := s.Settle(t.Context()); err != nil || i > 0 && s.conn != before {
			t.Fatal(err)
		}
	}
	realtest.Until(t, realtest.Patience, "the events", func() bool { held, _ := r.held(); return len(held) == 90 })
}

func TestWrongConfig(t *testing.T) {
	for want, c := range map[string]Config{
		"is not host:port":            {Address: "logs.example.com"},
		`no facility "local8"`:        {Address: "a:1", Facility: "local8"},
		`no severity "loud"`:          {Address: "a:1", Severity: "loud"},
		"app_name is":                 {Address: "a:1", AppName: "a b"},
		"hostname is":                 {Address: "a:1", Hostname: "é"},
		"sd_id is":                    {Address: "a:1", ID: "a]b"},
		"max_bytes is 100":            {Address: "a:1", MostBytes: 100},
		`no format "xml"`:             {Address: "a:1", Format: "xml"},
		`acknowledge is "close"`:      {Address: "a:1", Acknowledge: "never"},
		"a certificate needs its key": {Address: "a:1", Files: access.Client{Key: "k"}},
	} {
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// The receiver only reads.
func BenchmarkWrite(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			io.Copy(io.Discard, c)
			c.Close()
		}
	}()
	s, err := New(Config{Address: l.Addr().String()})
	if err != nil {
		b.Fatal(err)
	}
	flowtest.Cost(b, s)
}
