package main

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/internal/realtest"
)

// Events of an archive, those that are too old for retention, are in the index of
// another server again, each once, through kills, until they are removed.
func TestIndexImport(t *testing.T) {
	b := newBox(t, "")
	b.configureTrails(trailInto("all", b.archive()))
	b.start()
	b.write(2000)
	b.indexed()
	b.allArchived(b.archive())
	b.server.Kill()

	other := newBox(t, "")
	other.configureTrails(trailInto("copy", filepath.Join(other.dir, "archive")))
	other.start()
	damaged, key := damagedCopy(t, b.archive())
	cmd := newIndexCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs([]string{"import", "--from", "1d", "--archive", damaged, "--server", "http://" + other.addr})
	var exit *exitError
	if err := cmd.ExecuteContext(t.Context()); !errors.As(err, &exit) || exit.Code != exitNo || !strings.Contains(err.Error(), key) {
		t.Errorf("an archive with the damaged object %s gives %v", key, err)
	}
	other.command(newIndexCommand(), "import", "--from", "1d", "--archive", b.archive(), "--keep", "1h", "--detach")
	for range 3 {
		other.server.Kill()
		other.start()
	}
	other.written = b.written
	other.indexed()
	text := other.command(newIndexCommand(), "import", "--from", "1d", "--archive", b.archive(), "--keep", "1h")
	if !strings.Contains(text, "the index has the ") || !strings.Contains(text, "events of the archive from ") {
		t.Errorf("it says %q", text)
	}
	other.indexed() // no event twice
	list := other.command(newIndexCommand(), "imports")
	if strings.Count(list, "done") != 2 || !strings.Contains(list, "given up: ") {
		t.Errorf("the imports are\n%s", list)
	}
	id := strings.Fields(strings.Split(list, "\n")[1])[0]
	if text := other.command(newIndexCommand(), "imports", "--remove", id); !strings.Contains(text, fmt.Sprintf("import %s is removed", id)) || strings.Contains(text, "given up") {
		t.Errorf("it says %q", text)
	}
	realtest.Until(t, realtest.Patience, "the audit to have the imports", func() bool {
		return other.total("eventName: IndexImport") == 3 && other.total("eventName: IndexImportRemoved") == 1
	})
}
