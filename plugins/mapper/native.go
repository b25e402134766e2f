package mapper

import (
	"errors"
	"fmt"

	"github.com/actiontrail/actiontrail/event"
)

// native reads a record that is an event in its canonical JSON. It keeps its id.
func (m *Mapper) native(data []byte, e *event.Event) error {
	read, err := event.ParseJSON(data)
	if err != nil {
		return fmt.Errorf("not an event: %w", err)
	}
	if read.Name == "" || read.Time.IsZero() {
		return errors.New("not an event: eventName and eventTime are needed")
	}
	*e = read
	return nil
}
