package socket

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/push/pushtest"
	"github.com/actiontrail/actiontrail/plugins/sourcetest"
)

func TestSource(t *testing.T) {
	var want []string
	for i := range 2500 {
		want = append(want, fmt.Sprintf(`{"n":%d,"pad":"%s"}`, i, strings.Repeat("x", i%300)))
	}
	for network, listen := range map[string]string{"tcp": "127.0.0.1:0", "unix": filepath.Join(t.TempDir(), "audit.sock")} {
		t.Run(network, func(t *testing.T) {
			sourcetest.Run(t, sourcetest.Harness{Want: want, Patience: realtest.Patience, New: func(t testing.TB) plugins.Source {
				s, err := New(Config{Listen: listen})
				if err != nil {
					t.Fatal(err)
				}
				s.draw = pushtest.Instance
				return &pushtest.Driven{Source: s, Want: want, Next: func() int64 { return s.opened().Next() }, Send: func(ctx context.Context, records []string) {
					c, err := net.Dial(network, s.Status().Addresses[0].String())
					if err != nil {
						return
					}
					defer c.Close()
					stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
					defer stop()
					if _, err := c.Write([]byte(strings.Join(records, "\n") + "\n")); err == nil {
						<-ctx.Done()
					}
				}}
			}})
		})
	}
}

// What a killed process has left is in nobody's way; a file, or another listener, is.
func TestUnixSocketIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{Listen: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Open(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("beside a listener: %v", err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Open(t.Context(), nil); err != nil {
		t.Fatalf("after a killed one: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Close: %v", err)
	}
	if err := os.WriteFile(path, []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Open(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("over a file: %v", err)
	}
}
