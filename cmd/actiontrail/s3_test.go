package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

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
	b.proxy.Choose(realtest.Randomly(1, 4))
	for i := range 4 {
		b.write(2000)
		b.start()
		b.indexed()
		if i == 1 {
			b.store.Kill()
			b.write(2000)
			b.indexed()
			b.store.Again()
			b.store.Await(t)
		}
		b.server.Kill()
	}
	b.start()
	verify := []string{"verify", "s3://audit/prod/all", "--endpoint", b.store.Endpoint}
	b.archivedBy(func() (string, int) { return b.run(verify...) })
	if n := len(b.proxy.Did()); n < 5 {
		t.Errorf("only %d kinds of faults were met: %v", n, b.proxy.Did())
	}
	// A copy of the folder that the store has is an archive, too.
	verifyArchive(t, b.kept)
	if out, code := b.run(verify...); code != 1 || !strings.Contains(out, "FAILED") {
		t.Errorf("a damaged object: %d\n%s", code, out)
	}
	if out, code := b.run("verify", "s3://nothing/x", "--endpoint", b.store.Endpoint); code != 2 || !strings.Contains(out, "make the bucket nothing") {
		t.Errorf("a bucket that is not there: %d\n%s", code, out)
	}
}
