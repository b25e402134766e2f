package index

import (
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// The first class that fits has the event; both lists must fit where they are given.
func TestClassOf(t *testing.T) {
	classes := Classes{
		{Name: "signins", EventTypes: []string{"ConsoleSignin", "ConsoleSignout"}, Accounts: []string{"1"}, Retention: time.Hour},
		{Name: "one", Accounts: []string{"1", "2"}},
		{Name: "calls", EventTypes: []string{"ApiCall"}, Retention: 5 * time.Hour},
	}
	for _, c := range []struct {
		kind, account, want string
		retention           time.Duration
	}{
		{"ConsoleSignin", "1", "signins", time.Hour},
		{"ConsoleSignout", "1", "signins", time.Hour},
		{"ConsoleSignin", "2", "one", 0},
		{"ApiCall", "1", "one", 0},
		{"ApiCall", "3", "calls", 5 * time.Hour},
		{"ConsoleSignin", "3", "", 9 * time.Hour},
		{"", "", "", 9 * time.Hour},
	} {
		n := classes.Of(&event.Event{Type: c.kind, RecipientAccountID: c.account})
		if classes.Name(n) != c.want || classes.Number(c.want) != n || classes.Retention(n, 9*time.Hour) != c.retention {
			t.Errorf("%s of %s is of class %d %q, kept %v; want %q, %v", c.kind, c.account, n, classes.Name(n), classes.Retention(n, 9*time.Hour), c.want, c.retention)
		}
	}
	if n := classes.Number("gone"); n != 0 {
		t.Errorf("a class that is not there is number %d", n)
	}
	if n := Classes(nil).Of(&event.Event{}); n != 0 {
		t.Errorf("without classes an event is of class %d", n)
	}
}
