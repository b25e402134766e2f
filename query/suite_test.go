package query

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/event"
)

// The suite: testdata/events.txt names events, in lines like "login {…}".
// testdata/suite.txt has cases, one a line: a query, " ⇒ ", and the names of the
// events that it matches, or "all" or "none"; or " = " and how it is printed, or both
// as " = … ⇒ …". A query that begins with "?" is one of a search.
// testdata/refused.txt has queries that are mistakes: the query with a bar before
// the place of the mistake, " ✗ ", a part of the message, and perhaps " ✎ " and a part of the hint.

func suiteEvents(t *testing.T) (names []string, events []*event.Event) {
	for _, line := range lines(t, "testdata/events.txt") {
		name, text, _ := strings.Cut(line, " ")
		e, err := event.ParseJSON([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		names, events = append(names, name), append(events, &e)
	}
	return names, events
}

func TestSuite(t *testing.T) {
	names, events := suiteEvents(t)
	section, cases := "", 0
	for i, line := range lines(t, "testdata/suite.txt") {
		if line == "" || strings.HasPrefix(line, "# ") {
			section = line
			continue
		}
		cases++
		t.Run(strconv.Itoa(i+1), func(t *testing.T) {
			q, matches, matched := strings.Cut(line, " ⇒ ")
			q, printed, isPrinted := strings.Cut(q, " = ")
			if !matched && !isPrinted {
				t.Fatalf("line %d is no case", i+1)
			}
			x := suiteParse(t, q)
			if isPrinted && x.String() != printed {
				t.Errorf("%s\n%s\nis printed as %s", section, line, x)
			}
			again, _, err := ParseSearch(x.String(), thursday)
			if err != nil || again.String() != x.String() {
				t.Errorf("%s: printed as %s: %v, %v", q, x, again, err)
				return
			}
			if !matched {
				return
			}
			got := []string{}
			for n, e := range events {
				if x.Match(e) {
					got = append(got, names[n])
				}
				if again.Match(e) != x.Match(e) {
					t.Errorf("%s: matches %s otherwise when it is printed", q, names[n])
				}
			}
			switch {
			case len(got) == len(events):
				got = []string{"all"}
			case len(got) == 0:
				got = []string{"none"}
			}
			if strings.Join(got, " ") != matches {
				t.Errorf("%s\n%s\nmatches %s", section, line, strings.Join(got, " "))
			}
		})
	}
	if cases < 300 {
		t.Errorf("%d cases", cases)
	}
}

func suiteParse(t *testing.T, q string) Expr {
	t.Helper()
	search, isSearch := strings.CutPrefix(q, "?")
	x, warnings, err := ParseSearch(search, thursday)
	if err == nil && !isSearch {
		if x, err = Parse(q); warnings != nil {
			t.Errorf("%s: %+v", q, warnings)
		}
	}
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return x
}

func TestRefused(t *testing.T) {
	cases := 0
	for i, line := range lines(t, "testdata/refused.txt") {
		if line == "" || strings.HasPrefix(line, "# ") {
			continue
		}
		cases++
		q, told, ok := strings.Cut(line, " ✗ ")
		message, hint, _ := strings.Cut(told, " ✎ ")
		at := strings.IndexByte(q, '|')
		if !ok || at < 0 {
			t.Errorf("line %d is no case", i+1)
			continue
		}
		q = q[:at] + q[at+1:]
		parse := Parse
		if strings.HasPrefix(q, "?") {
			q, at = q[1:], at-1
			parse = func(s string) (Expr, error) {
				x, _, err := ParseSearch(s, thursday)
				return x, err
			}
		}
		x, err := parse(q)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v, %v", line, x, err)
		} else if e.Offset() != at || !strings.Contains(e.Error(), message) || !strings.Contains(e.Hint(), hint) {
			t.Errorf("%s\nat %d: %v\n%s", line, e.Offset(), e, e.Hint())
		}
	}
	if cases < 60 {
		t.Errorf("%d cases", cases)
	}
}
