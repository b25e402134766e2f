package httpsource

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// problemPrefix begins the `type` of RFC 9457, as those of the API do.
const problemPrefix = "urn:actiontrail:problem:"

// problem is why a request is refused. Nothing of it was taken, unless Detail says other.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	Hint   string `json:"hint,omitempty"`
	Offset *int64 `json:"offset,omitempty"` // of the byte of the unpacked body where the mistake is

	later bool // the client should send it again
}

func (p *problem) Error() string { return p.Title + ": " + p.Detail }

func refuse(status int, kind, title, detail, hint string) *problem {
	return &problem{Type: problemPrefix + kind, Title: title, Status: status, Detail: detail, Hint: hint}
}

// busy asks the client to come again.
func busy(detail string) *problem {
	p := refuse(http.StatusServiceUnavailable, "busy", "The records cannot be taken now", detail, "send the request again later")
	p.later = true
	return p
}

func (p *problem) write(w http.ResponseWriter, wait time.Duration) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	if p.later {
		h.Set("Retry-After", strconv.Itoa(max(1, int(wait.Round(time.Second)/time.Second))))
	}
	w.WriteHeader(p.Status)
	text, err := json.Marshal(p)
	if err != nil {
		return // it has strings and numbers only
	}
	_, _ = w.Write(append(text, '\n')) // a client that is gone asks again
}
