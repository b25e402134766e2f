package plugins

// Evidence is what a source has to tell of itself, where a record tells of the
// outside: that a log was rotated, that lines were lost unread. It becomes an event
// of its own, so that an auditor finds it among the others.
//
// Its id is made of Name and the Position of its record, so the same fact told
// again after a crash is the same event; two facts of one name need two positions.
type Evidence struct {
	Name string // eventName, one of the constants below
	// From and To are the bytes of the file that it is about, To exclusive; -1: nobody can know.
	From, To int64
	Why      string // a sentence for people: what happened, and for a gap why nothing could be done
}

// Names of evidence.
const (
	SourceGap       = "SourceGap"       // records were lost before they could be read: the only loss there is
	SourceRotated   = "SourceRotated"   // a file has left its path; what is left in it is still read
	SourceTruncated = "SourceTruncated" // a file was truncated or rewritten and is read from its beginning
	SourceStarted   = "SourceStarted"   // the agent began to read, for the first time or again
	ClockJumped     = "ClockJumped"     // the clock of the machine was set: times before and after cannot be compared
)
