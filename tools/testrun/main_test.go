package main

import (
	"slices"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	const in = `{"Action":"build-output","ImportPath":"m/broken","Output":"broken.go:3: undefined: x\n"}
{"Action":"fail","Package":"m/broken","Elapsed":0,"FailedBuild":"m/broken"}
{"Action":"output","Package":"m/a","Test":"TestGood","Output":"quiet\n"}
{"Action":"output","Package":"m/a","Test":"TestGood","Output":"real part: nginx ran\n"}
{"Action":"output","Package":"m/a","Test":"TestGood","Output":"measured: 3 queries in 1.2 s\n"}
{"Action":"pass","Package":"m/a","Test":"TestGood","Elapsed":0.1}
{"Action":"output","Package":"m/a","Test":"TestSkipped","Output":"=== RUN TestSkipped\n"}
{"Action":"output","Package":"m/a","Test":"TestSkipped","Output":"    a_test.go:5: no moon tonight\n"}
{"Action":"output","Package":"m/a","Test":"TestSkipped","Output":"--- SKIP: TestSkipped (0.00s)\n"}
{"Action":"skip","Package":"m/a","Test":"TestSkipped","Elapsed":0}
{"Action":"output","Package":"m/a","Test":"TestBad","Output":"a_test.go:9: bad\n"}
{"Action":"fail","Package":"m/a","Test":"TestBad","Elapsed":0.1}
{"Action":"output","Package":"m/a","Test":"TestDies","Output":"panic: dies\n"}
{"Action":"output","Package":"m/a","Output":"exit status 2\n"}
{"Action":"fail","Package":"m/a","Elapsed":0.3}
not JSON
`
	var out strings.Builder
	r := newReport(&out)
	if err := r.read(strings.NewReader(in)); err != nil {
		t.Fatal(err)
	}
	r.sum()
	const want = `broken.go:3: undefined: x
FAIL m/broken 0.0s
skip m/a TestSkipped: a_test.go:5: no moon tonight
a_test.go:9: bad
panic: dies
exit status 2
FAIL m/a 0.3s
not JSON

real part: nginx ran
measured: 3 queries in 1.2 s
tests: 1 passed, 1 skipped, 3 failed
failed: m/broken
failed: m/a TestBad a_test.go:9: bad
failed: m/a
`
	if out.String() != want {
		t.Errorf("said:\n%s\nwant:\n%s", out.String(), want)
	}
}

// A test that failed and passes when it runs again is told of; what else failed stays.
func TestAgain(t *testing.T) {
	const failed = `{"Action":"output","Package":"m/a","Test":"TestSlow/sub","Output":"a_test.go:9: late\n"}
{"Action":"fail","Package":"m/a","Test":"TestSlow/sub","Elapsed":0.1}
{"Action":"output","Package":"m/a","Test":"TestSlow","Output":"a_test.go:7: slow\n"}
{"Action":"fail","Package":"m/a","Test":"TestSlow","Elapsed":0.1}
`
	const end = `{"Action":"fail","Package":"m/a","Elapsed":0.3}
`
	slow := name{"m/a", "TestSlow"}
	for what, c := range map[string]struct {
		in    string
		again []name
		left  int
	}{
		"alone":        {failed + end, []name{slow}, 0},
		"a build":      {failed + end + `{"Action":"fail","Package":"m/b","Elapsed":0}` + "\n", nil, 2},
		"another":      {failed + `{"Action":"fail","Package":"m/a","Test":"TestBad","Elapsed":0}` + "\n" + end, []name{slow, {"m/a", "TestBad"}}, 2},
		"a race":       {strings.Replace(failed, "slow", "WARNING: DATA RACE", 1) + end, nil, 1},
		"it died":      {failed + `{"Action":"output","Package":"m/a","Test":"TestDies","Output":"panic\n"}` + "\n" + end, nil, 1},
		"after a test": {`{"Action":"fail","Package":"m/a","Elapsed":0.3}` + "\n", nil, 1},
	} {
		var out strings.Builder
		r := newReport(&out)
		if err := r.read(strings.NewReader(c.in)); err != nil {
			t.Fatal(err)
		}
		if got := r.again(2); !slices.Equal(got, c.again) {
			t.Errorf("%s: %v are run again, want %v", what, got, c.again)
		}
		if got := r.again(0); len(got) > 0 {
			t.Errorf("%s: %v are run again, want none", what, got)
		}
		if c.again == nil {
			continue
		}
		if r.flaked(slow); len(r.failed) != c.left {
			t.Errorf("%s: %v still failed", what, r.failed)
		}
		if r.sum(); !strings.Contains(out.String(), "flaky, mend it: m/a TestSlow a_test.go:7: slow\n") {
			t.Errorf("%s: said %s", what, out.String())
		}
	}
	part := name{"m/a", "TestSlow/a_part"}
	for what, c := range map[string]struct {
		failed []failure
		want   string
	}{
		"the test":       {[]failure{{slow, "", "why"}}, "TestSlow"},
		"a part":         {[]failure{{part, "", "why"}, {slow, "", ""}}, part.test},
		"a part of it":   {[]failure{{slow, "", ""}, {part, "", ""}, {name{"m/a", part.test + "/sub"}, "", "why"}}, part.test + "/sub"},
		"two parts":      {[]failure{{part, "", "why"}, {name{"m/a", "TestSlow/b"}, "", "why"}, {slow, "", ""}}, "TestSlow"},
		"both":           {[]failure{{part, "", "why"}, {slow, "", "too"}}, "TestSlow"},
		"a longer name":  {[]failure{{slow, "", "why"}, {name{"m/a", "TestSlower/b"}, "", "why"}}, "TestSlow"},
		"another's part": {[]failure{{slow, "", "why"}, {name{"m/b", part.test}, "", "why"}}, "TestSlow"},
	} {
		if got := (&report{failed: c.failed}).partOf(slow); got != (name{"m/a", c.want}) {
			t.Errorf("%s: %v is run once more, want %s", what, got, c.want)
		}
	}
	if got := onceMore([]string{"-count=1", "./..."}, name{"m/a", "TestSlow/what?"}); got[3] != `^TestSlow$/^what\?$` {
		t.Errorf("once more with %v", got)
	}
	if got := strings.Join(onceMore([]string{"-timeout", "15m", "-count=1", "./..."}, slow), " "); got != "-timeout 15m -count=1 -count=1 -run ^TestSlow$ m/a" {
		t.Errorf("once more with %s", got)
	}
}
