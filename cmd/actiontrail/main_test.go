package main

import (
	"os"
	"testing"
)

// asProgram, set in the environment, makes the test binary stand in for actiontrail.
const asProgram = "ACTIONTRAIL_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(run(os.Args[1:]))
	}
	os.Exit(m.Run())
}
