package bus

import (
	"fmt"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// StreamName is the name of the stream that all batches go through.
const StreamName = "EVENTS"

const (
	subjectPrefix = "events"
	allSubjects   = subjectPrefix + ".>"
	directGet     = "$JS.API.DIRECT.GET." + StreamName
	inboxPrefix   = "_INBOX_"
	recoverPrefix = "recover"
	// statusPrefix begins the subjects of reports, which are no part of the stream:
	// agents.<account>.<agent>. They are status: nobody keeps them, a lost one is not sent again.
	statusPrefix = "agents"
)

// Subject is where the batches of a source go: events.<account>.<agent>.<source>.
func Subject(account, agent, source string) (string, error) {
	for _, n := range []string{account, agent, source} {
		if !event.ValidName(n) {
			return "", fmt.Errorf("name %q: want 1 to 64 letters, digits, _ or -", n)
		}
	}
	return strings.Join([]string{subjectPrefix, account, agent, source}, "."), nil
}

// SplitSubject is the inverse of Subject.
func SplitSubject(subject string) (account, agent, source string, ok bool) {
	p := strings.Split(subject, ".")
	if len(p) != 4 || p[0] != subjectPrefix {
		return "", "", "", false
	}
	return p[1], p[2], p[3], true
}
