package post

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// Part is an event as it is sent.
type Part struct {
	Event *event.Event // of the Write, as long as it goes on
	Text  []byte
}

// Parts are events as add appends them.
func Parts(events []event.Event, add func(b []byte, e *event.Event) []byte) []Part {
	parts, ends := make([]Part, len(events)), make([]int, len(events))
	b := make([]byte, 0, 512*len(events))
	for i := range events {
		b = add(b, &events[i])
		parts[i].Event, ends[i] = &events[i], len(b)
	}
	at := 0
	for i, end := range ends {
		parts[i].Text, at = b[at:end:end], end
	}
	return parts
}

// mostInARow is how many events may be refused one after the other while none is taken. More than
// that, and it is the receiver, or what is written of it, that is wrong, and not the events.
const mostInARow = 100

// leastBytes is what a request may hold in any case, whatever a receiver found too large.
const leastBytes = 64 << 10

// Sender sends events in requests of a size that the receiver takes. What it finds too large, or
// wrong, goes again in halves, until it is known which events it will never take.
type Sender struct {
	Client     *Client
	MostEvents int // of one request
	MostBytes  int // of the texts of one request; one event alone may have more
	// Request is where a request goes, and what it is: its bytes belong to the sender from then on.
	Request func(parts []Part) (to string, header http.Header, body []byte, err error)
	// Judge tells what an answer means, and why, for people; nil: Judge by its status.
	Judge func(a *Answer, parts []Part) (v Verdict, why string)
	// Taken is told of each answer by which events were taken; nil: nobody is.
	Taken func(a *Answer) error

	row int // events that were Wrong since the last one that was taken
}

// writing is one Write.
type writing struct {
	*Sender
	ctx     context.Context
	refused map[int]error
	row     int  // as of Sender, in this Write
	taken   bool // an event was
}

// Write sends all of them.
func (s *Sender) Write(ctx context.Context, parts []Part) error {
	w := writing{Sender: s, ctx: ctx, refused: map[int]error{}}
	for from := 0; from < len(parts); {
		n := s.fit(parts[from:])
		if err := w.send(from, parts[from:from+n]); err != nil {
			return err
		}
		from += n
	}
	if len(w.refused) == 0 {
		return nil
	}
	if !w.taken && s.row > mostInARow {
		return w.distrust()
	}
	return &plugins.BatchError{Refused: w.refused}
}

// fit is how many of the first parts go into one request.
func (s *Sender) fit(parts []Part) int {
	size := 0
	for n := range parts {
		if size += len(parts[n].Text); n > 0 && (size > s.MostBytes || n >= s.MostEvents) {
			return n
		}
	}
	return len(parts)
}

// send sends parts, of which the first is number first of the Write.
func (w *writing) send(first int, parts []Part) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	to, header, body, err := w.Request(parts)
	if err != nil {
		return err
	}
	a, err := w.Client.Post(w.ctx, to, header, body)
	if err != nil {
		return err
	}
	v, why := Judge(a), a.Says()
	if w.Judge != nil {
		v, why = w.Sender.Judge(a, parts)
	}
	switch v {
	case Taken:
		w.taken, w.row, w.Sender.row = true, 0, 0
		if w.Sender.Taken != nil {
			return w.Sender.Taken(a)
		}
		return nil
	case Anew:
		return w.send(first, parts)
	case TooLarge, Wrong, Bad:
		if len(parts) == 1 {
			return w.refuse(first, v, why)
		}
		if v == TooLarge {
			w.MostBytes = min(w.MostBytes, max(size(parts)/2, leastBytes))
		}
		half := len(parts) / 2
		if err := w.send(first, parts[:half]); err != nil {
			return err
		}
		return w.send(first+half, parts[half:])
	}
	return w.Client.Failed(a)
}

func size(parts []Part) (n int) {
	for i := range parts {
		n += len(parts[i].Text)
	}
	return n
}

// refuse notes that an event was refused alone. What is Wrong by the answer's status only
// counts towards distrust.
func (w *writing) refuse(i int, v Verdict, why string) error {
	w.refused[i] = errors.New(w.Client.host + " answers " + why)
	if v != Wrong {
		return nil
	}
	w.row++
	w.Sender.row = min(w.Sender.row+1, mostInARow+1)
	if !w.taken && w.row > mostInARow {
		return w.distrust()
	}
	return nil
}

// distrust is the error in the place of refusals when a receiver refuses everything.
func (w *writing) distrust() error {
	var why error
	for _, why = range w.refused {
		break
	}
	return fmt.Errorf("%w; it has refused more than %d events in a row and takes none, so none is given up: look at what it wants, and at the settings", why, mostInARow)
}
