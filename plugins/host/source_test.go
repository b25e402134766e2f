package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/sourcetest"
)

func want(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = strconv.Itoa(i)
	}
	return all
}

// The suite that sources built in keep, kept by a source in its own process.
func TestSourceKeepsItsContract(t *testing.T) {
	t.Parallel()
	for name, ends := range map[string]bool{"blocks at its end": false, "ends": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sourcetest.Run(t, sourcetest.Harness{
				New: func(t testing.TB) plugins.Source {
					return NewSource(program(t, testConfig{Batch: 290, Ends: ends})) // a process for each batch
				},
				Want: want(3000), Ends: ends,
			})
		})
	}
}

// The same for a real source, which is also kept when it is built in.
func TestFileSourceAsPlugin(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "access.log")
	var lines []string
	var text bytes.Buffer
	for i := range 2500 {
		lines = append(lines, fmt.Sprintf("%05d %s", i, strings.Repeat("x", 200)))
		fmt.Fprintln(&text, lines[i])
	}
	if err := os.WriteFile(name, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	sourcetest.Run(t, sourcetest.Harness{
		New: func(t testing.TB) plugins.Source {
			return NewSource(program(t, testConfig{Files: []string{name}}))
		},
		Want: lines,
	})
}

// TestKilledTwentyTimes kills the process while it reads: nothing is lost, nothing comes twice.
func TestKilledTwentyTimes(t *testing.T) {
	t.Parallel()
	const records, kills = 60_000, 20
	s := NewSource(program(t, testConfig{Count: records, Batch: 50, Size: 1000, Ends: true})) // more than is on the way at a time
	if err := s.Open(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	next, killed := 0, 0
	for {
		b, err := s.Read(t.Context())
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		for _, r := range b.Records {
			if number, _, _ := bytes.Cut(r.Data, []byte(".")); string(number) != strconv.Itoa(next) {
				t.Fatalf("record %q after %d: %d kills", r.Data, next-1, killed)
			}
			next++
		}
		if now := s.Status(); killed < kills && now.Running && now.Starts == uint64(killed+1) && next > (killed+1)*records/(kills+2) {
			if err := syscall.Kill(now.PID, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			killed++
		}
	}
	if next != records || killed != kills {
		t.Errorf("%d records of %d after %d kills", next, records, killed)
	}
	if starts := s.Status().Starts; starts != kills+1 {
		t.Errorf("%d starts after %d kills", starts, kills)
	}
}

// TestKilledWhileIdle kills the process while the agent waits, in short turns as the pump does.
func TestKilledWhileIdle(t *testing.T) {
	t.Parallel()
	s := NewSource(program(t, testConfig{Count: 50, Batch: 50}))
	if err := s.Open(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b, err := s.Read(t.Context())
	if err != nil || len(b.Records) != 50 {
		t.Fatal(len(b.Records), err)
	}
	first := pid(s)
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	realtest.Until(t, realtest.Patience, "another process", func() bool {
		ctx, stop := context.WithTimeout(t.Context(), time.Millisecond)
		defer stop()
		if b, err := s.Read(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("%d records, %v", len(b.Records), err)
		}
		return s.Status().Running && s.Status().Starts == 2
	})
}

// A process that hangs does not hold up the agent.
func TestHangingPlugin(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"open", "close", "committed"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			p := program(t, testConfig{Hangs: where})
			p.Patience = 3 * time.Second
			s := NewSource(p)
			err := s.Open(t.Context(), nil)
			if where == "open" {
				if !errors.Is(err, errGone) || !strings.Contains(err.Error(), "did not answer to Open") {
					t.Errorf("open: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Read(t.Context()); err != nil {
				t.Fatal(err)
			}
			if where == "committed" {
				if err := s.Committed(t.Context(), plugins.Cursor{{Key: "n", Value: []byte("97")}}); err != nil {
					t.Fatal(err)
				}
				realtest.Until(t, realtest.Patience, "another start", func() bool {
					ctx, stop := context.WithTimeout(t.Context(), time.Millisecond)
					defer stop()
					if _, err := s.Read(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
						t.Fatal(err)
					}
					return s.Status().Starts > 1
				})
			}
			err = s.Close()
			if !errors.Is(err, errGone) && (where == "close" || err != nil) { // elsewhere there may be no process at the moment
				t.Errorf("close: %v", err)
			}
		})
	}
}
