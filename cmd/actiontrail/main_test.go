package main

import (
	"os"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/actiontrail/actiontrail/cmd/internal/process"
	"github.com/actiontrail/actiontrail/plugins/host"
)

// asProgram, set in the environment, makes the test binary stand in for actiontrail.
const asProgram = "ACTIONTRAIL_TEST_AS_PROGRAM"

// withHaste, beside it, makes agents report, and be missed, sooner than users can.
const withHaste = "ACTIONTRAIL_TEST_WITH_HASTE"

func TestMain(m *testing.M) {
	if host.Launched() {
		host.Serve(host.Plugin{Sink: newAppender})
		return
	}
	if os.Getenv(asProgram) != "" && os.Getenv(withHaste) != "" {
		os.Exit(process.Run(newRootCommand(pace{report: 200 * time.Millisecond, silent: 3 * time.Second, lease: 3 * time.Second}), os.Args[1:]))
	}
	if os.Getenv(asProgram) != "" {
		os.Exit(run(os.Args[1:]))
	}
	testscript.Main(m, map[string]func(){"actiontrail": func() { os.Exit(run(os.Args[1:])) }})
}

// What people see who type commands: testdata/script has one story a file.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireExplicitExec: true})
}
