package otlp

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/actiontrail/actiontrail/aggregator/sink/post"
)

// judge tells what a receiver means. One that took a part of a request says how many records it
// rejected, not which ones: they go again in halves until it is known. OTLP would have clients
// leave it at that, and records would be lost; who keeps them tells repeats by log.record.uid.
func (s *Sink) judge(a *post.Answer, parts []post.Part) (post.Verdict, string) {
	v := post.Judge(a)
	if v != post.Taken {
		return v, a.Says()
	}
	rejected, why, err := readPartial(a.Body)
	switch {
	case err != nil:
		return post.Again, a.Says()
	case rejected == 0:
		return post.Taken, ""
	}
	return post.Bad, fmt.Sprintf("%s, and rejects %d of %d records: %s", a.Status, rejected, len(parts), post.Shown(why))
}

// readPartial reads an ExportLogsServiceResponse: {"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"…"}}.
// An empty answer is one without members.
func readPartial(body []byte) (rejected int64, why string, err error) {
	var said struct {
		PartialSuccess struct {
			Rejected json.RawMessage `json:"rejectedLogRecords"`
			Message  string          `json:"errorMessage"`
		} `json:"partialSuccess"`
	}
	if len(strings.TrimSpace(string(body))) == 0 {
		return 0, "", nil
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return 0, "", fmt.Errorf("it is no answer of OTLP: %w", err)
	}
	number := strings.Trim(string(said.PartialSuccess.Rejected), `"`)
	if number == "" || number == "null" {
		return 0, "", nil
	}
	if rejected, err = strconv.ParseInt(number, 10, 64); err != nil || rejected < 0 {
		return 0, "", fmt.Errorf("rejectedLogRecords is %.40q", number)
	}
	return rejected, said.PartialSuccess.Message, nil
}
