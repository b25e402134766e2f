package query

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata/errors.txt")

// TestErrors prints each mistake of testdata/mistakes.txt as a terminal would show it.
func TestErrors(t *testing.T) {
	f, err := os.Open("testdata/mistakes.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b strings.Builder
	for lines := bufio.NewScanner(f); lines.Scan(); {
		q := lines.Text()
		x, err := Parse(q)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v, %v", q, x, err)
			continue
		}
		if e.Offset() < 0 || e.Offset() > len(q) {
			t.Errorf("%s: offset %d", q, e.Offset())
			continue
		}
		fmt.Fprintf(&b, "%s\n%s^ %s\n", q, strings.Repeat(" ", utf8.RuneCountInString(q[:e.Offset()])), e)
		if e.Hint() != "" {
			fmt.Fprintf(&b, "  %s\n", e.Hint())
		}
	}
	if *update {
		if err := os.WriteFile("testdata/errors.txt", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/errors.txt")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Errorf("errors changed (-want +got); -update accepts them:\n%s", d)
	}
}

func TestLimits(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("(a or b and ", n) + "c" + strings.Repeat(")", n) }
	for _, c := range []struct {
		name, query, want string
		offset            int
	}{
		{"length", strings.Repeat("a", MaxLength+1), "the query has 65537 bytes", MaxLength},
		{"longest", strings.Repeat("a", MaxLength), "", 0},
		{"terms", strings.Repeat("a or ", MaxTerms) + "b", "the query has more than 1024 terms", 5 * MaxTerms},
		{"most terms", strings.Repeat("a or ", MaxTerms-1) + "b", "", 0},
		{"days are two terms", "eventTime: (" + strings.Repeat("2026-11-29 or ", MaxTerms/2) + "2026-11-29)", "the query has more than 1024 terms", 12 + 14*MaxTerms/2},
		{"free words", strings.Repeat("a ", MaxTerms+1), "the query has more than 1024 terms", 2 * MaxTerms},
		{"prose words", "errorMessage: " + strings.Repeat("a ", MaxTerms+1), "the query has more than 1024 terms", 14 + 2*MaxTerms},
		{"long phrase", `errorMessage: "` + strings.Repeat("a ", MaxTokens) + `b"`, "the value has 513 words", 14},
		{"longest phrase", `errorMessage: "` + strings.Repeat("请", MaxTokens) + `"`, "", 0},
		{"parentheses", strings.Repeat("(", 30000), "the query is nested too deep", 2 * MaxDepth},
		{"parentheses of values", "eventName: " + strings.Repeat("(", 30000), "the query is nested too deep", 11 + 2*MaxDepth},
		{"parentheses one after another", strings.Repeat("(not a) or eventName: (b) or ", 200) + "c", "", 0},
		{"nots", strings.Repeat("not ", 16000) + "a", "the query is nested too deep", 4 * 2 * MaxDepth},
		{"few nots", strings.Repeat("not ", MaxDepth+1) + "a", "the query is nested too deep", 0},
		{"most nots", strings.Repeat("not ", MaxDepth) + "a", "", 0},
		{"levels", nested(MaxDepth/2 + 1), "the query is nested too deep", 0},
		{"most levels", nested(MaxDepth / 2), "", 0},
		{"not UTF-8", "eventName: \xff", "the query is not UTF-8", 11},
	} {
		x, err := Parse(c.query)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			} else if again, err := Parse(x.String()); err != nil || again.String() != x.String() {
				t.Errorf("%s: cannot be read again: %v", c.name, err)
			}
			continue
		}
		var e *Error
		if !errors.As(err, &e) || e.Error() != c.want || e.Offset() != c.offset {
			t.Errorf("%s: %v at %d", c.name, err, e.Offset())
		}
	}
}

func TestErrorsAreShort(t *testing.T) {
	long := strings.Repeat("é", 10000)
	for _, q := range []string{long + ": a", "eventName: a " + long + ": b", "requestParameters." + long + " > 5", "eventTime > " + long, "!" + long} {
		var e *Error
		if _, err := Parse(q); !errors.As(err, &e) || len(e.Error()) > MaxValue || len(e.Hint()) > MaxValue {
			t.Errorf("%.40s: %d and %d bytes", q, len(e.Error()), len(e.Hint()))
		}
	}
}

func TestNothingIsAll(t *testing.T) {
	for _, q := range []string{"", " ", "\n\t \u00a0"} {
		if x, err := Parse(q); x != nil || err != nil {
			t.Errorf("%q: %v, %v", q, x, err)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "ab", 2}, {"ab", "ba", 1}, {"abc", "abd", 1}, {"abc", "ac", 1}, {"abcd", "badc", 2}, {"é", "e", 1}} {
		if got := distance(c.a, c.b); got != c.want || distance(c.b, c.a) != c.want {
			t.Errorf("%s, %s: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestSuggest(t *testing.T) {
	for name, want := range map[string]string{
		"eventname": "eventName", "eventNmae": "eventName", "evntName": "eventName", "EventTime": "eventTime", "userName": "userIdentity.userName", "username": "userIdentity.userName",
		"userIdentity.username": "userIdentity.userName", "userIdentity": "", "accesskeyid": "userIdentity.accessKeyId", "@timestamp": "eventTime", "source.ip": "sourceIpAddress",
		"sourceIPAddress": "sourceIpAddress", "awsRegion": "acsRegion", "requestparameters.InstanceId": "requestParameters.InstanceId", "user": "userIdentity.userName",
		"xyz": "", "a": "", "": "", "qwertzuiop": "", "eventNamé": "eventName", strings.Repeat("e", 200): "",
	} {
		if got := Suggest(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// lines of a file.
func lines(t *testing.T, name string) []string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}
