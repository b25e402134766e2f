package main

import (
	"bytes"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/internal/realtest"
)

// The evidence of a period comes from the server as a stream, and is checked
// offline with the published key.
func TestBundleCommand(t *testing.T) {
	b := newBox(t, "")
	b.write(300)
	b.start()
	b.indexed()
	b.allArchived(b.archive())
	realtest.Until(t, realtest.Patience, "a witness", func() bool { return b.witness("nats").Seals > 1 })
	run := func(args ...string) (string, error) {
		t.Helper()
		cmd := newBundleCommand()
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		var out bytes.Buffer
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		cmd.SetArgs(append([]string{"--server", "http://" + b.addr}, args...))
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	path := filepath.Join(b.dir, "evidence.zip")
	said, err := run("--from", "now-1h", "--to", "now", "--where", lineEvents, "-o", path)
	if err != nil || !strings.HasPrefix(said, "300 events of seals 0 to ") {
		t.Fatalf("%s (%v)", said, err)
	}
	key := b.trail("all").Deliver[0].SigningKey
	keys := writeFile(t, "keys", []byte(key+"\n"))
	out, err := runVerify(t, "--bundle", path, "--keys", keys)
	for _, want := range []string{"events:    300 proved, of ", "witness:   nats had ", "signed:    by " + key + ", a key that was given", "OK: every file"} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%v:\n%s\nwant %q", err, out, want)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if out, err := runVerify(t, "--bundle", writeFile(t, "x.zip", data)); exitCode(err) != exitNo || !strings.Contains(out, "FAILED: ") {
		t.Errorf("damaged: exit %d (%v)\n%s", exitCode(err), err, out)
	}
	if out, err := runVerify(t, "--bundle", keys); exitCode(err) != exitUsage {
		t.Errorf("no zip: exit %d (%v)\n%s", exitCode(err), err, out)
	}
	for want, args := range map[string][]string{
		"needs --from, --to and -o":  {"--from", "now-1h"},
		`there is no trail "none"`:   {"--trail", "none", "--from", "now-1h", "--to", "now", "-o", path},
		"is no length of time":       {"--late", "soon", "--from", "now-1h", "--to", "now", "-o", path},
		"the range is empty":         {"--from", "now", "--to", "now-1h", "-o", path},
		"invalid query":              {"--where", "eventName: (", "--from", "now-1h", "--to", "now", "-o", path},
		"no seal of this period":     {"--from", "now+100d", "--to", "now+101d", "-o", path},
		"write times, not date math": {"--where", "eventTime > now-1h", "--from", "now-1h", "--to", "now", "-o", path},
	} {
		if out, err := run(args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %s; want %q", args, err, out, want)
		}
	}
	code, body := b.get("/api/v1/bundle", url.Values{"from": {"now-1h"}, "to": {"now"}, "trail": {"all"}, "delivery": {"file"}})
	if code != http.StatusOK || !strings.HasPrefix(body, "PK") {
		t.Errorf("from the API: %d, %.100q", code, body)
	}
	if parts, err := filepath.Glob(filepath.Join(b.dir, ".*.part")); err != nil || len(parts) > 0 {
		t.Errorf("left behind: %q (%v)", parts, err)
	}
}
