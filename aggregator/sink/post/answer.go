package post

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/internal/backoff"
)

// longestAfter bounds how long a receiver can have us wait.
const longestAfter = time.Hour

// after is what Retry-After says: seconds, or a time. 0: nothing that can be used.
func after(text string, now time.Time) time.Duration {
	text = strings.TrimSpace(text)
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(n)*time.Second, longestAfter)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now), 0), longestAfter)
	}
	return 0
}

// Verdict is what an answer means for the events of its request.
type Verdict int

const (
	Again    Verdict = iota // none is known to be taken: the same later
	Taken                   // all are
	TooLarge                // less of them at a time may be
	Wrong                   // one or more of them may never be, which ones is not known
	Bad                     // the same, and it is known that they are at fault, not the receiver
	Anew                    // who judged has changed how they are sent: at once again
)

// Judge is what an answer means by its status alone. What is not about the events, but about
// the receiver or who is allowed to send, stays a matter of trying again: an operator mends it.
func Judge(a *Answer) Verdict {
	switch a.Code {
	case http.StatusRequestEntityTooLarge:
		return TooLarge
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return Wrong
	}
	if a.Code >= 200 && a.Code < 300 {
		return Taken
	}
	return Again
}

// Failed is the error of an answer after which the same is tried again.
func (c *Client) Failed(a *Answer) error {
	hint := ""
	switch {
	case a.Code == http.StatusUnauthorized, a.Code == http.StatusProxyAuthRequired:
		hint = "; put what it wants into token_file, or user and password_file"
	case a.Code == http.StatusForbidden:
		hint = "; the token is not allowed to write there"
	case a.Code >= 300 && a.Code < 400:
		hint = "; redirects are not followed: write the address that it means in url"
	case a.Code == http.StatusNotFound, a.Code == http.StatusMethodNotAllowed, a.Code == http.StatusGone:
		hint = "; is that the path in url?"
	case a.Code == http.StatusUnsupportedMediaType && c.receiver.Gzip:
		hint = `; write compression = "none" if it knows no gzip`
	}
	err := fmt.Errorf("%s answers %s%s", c.host, a.Says(), hint)
	if a.After > 0 {
		return &backoff.Later{After: a.After, Err: err}
	}
	return err
}
