package deploy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/config"
)

// keptDays is how long the trails of docs/guide/compliance.md must be locked, by their names.
var keptDays = map[string]int{"mlps": 184, "pci": 366, "hipaa": 6*365 + 2, "sox": 7*365 + 2, "sec": 6*365 + 2, "iso": 365, "fedramp": 30 * 31}

// TestComplianceGuideKeepsLongEnough sees that each trail of the guide keeps what its
// rule asks for, and loses nothing before.
func TestComplianceGuideKeepsLongEnough(t *testing.T) {
	text, err := os.ReadFile("../docs/guide/compliance.md")
	if err != nil {
		t.Fatal(err)
	}
	locked := 0
	for _, part := range strings.Split(string(text), "\n```hcl\n")[1:] {
		block, _, _ := strings.Cut(part, "\n```\n")
		file := filepath.Join(t.TempDir(), "block.hcl")
		if err := os.WriteFile(file, []byte(block+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := config.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, trail := range cfg.Trails {
			for _, d := range trail.Deliver {
				if d.S3 == nil {
					continue
				}
				want, ok := keptDays[trail.Name]
				if ok {
					locked++
				}
				if d.S3.LockDays < want {
					t.Errorf("trail %s is locked for %d days, its rule asks for %d", trail.Name, d.S3.LockDays, want)
				}
				if d.S3.ExpireDays > 0 && d.S3.ExpireDays < max(want, d.S3.LockDays) {
					t.Errorf("objects of trail %s go after %d days, and are to be kept for %d", trail.Name, d.S3.ExpireDays, max(want, d.S3.LockDays))
				}
			}
		}
	}
	if locked != len(keptDays) {
		t.Errorf("%d trails of rules with a time are in the guide, want %d", locked, len(keptDays))
	}
}
