package local

import (
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// How the fields of an event are kept: a Keyword, IP or Boolean and each leaf of
// a Flattened one has a dictionary of its values (query.Cut of them, as queries
// compare them) with the events of each; Number and Timestamp are columns;
// eventTime is the order of the events; the words of all texts share one dictionary.
var (
	fields    = event.Fields()
	fieldNo   = numberFields()
	eventID   = fieldNo["eventId"]
	errorCode = fieldNo["errorCode"]
	eventTime = fieldNo["eventTime"]
	kinds     = keptAs()
)

// kept is how the values of a field are kept.
type kept uint8

const (
	asOrder  kept = iota // by the order of the events, or by their ids
	asKey                // in a dictionary
	asText               // by words, in the dictionary of all texts
	asLeaves             // in a dictionary for each path
	asColumn             // as numbers
)

func keptAs() []kept {
	out := make([]kept, len(fields))
	for no, f := range fields {
		switch {
		case f.Kind == event.Prose:
			out[no] = asText
		case f.Kind == event.Flattened:
			out[no] = asLeaves
		case hasColumn(no):
			out[no] = asColumn
		case hasDictionary(no):
			out[no] = asKey
		}
	}
	return out
}

func numberFields() map[string]int {
	m := make(map[string]int, len(fields))
	for i, f := range fields {
		m[f.Name] = i
	}
	return m
}

// hasDictionary tells whether the values of the field have a dictionary of their own.
func hasDictionary(no int) bool {
	switch fields[no].Kind {
	case event.Keyword, event.IP, event.Boolean:
		return no != eventID
	}
	return false
}

// Each Prose field has a dictionary too, in which the key "" stands for every
// text that is not empty. The words are in it only where they are few and much
// asked for; those of all texts are in the dictionary of the words.
const anyText = ""

// hasWords tells whether the dictionary of a Prose field has its words.
func hasWords(no int) bool { return fields[no].Name == "errorMessage" }

// hasColumn tells whether the field is a column of numbers.
func hasColumn(no int) bool {
	return fields[no].Kind == event.Number || fields[no].Kind == event.Timestamp && no != eventTime
}

// columnValue is the value of a column's field, as a number that keeps the order;
// ok is false when the event has none.
func columnValue(no int, e *event.Event) (v uint64, ok bool) {
	if fields[no].Kind == event.Number {
		return query.Number(fields[no], e)
	}
	t := query.Time(fields[no], e)
	return ordered(t.Nanos), !t.IsZero()
}

// ordered maps nanoseconds to numbers of the same order.
func ordered(nanos int64) uint64 { return uint64(nanos) ^ 1<<63 }

// Limits of the leaves of bodies. What is beyond them is found by reading the
// events that have it.
const (
	maxLeaves   = 1000 // leaf names of one segment or memory
	maxLeafName = 256  // bytes of a leaf's path
)
