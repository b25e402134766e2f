package syslog

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/sink/flowtest"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/access"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// begins is what a line begins with; also behind the half of one in which rsyslog was killed.
var begins = regexp.MustCompile(`1\d\d\t\d{4}-\d\d-\d\dT`)

// lines are those of an rsyslog, each in its parts.
func lines(file string) (all [][]string, err error) {
	text, err := os.ReadFile(file)
	for line := range bytes.Lines(text) {
		if at := begins.FindAllIndex(line, -1); len(at) > 1 {
			line = line[at[len(at)-1][0]:]
		}
		if parts := strings.SplitN(strings.TrimSuffix(string(line), "\n"), "\t", 7); len(parts) == 7 && bytes.HasSuffix(line, []byte("}\n")) {
			all = append(all, parts)
		}
	}
	return all, err
}

// A real rsyslog is ended and stopped while events flow: each is in its file. Over TLS it is killed; on plain
// TCP that may lose what it has read and not worked on for longer than the grace, so there it ends well.
func TestRsyslog(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("TLS %t", secure), func(t *testing.T) {
			c, end := Config{Hostname: "audit-1", Facility: "local3"}, syscall.SIGTERM
			var r *realtest.SyslogFile
			if secure {
				a, dir := realtest.NewAuthority(t), t.TempDir()
				r = realtest.StartSyslogFile(t, a)
				cert, key := a.Sign(t, "aggregator", time.Now().Add(time.Hour))
				c.TLS, c.Name, end = true, "receiver", syscall.SIGKILL
				c.Files = access.Client{CA: realtest.Replace(t, dir, "ca.pem", a.PEM), Cert: realtest.Replace(t, dir, "cert.pem", cert), Key: realtest.Replace(t, dir, "key.pem", key)}
			} else {
				r = realtest.StartSyslogFile(t, nil)
			}
			c.Address = r.Addr
			s, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			all, repeats := flowtest.Run(t, flowtest.Flow{Sink: flowtest.Settled{Sink: s}, Receiver: r.Process, End: end, Rounds: 4, Held: func() (map[string]int, error) {
				parts, err := lines(r.File)
				held := map[string]int{}
				for _, p := range parts {
					e, err := event.ParseJSON([]byte(p[6]))
					if err != nil {
						return nil, fmt.Errorf("%q: %w", p[6], err)
					}
					severity := map[bool]string{true: "157", false: "158"}[e.RW == event.Write]
					if e.ErrorCode != "" {
						severity = "156"
					}
					sd := fmt.Sprintf(`[actiontrail@32473 eventId="%s" eventName="StopInstance" eventRW="%s" serviceName="Ecs" userName="alice" sourceIpAddress="192.0.2.7"]`, e.ID, e.RW)
					at, err := time.Parse(time.RFC3339Nano, p[1])
					if p[0] != severity || err != nil || !at.Equal(e.Time.Std()) || p[2] != "audit-1" || p[3] != "actiontrail" || p[4] != "StopInstance" || p[5] != sd {
						return nil, fmt.Errorf("%q, %w", p, err)
					}
					held[e.ID]++
				}
				return held, err
			}})
			t.Logf("%d events, %d of them again", all, repeats)
		})
	}
}

// An rsyslog that ends well, with what was not settled yet: that comes again.
func TestRsyslogThatEnds(t *testing.T) {
	r := realtest.StartSyslogFile(t, nil)
	s, err := New(Config{Address: r.Addr})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Write(t.Context(), flowtest.Events(0, 10)); err != nil {
		t.Fatal(err)
	}
	r.Signal(syscall.SIGTERM)
	r.Wait()
	if err := s.Settle(t.Context()); err == nil || !strings.Contains(err.Error(), "the receiver") {
		t.Errorf("settled: %v", err)
	}
	r.Again()
	for turn := 0; ; turn++ {
		if err = s.Write(t.Context(), flowtest.Events(0, 10)); err == nil {
			if err = s.Settle(t.Context()); err == nil {
				break
			}
		}
		if turn == 200 {
			t.Fatal(err)
		}
		<-time.After(20 * time.Millisecond)
	}
	if all, err := lines(r.File); err != nil || len(all) < 10 {
		t.Errorf("%d lines in %s, %v", len(all), filepath.Base(r.File), err)
	}
}
