package main

import (
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
	r := report{out: &out, printed: map[name][]string{}, parts: map[string]bool{}}
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
