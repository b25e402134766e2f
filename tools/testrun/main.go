// Command testrun runs go test and says in short what happened: a line for each
// package, for each real part that ran or was absent and for what a test measured
// ("measured: …"), and all that a failed test printed. Its arguments are those of go test.
//
//	bin/testrun -count=1 ./...
//	bin/testrun -again=3 -count=1 ./...
//
// With -again=N, first of all, up to N tests that failed are run once more, each alone (of a
// test that failed by one part of it, that part). One that passes then is told of as flaky, to be mended, and is no failure: tests of real
// processes share the machine with many others. Whatever else went wrong stays a failure.
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
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func main() {
	args, again := os.Args[1:], 0
	if len(args) > 0 && strings.HasPrefix(args[0], "-again=") {
		n, err := strconv.Atoi(strings.TrimPrefix(args[0], "-again="))
		if err != nil || n < 0 {
			fmt.Fprintln(os.Stderr, "testrun: -again wants a number of tests")
			os.Exit(2)
		}
		args, again = args[1:], n
	}
	r := newReport(os.Stdout)
	err := r.run(args)
	if failed := r.again(again); len(failed) > 0 {
		for _, f := range failed {
			part := r.partOf(f)
			fmt.Fprintf(os.Stdout, "once more, alone: %s %s\n", short(f.pkg), part.test)
			if newReport(os.Stdout).run(onceMore(args, part)) == nil {
				r.flaked(f)
			}
		}
	}
	r.sum()
	switch {
	case len(r.failed) > 0:
		fmt.Fprintln(os.Stderr, "testrun: failed")
		os.Exit(1)
	case err != nil && len(r.flaky) == 0:
		fmt.Fprintln(os.Stderr, "testrun:", err)
		os.Exit(1)
	}
}

// run runs go test; an error: something of it failed.
func (r *report) run(args []string) error {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return err
	}
	return errors.Join(r.read(out), cmd.Wait())
}

// onceMore is the arguments with one test in place of the packages, which come last.
func onceMore(args []string, f name) []string {
	var all []string
	for _, a := range args {
		if strings.HasPrefix(a, "-") || strings.HasSuffix(a, "m") && a[0] >= '0' && a[0] <= '9' { // a flag, or the time of one
			all = append(all, a)
		}
	}
	parts := strings.Split(f.test, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return append(all, "-count=1", "-run", strings.Join(parts, "/"), f.pkg)
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
type failure struct {
	name
	what, why string
}

type report struct {
	out             io.Writer
	printed         map[name][]string // what a test has said that has not ended yet
	parts           map[string]bool   // lines of real parts
	measured        []string          // lines of what tests measured
	failed          []failure
	flaky           []failure       // passed when they ran once more
	broken          map[string]bool // packages of which more went wrong than a test that ended
	passed, skipped int
}

func newReport(out io.Writer) *report {
	return &report{out: out, printed: map[name][]string{}, parts: map[string]bool{}, broken: map[string]bool{}}
}

// again are the tests to be run once more: those that failed, when they are at most
// so many, and nothing else is wrong: no build, no process that died, no data race.
func (r *report) again(most int) (all []name) {
	for _, f := range r.failed {
		if r.broken[f.pkg] {
			return nil
		}
		if f.test != "" && !strings.Contains(f.test, "/") {
			all = append(all, f.name)
		}
	}
	if len(all) > most {
		return nil
	}
	return all
}

// partOf is the one part (t.Run) by which alone a test failed, or else the test.
func (r *report) partOf(n name) name {
	var of []failure
	part := n
	for _, f := range r.failed {
		if f.pkg != n.pkg || f.test != n.test && !strings.HasPrefix(f.test, n.test+"/") {
			continue
		}
		of = append(of, f)
		if len(f.test) > len(part.test) {
			part = f.name
		}
	}
	for _, f := range of {
		if f.test != part.test && (f.why != "" || !strings.HasPrefix(part.test, f.test+"/")) {
			return n // by something else, too
		}
	}
	return part
}

// flaked notes that a test has passed now. Its package has not failed any longer when
// nothing else of it did.
func (r *report) flaked(n name) {
	of := func(f failure) bool {
		top, _, _ := strings.Cut(f.test, "/")
		return f.pkg == n.pkg && top == n.test
	}
	for _, f := range r.failed {
		if of(f) && f.test == n.test {
			r.flaky = append(r.flaky, f)
		}
	}
	r.failed = slices.DeleteFunc(r.failed, of)
	if !slices.ContainsFunc(r.failed, func(f failure) bool { return f.pkg == n.pkg && f.test != "" }) {
		r.failed = slices.DeleteFunc(r.failed, func(f failure) bool { return f.pkg == n.pkg })
	}
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
			r.failed = append(r.failed, failure{n, short(e.Package) + " " + e.Test, why(said)})
			if strings.Contains(strings.Join(said, ""), "DATA RACE") {
				r.broken[e.Package] = true
			}
			fmt.Fprint(r.out, strings.Join(said, ""))
		}
	}
}

func (r *report) endPackage(e *event, said []string) {
	switch e.Action {
	case "pass":
		fmt.Fprintf(r.out, "ok   %s %.1fs\n", short(e.Package), e.Elapsed)
	case "fail":
		if !slices.ContainsFunc(r.failed, func(f failure) bool { return f.pkg == e.Package }) {
			r.broken[e.Package] = true
		}
		r.failed = append(r.failed, failure{name: name{pkg: e.Package}, what: short(e.Package)})
		// A test that was running when the process died never ended: what it said is here.
		for n, lines := range r.printed {
			if n.pkg == e.Package {
				r.broken[e.Package] = true
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
	for _, f := range r.flaky {
		fmt.Fprintln(r.out, strings.TrimSpace("flaky, mend it: "+f.what+" "+f.why))
	}
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
