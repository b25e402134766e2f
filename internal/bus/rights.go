package bus

import (
	"fmt"
	"slices"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// Agent is an agent as the server knows it.
type Agent struct {
	Account, Name string
	Key           string // public nkey, U…
}

// Inbox is the Inbox of the Config of an agent. The account is part of it, or
// agents of the same name in two accounts would hear each other's answers.
func (a Agent) Inbox() string { return a.Account + "." + a.Name }

// Rights are what a client may do.
type Rights struct{ Publish, Subscribe []string }

// Rights are what an agent needs, and all that it may: to publish its own
// batches, to read its own last one, to ask the aggregator for its own earlier
// ones, to tell how it fares, and to get the answers.
func (a Agent) Rights() Rights {
	own := a.Account + "." + a.Name
	return Rights{
		Publish: []string{
			subjectPrefix + "." + own + ".*",
			directGet + "." + subjectPrefix + "." + own + ".*",
			recoverPrefix + "." + own + ".*",
			statusPrefix + "." + own,
		},
		Subscribe: []string{inboxPrefix + a.Inbox() + ".>"},
	}
}

// services are what agents may ask for, each as far as their rights go.
func services() []string {
	return []string{allSubjects, directGet + "." + allSubjects, recoverPrefix + ".>", statusPrefix + ".>"}
}

// Accounts is the part of a NATS server's configuration that says who may do
// what. The stream is in the account CORE, where the aggregators (by public key)
// may do everything. The agents are in an account of their own, AGENTS, from
// which only services lead to CORE: an agent in one account with the stream
// could name another agent's subject as its reply subject, and have the server's
// acknowledgement stored there as a batch.
func Accounts(aggregators []string, agents []Agent) (string, error) {
	var b strings.Builder
	b.WriteString("accounts {\n  CORE {\n    jetstream: enabled\n    users: [\n")
	for _, key := range slices.Sorted(slices.Values(aggregators)) {
		if !publicKey(key) {
			return "", fmt.Errorf("%q is not the public key of a user", key)
		}
		fmt.Fprintf(&b, "      { nkey: %s }\n", key)
	}
	b.WriteString("    ]\n    exports: [\n")
	for _, s := range services() {
		fmt.Fprintf(&b, "      { service: %q, accounts: [AGENTS] }\n", s)
	}
	b.WriteString("    ]\n  }\n  AGENTS {\n    users: [\n")
	seen := map[string]bool{}
	for _, a := range agents {
		switch {
		case !event.ValidName(a.Account) || !event.ValidName(a.Name):
			return "", fmt.Errorf("agent %s/%s: names are 1 to 64 letters, digits, - and _", a.Account, a.Name)
		case !publicKey(a.Key):
			return "", fmt.Errorf("agent %s/%s: %q is not the public key of a user", a.Account, a.Name, a.Key)
		case seen[a.Key] || slices.Contains(aggregators, a.Key):
			continue // one key is one user: the first name has it
		}
		seen[a.Key] = true
		r := a.Rights()
		fmt.Fprintf(&b, "      { # %s/%s\n        nkey: %s\n        permissions: {\n          publish: { allow: [%s] }\n          subscribe: { allow: [%s] }\n        }\n      }\n",
			a.Account, a.Name, a.Key, quoted(r.Publish), quoted(r.Subscribe))
	}
	b.WriteString("    ]\n    imports: [\n")
	for _, s := range services() {
		fmt.Fprintf(&b, "      { service: { account: CORE, subject: %q } }\n", s)
	}
	b.WriteString("    ]\n  }\n}\n")
	return b.String(), nil
}

// publicKey tells whether s looks like a user's public nkey: what it holds goes
// into a configuration as it is.
func publicKey(s string) bool {
	return len(s) == 56 && s[0] == 'U' && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

func quoted(all []string) string {
	q := make([]string, len(all))
	for i, s := range all {
		q[i] = fmt.Sprintf("%q", s)
	}
	return strings.Join(q, ", ")
}
