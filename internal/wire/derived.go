package wire

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/actiontrail/actiontrail/event"
)

// maxPlace is how long source and fileId of a derived id may be together. Who
// signs a batch could else have a reader hash them over and over: 64 MiB of them
// for each of 65,536 events.
const maxPlace = 4096

// Derivable tells whether the ids of the records of a file need not travel: they
// follow from where the record was read.
func Derivable(source, fileID string) bool {
	return fileID != "" && len(source)+len(fileID) <= maxPlace
}

// idReader derives the ids that did not travel, as event.IDBase makes them.
type idReader struct {
	lane       event.Lane
	fileID     string
	generation uint64
	base       event.IDBase // of fileID and generation: nearly always the next event is of the same
	text       []byte       // the ids of all events; its capacity is never exceeded, so they may point into it
}

// id is the id of an event read at this place.
func (r *idReader) id(o *event.Origin, generation uint64, events int) (string, error) {
	if r.text == nil || o.FileID != r.fileID || generation != r.generation {
		switch {
		case o.FileID == "":
			return "", errors.New("no id, and no file that it would follow from")
		case !Derivable(r.lane.Source, o.FileID):
			return "", fmt.Errorf("no id, and source and file are too long for it to follow from them: %d bytes, %d are the most", len(r.lane.Source)+len(o.FileID), maxPlace)
		}
		r.fileID, r.generation = o.FileID, generation
		r.base = event.NewIDBase(r.lane.Key, r.lane.Source, o.FileID, generation)
	}
	if r.text == nil {
		r.text = make([]byte, 0, 36*events)
	}
	from := len(r.text)
	id := r.base.UUID(o.Offset)
	r.text = appendUUID(r.text, id[:])
	return unsafe.String(&r.text[from], 36), nil
}
