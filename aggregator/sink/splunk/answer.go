package splunk

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/actiontrail/actiontrail/aggregator/sink/post"
)

// answer is what a collector says.
type answer struct {
	Text  string `json:"text"`
	Code  *int   `json:"code"`
	AckID *int64 `json:"ackId"`
}

// Codes of a collector that are about an event: its data format, no event field, an empty one, indexed fields.
func eventCodes() map[int]bool { return map[int]bool{6: true, 12: true, 13: true, 15: true} }

// judge tells what a collector means. It says 400 also of an index that there is not, a missing
// channel, or acknowledgements that are off: those an operator mends, and no event is at fault.
func (s *Sink) judge(a *post.Answer, _ []post.Part) (post.Verdict, string) {
	v := post.Judge(a)
	if v != post.Wrong {
		return v, a.Says()
	}
	var said answer
	if json.Unmarshal(a.Body, &said) != nil || said.Code == nil {
		return post.Wrong, a.Says()
	}
	if eventCodes()[*said.Code] {
		return post.Bad, a.Says()
	}
	return post.Again, a.Says()
}

// taken notes which acknowledgement is to come.
func (s *Sink) taken(a *post.Answer) error {
	var said answer
	err := json.Unmarshal(a.Body, &said)
	switch {
	case err != nil || said.Code == nil:
		return fmt.Errorf("%s is no HTTP Event Collector: it answers %s", s.sender.Client.Host(), a.Says())
	case *said.Code != 0:
		return fmt.Errorf("%s answers %s", s.sender.Client.Host(), a.Says())
	case s.config.Acknowledge && said.AckID == nil:
		return errors.New(s.sender.Client.Host() + " gives no ackId: turn on indexer acknowledgement for the token, or write acknowledge = false")
	case s.config.Acknowledge:
		s.waits[*said.AckID] = true
	}
	return nil
}

// readAcks reads {"acks":{"0":true,"1":false}}.
func readAcks(body []byte) (map[int64]bool, error) {
	var said struct {
		Acks map[string]bool `json:"acks"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return nil, errors.New("the answer is not what a collector says")
	}
	if said.Acks == nil {
		return nil, errors.New("there are none in the answer")
	}
	acks := make(map[int64]bool, len(said.Acks))
	for id, done := range said.Acks {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%.40q is no number of one", id)
		}
		acks[n] = done
	}
	return acks, nil
}
