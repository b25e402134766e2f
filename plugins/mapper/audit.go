package mapper

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// What the dialects of audit logs share: their records say by themselves what was
// done and by whom, so that no rule has to name it.

// Facts of additionalEventData that several of them have.
var (
	factMFA      = newKey("mfaChecked") // "true" or "false"; where the record does not tell there is none
	factCallback = newKey("callbackUrl")
	factMethod   = newKey("signinMethod")
	factSession  = newKey("sessionId")
	factRealm    = newKey("realm")
	factDetail   = newKey("detail")
	factFrom     = newKey("from")
	factTo       = newKey("to")
)

// auditJSON is the reader of a dialect whose records are objects of this form.
// take fills the request of the mapper from what was found in one.
func auditJSON(form []wanted, take func(*Mapper, *nested) error) func(*Options) (reader, error) {
	return func(opt *Options) (reader, error) {
		if opt.LogFormat != "" {
			return nil, errOneForm
		}
		return readObject(newNested(form, opt), take), nil
	}
}

func readObject(n *nested, take func(*Mapper, *nested) error) reader {
	return func(m *Mapper, record []byte) error {
		q := &m.request
		if err := n.read(record, m.text.escapes, &q.scratch); err != nil {
			return fmt.Errorf("not a JSON record: %w", err)
		}
		n.fill(q)
		return take(m, n)
	}
}

// signin says that the record is of somebody who signs in. Why it failed, if it
// did, is a code and what the system says of it: then whoever it was is claimed.
func (q *request) signin(failed, why string) {
	t := &q.told
	t.action, t.eventType, t.rw = event.TypeConsoleSignin, event.TypeConsoleSignin, event.Write
	t.errorCode, t.errorMessage = failed, why
}

// signout says that the record is of somebody who signs out.
func (q *request) signout() {
	t := &q.told
	t.action, t.eventType, t.rw = event.TypeConsoleSignout, event.TypeConsoleSignout, event.Write
}

// done says what the record is of, where it is a call.
func (q *request) done(action, rw string) { q.told.action, q.told.rw = action, rw }

// named is the name of an action that a system calls by other rules. What may be
// more than a name has none: letters alone would no longer show the secret in it.
func (m *Mapper) named(s string) string {
	if len(s) > maxName || secretPart(s) {
		return ""
	}
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && !isDigit(c) && strings.IndexByte(" _-./:", c) < 0 {
			return ""
		}
	}
	return m.templates.pascal(s)
}

// hashedID is an id of an event, a UUID made of a hash as all ids of events are, of
// what a system itself says of a record, which is the same however often it comes.
func (q *request) hashedID(parts ...string) string {
	at := len(q.scratch)
	for _, s := range parts {
		q.scratch = append(binary.AppendUvarint(q.scratch, uint64(len(s))), s...)
	}
	h := sha256.Sum256(q.scratch[at:])
	q.scratch = q.scratch[:at]
	h[6] = h[6]&0x0f | 0x80
	h[8] = h[8]&0x3f | 0x80
	return event.FormatUUID([16]byte(h[:16]))
}

// uuidOr is an id that a system gave its record, if it is one that only the
// system makes up: a UUID. Else it is hashed.
func (q *request) uuidOr(system, id, at string) string {
	if _, ok := event.ParseUUID(id); ok {
		return id
	}
	return q.hashedID(system, id, at)
}
