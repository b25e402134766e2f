package s3_test

import (
	"strings"
	"testing"
	"testing/iotest"

	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/s3"
)

// A store that got all bytes that were announced would make the object: the last
// of them are kept back until it is known that there are no more.
func TestReadExactly(t *testing.T) {
	for n := range int64(6) {
		for name, in := range map[string]func() (string, error){
			"at once": func() (string, error) { b, err := s3.ReadExactly(strings.NewReader("abc"), n); return string(b), err },
			"one by one": func() (string, error) {
				b, err := s3.ReadExactly(iotest.OneByteReader(strings.NewReader("abc")), n)
				return string(b), err
			},
			"with the end": func() (string, error) {
				b, err := s3.ReadExactly(iotest.DataErrReader(strings.NewReader("abc")), n)
				return string(b), err
			},
		} {
			got, err := in()
			if n == 3 && (err != nil || got != "abc") || n != 3 && err == nil || n < 3 && int64(len(got)) >= max(n, 1) {
				t.Errorf("%s, %d bytes of 3: %q, %v", name, n, got, err)
			}
		}
	}
}
