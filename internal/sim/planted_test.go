package sim

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var search = flag.Int("search", 0, "worlds in which to look for each planted mistake, from seed 0 on; 0: those pinned")

// planted is a mistake that somebody could make in the data path. It is put into
// a copy of one file; the worlds must then fail, by one of the rules named.
type planted struct {
	name, file string
	from, to   string
	seed       int // of the first world that is run
	rules      []string
}

// pinned is how many worlds are run from the seed on at most, until one sees the
// mistake: timing is not the same in each run (the waits of backoff have chance in
// them), and of the rarest mistake one world in forty tells.
const pinned = 400

var (
	failedSeed = regexp.MustCompile(`-seeds=1 -first=(\d+)`)
	failedRule = regexp.MustCompile(`: \[([a-z ]+)\] (.*)`)
)

// TestPlanted builds the worlds around each mistake, with go's overlay: the
// product has no hooks for it.
func TestPlanted(t *testing.T) {
	if testing.Short() || underRace {
		t.Skip("builds the worlds once for each planted mistake")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range mistakes {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			p.run(t, root, p.build(t, root))
		})
	}
}

// TestMistakesFit says at once, and not after minutes, that code has moved under a mistake.
func TestMistakesFit(t *testing.T) {
	for _, p := range mistakes {
		t.Run(p.name, func(t *testing.T) { p.source(t, "../..") })
	}
}

// source is the file in which the mistake is planted.
func (p *planted) source(t *testing.T, root string) (path string, source []byte) {
	t.Helper()
	path = filepath.Join(root, p.file)
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(source, []byte(p.from)); n != 1 {
		t.Fatalf("%s has the text where the mistake is planted %d times, want once; bring mistakes_test.go in line with it:\n%s", p.file, n, p.from)
	}
	return path, source
}

// build gives the path of a test program with the mistake in it.
func (p *planted) build(t *testing.T, root string) string {
	t.Helper()
	path, source := p.source(t, root)
	dir := t.TempDir()
	mutated := filepath.Join(dir, "mutated.go")
	if err := os.WriteFile(mutated, bytes.Replace(source, []byte(p.from), []byte(p.to), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{
		path: mutated,
		filepath.Join(root, "internal/sim/recovery_test.go"): "", // they link a NATS server
		filepath.Join(root, "internal/sim/forging_test.go"):  "",
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "worlds")
	cmd := exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, "./internal/sim")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// run runs worlds until one breaks a rule of the mistake. One that breaks another
// says nothing: a mistake may show itself in more ways than one.
func (p *planted) run(t *testing.T, root, program string) {
	t.Helper()
	first, n := p.seed, pinned
	if *search > 0 {
		first, n = 0, *search
	}
	cmd := exec.CommandContext(t.Context(), program, "-test.run=^TestWorlds$", fmt.Sprint("-first=", first), fmt.Sprint("-seeds=", n), "-enough=1", "-by="+strings.Join(p.rules, ","), "-test.timeout=10m")
	cmd.Dir = filepath.Join(root, "internal/sim")
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatalf("worlds %d to %d do not see it; look for one that does with -search=1000", first, first+n-1)
	}
	for _, at := range failedRule.FindAllSubmatchIndex(out, -1) {
		if rule, what := string(out[at[2]:at[3]]), out[at[4]:at[5]]; slices.Contains(p.rules, rule) {
			seed := failedSeed.FindSubmatch(out[at[1]:]) // which is told after its failures
			found := fmt.Sprintf("seed %s: [%s] %s", seed[1], rule, what[:min(len(what), 140)])
			t.Log(found)
			if *report {
				fmt.Printf("planted: %s: %s\n", p.name, found)
			}
			return
		}
	}
	t.Errorf("seen, but not by %s:\n%s", strings.Join(p.rules, ", "), out[:min(len(out), 3000)])
}
