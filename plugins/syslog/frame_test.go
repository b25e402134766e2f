package syslog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// all reads every record.
func all(r io.Reader, most int64) (records []string, err error) {
	f := newFrames(r, most)
	for {
		item, err := f.Next()
		if item.Data != nil {
			s := string(item.Data)
			if item.Fault != "" {
				s += " | " + item.Fault
			}
			records = append(records, s)
		}
		if err != nil {
			return records, err
		}
	}
}

func TestFrames(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{"<1>a\n<2>b\r\n\n<3>c", []string{"<1>a", "<2>b", "<3>c"}},
		{"5 <1>ab6 <1>a\nb<1>line\n5 <2>cd", []string{"<1>ab", "<1>a\nb", "<1>line", "<2>cd"}},
		{"5 <1>a\n\n5 <2>cd", []string{"<1>a", "<2>cd"}},                                                             // counted, and ended as well
		{"2026 is no length\n12 nor is this\n007 <1>\n", []string{"2026 is no length", "12 nor is this", "007 <1>"}}, // what is counted has a priority
		{"1234567890 <1>\n", []string{"1234567890 <1>"}},
		{"20 <1>cut", []string{"<1>cut | the connection ended within it: 6 bytes of 20"}},
		{"25 <1>" + strings.Repeat("x", 22) + "5 <2>ok", []string{"<1>" + strings.Repeat("x", 17) + " | longer than max_line: 25 bytes, 20 are the most", "<2>ok"}},
		{strings.Repeat("x", 25) + "\n<2>ok\n", []string{strings.Repeat("x", 20) + " | longer than max_line: 25 bytes, 20 are the most", "<2>ok"}},
		{"7", []string{"7"}},
		{"<1>a\x00\n", []string{"<1>a"}},
	} {
		for name, r := range map[string]io.Reader{"whole": strings.NewReader(c.text), "a byte at a time": iotest.OneByteReader(strings.NewReader(c.text))} {
			got, err := all(r, 20)
			if diff := cmp.Diff(c.want, got); diff != "" || !errors.Is(err, io.EOF) {
				t.Errorf("%q, %s: %v %s", c.text, name, err, diff)
			}
		}
	}
	broken := errors.New("broken")
	got, err := all(io.MultiReader(strings.NewReader("<1>a\n<1>b"), iotest.ErrReader(broken)), 20)
	if diff := cmp.Diff([]string{"<1>a", "<1>b | the connection broke within it"}, got); diff != "" || !errors.Is(err, broken) {
		t.Error(err, diff)
	}
}

// What was framed is read again as it was, and whatever comes is read to its end.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("<1>a\n5 <1>ab"), true)
	f.Add([]byte("9999999 <"), false)
	f.Add([]byte("\n\n\x00\n12 <1>"), true)
	f.Fuzz(func(t *testing.T, text []byte, counted bool) {
		if _, err := all(bytes.NewReader(text), 100); !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		message := append([]byte("<1>"), bytes.Trim(text, "\r\n\x00")...)
		framed := fmt.Appendf(nil, "%d %s", len(message), message)
		if !counted {
			message = bytes.ReplaceAll(message, []byte("\n"), nil)
			message = bytes.TrimRight(message, "\r\x00")
			framed = append(bytes.Clone(message), '\n')
		}
		got, err := all(bytes.NewReader(bytes.Repeat(framed, 2)), 1<<20)
		want := []string{string(message), string(message)}
		if diff := cmp.Diff(want, got); diff != "" || !errors.Is(err, io.EOF) {
			t.Error(err, diff)
		}
	})
}
