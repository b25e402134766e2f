package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// s3Box is a server whose trail is in a store behind a faulty proxy.
type s3Box struct {
	*box
	store *realtest.S3
	proxy *realtest.Faulty
}

// newS3Box makes the bucket audit; lines stand in the deliver block.
func newS3Box(t *testing.T, locked bool, lines string) *s3Box {
	t.Helper()
	b := &s3Box{box: newBox(t, ""), store: realtest.StartS3(t)}
	b.proxy = realtest.StartFaulty(t, b.store.Endpoint)
	b.store.MakeBucket(t, "audit", locked)
	for _, e := range b.store.Environment() {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	b.deliver = fmt.Sprintf("deliver \"s3\" {\n    bucket = \"audit\"\n    prefix = \"prod/all\"\n    endpoint = %q\n%s", b.proxy.URL, lines)
	b.kept = filepath.Join(b.store.Dir, "audit", "prod", "all")
	b.configure("")
	return b
}

// run runs a command of actiontrail, and gives its output and its exit status.
func (b *box) run(args ...string) (string, int) {
	b.t.Helper()
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), asProgram+"=1")
	out, err := c.CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return string(out), exit.ExitCode()
	} else if err != nil {
		b.t.Fatal(err)
	}
	return string(out), 0
}

// A trail in a store: the server is killed, the store too, and the network between
// them fails in all ways. Every line is in the archive, once, and nothing is written over.
func TestTrailInS3(t *testing.T) {
	b := newS3Box(t, false, "")
	b.storm(4, 1)
	b.stormed()
	// A copy of the folder that the store has is an archive, too.
	verifyArchive(t, b.kept)
	if out, code := b.verify("s3://audit/prod/all"); code != 1 || !strings.Contains(out, "FAILED") {
		t.Errorf("a damaged object: %d\n%s", code, out)
	}
	if out, code := b.verify("s3://nothing/x"); code != 2 || !strings.Contains(out, "make the bucket nothing") {
		t.Errorf("a bucket that is not there: %d\n%s", code, out)
	}
}

// TestSoakS3 does it for longer, and with each kind of objects.
func TestSoakS3(t *testing.T) {
	if os.Getenv("SOAK") == "" {
		t.Skip("takes minutes; make soak runs it")
	}
	for seed, lines := range []string{"", "    layout = \"hive\"\n    format = \"ndjson.zst\"\n", "    layout = \"cloudtrail\"\n"} {
		b := newS3Box(t, false, lines)
		b.storm(30, uint64(seed))
		b.stormed()
		b.server.Kill()
	}
}

// storm writes lines while the server is killed so often, wherever it is, and the store now and then.
func (b *s3Box) storm(kills int, seed uint64) {
	b.t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	b.proxy.Choose(realtest.Randomly(seed, 5))
	for i := range kills {
		b.write(500)
		b.start()
		switch i % 4 {
		case 0, 2: // while an object is on its way, or before
			seals := b.seals()
			realtest.Until(b.t, realtest.Patience, "another seal", func() bool { return b.seals() > seals })
		case 1:
			b.store.Kill()
			b.write(500)
			b.indexed()
			b.store.Again()
			b.store.Await(b.t)
		}
		if n := random.IntN(3); n > 0 { // else at once
			events := b.total("")
			b.write(n)
			realtest.Until(b.t, realtest.Patience, "another event", func() bool { return b.total("") > events })
		}
		b.server.Kill()
	}
}

// seals are those in the store.
func (b *s3Box) seals() int {
	b.t.Helper()
	files, err := filepath.Glob(filepath.Join(b.kept, "seals", "*.json"))
	if err != nil {
		b.t.Fatal(err)
	}
	return len(files)
}

// stormed checks, through faults to the end, that all is in the archive that is to be there.
func (b *s3Box) stormed() {
	b.t.Helper()
	b.start()
	b.indexed()
	want := b.total("") // to ask is an event, too: there are more by then
	realtest.Until(b.t, realtest.Patience, fmt.Sprintf("%d events in the archive", want), func() bool {
		return b.report(b.verify("s3://audit/prod/all", "-o", "json")).Events >= uint64(want)
	})
	if n := len(b.proxy.Did()); n < 5 {
		b.t.Errorf("only %d kinds of faults were met: %v", n, b.proxy.Did())
	}
	b.t.Logf("%d lines, %d seals, faults %v", b.written, b.seals(), b.proxy.Did())
}

// verify asks the store itself, without the proxy.
func (b *s3Box) verify(where string, args ...string) (string, int) {
	b.t.Helper()
	return b.run(append([]string{"verify", where, "--endpoint", b.store.Endpoint}, args...)...)
}

// report reads what verify -o json says of an archive in which all is well, and was looked at.
func (b *s3Box) report(out string, code int) (r archive.Report) {
	b.t.Helper()
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || r.Closed > 0 || r.LocksUnchecked {
		b.t.Fatalf("verify: %d, %v\n%s", code, err, out)
	}
	return r
}

// Whatever the objects are like and are called, verify reads them from the store.
// Each is locked; who has no key is told what was not checked.
func TestFormsInS3(t *testing.T) {
	key := filepath.Join(t.TempDir(), "audit.key")
	const public, secret = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj", "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
	if err := os.WriteFile(key, []byte("# of a test\n"+secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const lock = "    lock {\n      mode = \"compliance\"\n      days = 1\n    }\n"
	b := newS3Box(t, true, "    layout = \"cloudtrail\"\n"+lock)
	b.write(1000)
	b.start()
	realtest.Until(t, realtest.Patience, "all lines in the archive", func() bool {
		r := b.report(b.verify("s3://audit/prod/all", "-o", "json"))
		return r.Events >= uint64(b.written)
	})
	b.server.Kill()
	// The same trail goes on in another form, and encrypted.
	b.deliver = strings.Replace(b.deliver, "layout = \"cloudtrail\"", "layout = \"hive\"\n    format = \"ndjson.zst\"\n    encrypt { recipients = [\""+public+"\"] }", 1)
	b.configure("")
	b.write(1000)
	b.start()
	b.indexed()
	realtest.Until(t, realtest.Patience, "all lines in the archive", func() bool {
		return b.report(b.verify("s3://audit/prod/all", "--identity", key, "-o", "json")).Events >= uint64(b.written)
	})
	b.server.Kill()
	if out, code := b.verify("s3://audit/prod/all"); code != 0 || !strings.Contains(out, "closed:") || strings.Contains(out, "locks:") {
		t.Errorf("without a key: %d\n%s", code, out)
	}
	if out, code := b.verify(b.kept, "--identity", key); code != 0 || strings.Contains(out, "closed:") || !strings.Contains(out, "locks:") {
		t.Errorf("a copy in a folder: %d\n%s", code, out)
	}
	if out, code := b.verify("s3://audit/prod/all", "--identity", b.log()); code != 2 || !strings.Contains(out, "holds no identity") {
		t.Errorf("a wrong key file: %d\n%s", code, out)
	}
	// An index that is made anew takes the events of both forms.
	if err := os.RemoveAll(filepath.Join(b.data, aggregatorFolder, indexFolder)); err != nil {
		t.Fatal(err)
	}
	if out, code := b.run("index", "rebuild", "--config", b.config(), "--data", b.data, "--from-archive", "s3://audit/prod/all", "--endpoint", b.store.Endpoint, "--identity", key); code != 0 {
		t.Errorf("index rebuild: %d\n%s", code, out)
	}
	b.start()
	b.indexed()
}
