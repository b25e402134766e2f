package auditevents

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"time"
)

// mostEvents of one call, as in the cloud.
const mostEvents = 100

// putRequest is the body of a call.
type putRequest struct {
	AuditEvents []auditEvent `json:"auditEvents"`
}

type auditEvent struct {
	ID       string  `json:"id"`
	Data     string  `json:"eventData"`
	Checksum *string `json:"eventDataChecksum"`
}

// putAnswer names every event of a call.
type putAnswer struct {
	Successful []success `json:"successful"`
	Failed     []failure `json:"failed"`
}

type success struct {
	ID      string `json:"id"`
	EventID string `json:"eventID"`
}

type failure struct {
	ID           string `json:"id"`
	ErrorCode    string `json:"errorCode"`
	ErrorMessage string `json:"errorMessage"`
}

// Codes of events that fail alone.
const (
	invalidChecksum = "InvalidChecksum"
	invalidData     = "InvalidEventData"
	duplicateID     = "DuplicatedAuditEventId"
)

// ids are names of events: [-_A-Za-z0-9]{1,128}, and in the cloud nothing else.
func ids() *regexp.Regexp { return regexp.MustCompile(`^[-_A-Za-z0-9]{1,128}$`) }

// record makes a record of an event: eventData, as it is, with what the call says of it, in the form of a
// CloudTrail record. Its members come in the order of their names.
func record(e *auditEvent, channel, external string) ([]byte, *failure) {
	fail := func(code, format string, args ...any) ([]byte, *failure) {
		return nil, &failure{e.ID, code, fmt.Sprintf(format, args...)}
	}
	if e.Checksum != nil {
		sum := sha256.Sum256([]byte(e.Data))
		if want := base64.StdEncoding.EncodeToString(sum[:]); *e.Checksum != want {
			return fail(invalidChecksum, "eventDataChecksum is not the SHA-256 of eventData in base64, which is %s", want)
		}
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(e.Data), &members); err != nil || members == nil {
		return fail(invalidData, "eventData is not a JSON object")
	}
	for _, name := range []string{"eventName", "eventSource", "eventTime"} {
		var text string
		if json.Unmarshal(members[name], &text) != nil || text == "" {
			return fail(invalidData, "eventData has no %s, or it is no string", name)
		}
		if _, err := time.Parse(time.RFC3339, text); name == "eventTime" && err != nil {
			return fail(invalidData, "eventTime %q is not like 2026-01-02T15:04:05Z", text)
		}
	}
	var identity map[string]json.RawMessage
	if json.Unmarshal(members["userIdentity"], &identity) != nil || identity == nil {
		return fail(invalidData, "eventData has no userIdentity, or it is no object")
	}
	own := map[string]string{"eventID": eventID(channel, e.ID), "auditEventId": e.ID, "channelArn": channel}
	if external != "" {
		own["externalId"] = external
	}
	if members["eventType"] == nil {
		own["eventType"] = "AwsApiCall"
	}
	for name, text := range own {
		raw, err := json.Marshal(text)
		if err != nil {
			return fail(invalidData, "%v", err)
		}
		members[name] = raw
	}
	var text bytes.Buffer
	out := json.NewEncoder(&text)
	out.SetEscapeHTML(false)
	if err := out.Encode(members); err != nil {
		return fail(invalidData, "%v", err)
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}
