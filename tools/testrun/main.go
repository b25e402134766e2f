// Command testrun runs go test and says in short what happened: a line for each
// package, for each real part that ran or was absent and for what a test measured
// ("measured: …"), and all that a failed test printed. Its arguments are those of go test.
//
//	bin/testrun -count=1 ./...
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
)

func main() {
	cmd := exec.Command("go", append([]string{"test", "-json"}, os.Args[1:]...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "testrun:", err)
		os.Exit(2)
	}
	r := report{out: os.Stdout, printed: map[name][]string{}, parts: map[string]bool{}}
	err = errors.Join(r.read(out), cmd.Wait())
	r.sum()
	if err != nil || len(r.failed) > 0 {
		fmt.Fprintln(os.Stderr, "testrun: failed:", err)
		os.Exit(1)
	}
}

// event is one line of go test -json.
type event struct {
	Action     string
	Package    string
	ImportPath string // of a build
	Test       string
	Output     string
	Elapsed    float64
}

type name struct{ pkg, test string }

// failure is a test or a package that failed, and the first that it said of why: who reads
// only the end of a long run learns from it.
type failure struct{ what, why string }

type report struct {
	out             io.Writer
	printed         map[name][]string // what a test has said that has not ended yet
	parts           map[string]bool   // lines of real parts
	measured        []string          // lines of what tests measured
	failed          []failure
	passed, skipped int
}

func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		text, err := lines.ReadString('\n')
		if text != "" {
			var e event
			if json.Unmarshal([]byte(text), &e) != nil {
				fmt.Fprint(r.out, text) // not of a test: of go itself
			} else {
				r.take(&e)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func (r *report) take(e *event) {
	n := name{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "output":
		r.printed[n] = append(r.printed[n], e.Output)
		if _, part, is := strings.Cut(e.Output, "real part: "); is {
			r.parts[strings.TrimSpace(part)] = true
		}
		if what, is := strings.CutPrefix(e.Output, "measured: "); is {
			r.measured = append(r.measured, strings.TrimSpace(what))
		}
	case "pass", "fail", "skip":
		said := r.printed[n]
		delete(r.printed, n)
		if e.Test == "" {
			r.endPackage(e, said)
			return
		}
		switch e.Action {
		case "pass":
			r.passed++
		case "skip":
			r.skipped++
			fmt.Fprintf(r.out, "skip %s %s: %s\n", short(e.Package), e.Test, reason(said))
		case "fail":
			r.failed = append(r.failed, failure{short(e.Package) + " " + e.Test, why(said)})
			fmt.Fprint(r.out, strings.Join(said, ""))
		}
	}
}

func (r *report) endPackage(e *event, said []string) {
	switch e.Action {
	case "pass":
		fmt.Fprintf(r.out, "ok   %s %.1fs\n", short(e.Package), e.Elapsed)
	case "fail":
		r.failed = append(r.failed, failure{what: short(e.Package)})
		// A test that was running when the process died never ended: what it said is here.
		for n, lines := range r.printed {
			if n.pkg == e.Package {
				fmt.Fprint(r.out, strings.Join(lines, ""))
				delete(r.printed, n)
			}
		}
		fmt.Fprint(r.out, strings.Join(said, ""))
		fmt.Fprintf(r.out, "FAIL %s %.1fs\n", short(e.Package), e.Elapsed)
	}
}

func (r *report) sum() {
	fmt.Fprintln(r.out)
	for _, p := range slices.Sorted(maps.Keys(r.parts)) {
		fmt.Fprintln(r.out, "real part:", p)
	}
	for _, what := range r.measured {
		fmt.Fprintln(r.out, "measured:", what)
	}
	fmt.Fprintf(r.out, "tests: %d passed, %d skipped, %d failed\n", r.passed, r.skipped, len(r.failed))
	for _, f := range r.failed {
		fmt.Fprintln(r.out, strings.TrimSpace("failed: "+f.what+" "+f.why))
	}
}

// why is the first line that a test itself printed when it failed, in 300 bytes.
func why(said []string) string {
	for _, line := range said {
		if line = strings.TrimSpace(line); strings.Contains(line, "_test.go:") {
			return line[:min(len(line), 300)]
		}
	}
	return ""
}

func short(pkg string) string {
	return strings.TrimPrefix(strings.TrimPrefix(pkg, "github.com/actiontrail/actiontrail"), "/")
}

// reason is why a test was skipped: the last line it said that is its own.
func reason(said []string) string {
	for _, line := range slices.Backward(said) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "---") && !strings.HasPrefix(line, "===") {
			return line
		}
	}
	return "no reason given"
}
