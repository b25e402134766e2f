package bus

import (
	"fmt"
	"regexp"
	"strings"
)

// StreamName is the name of the stream that all batches go through.
const StreamName = "EVENTS"

const (
	subjectPrefix = "events"
	allSubjects   = subjectPrefix + ".>"
	directGet     = "$JS.API.DIRECT.GET." + StreamName
	inboxPrefix   = "_INBOX_"
)

var token = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// ValidName tells whether a name of an account, agent or source can be part of a subject.
func ValidName(name string) bool { return token.MatchString(name) }

// Subject is where the batches of a source go: events.<account>.<agent>.<source>.
func Subject(account, agent, source string) (string, error) {
	for _, n := range []string{account, agent, source} {
		if !ValidName(n) {
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
