package file

import (
	"fmt"

	"github.com/actiontrail/actiontrail/plugins"
)

// tell has a fact told before anything that is read later, in one batch with the
// mark that remembers it. at tells facts of one name and generation apart.
func (t *tail) tell(generation uint64, at int64, e plugins.Evidence) {
	t.meet()
	t.facts = append(t.facts, plugins.Record{
		Pos:      plugins.Position{File: t.file, FileID: t.key(), Generation: generation, Offset: at},
		Evidence: &e,
	})
}

// lost tells of the bytes from the offset on; to is -1 if nobody can know how many
// there were. The mark counts as finished, so that it is told once.
func (t *tail) lost(to int64, why string) {
	t.tell(t.generation, t.offset, plugins.Evidence{Name: plugins.SourceGap, From: t.offset, To: to, Why: why})
	t.finished = true
}

// leave tells once that a file has left its path.
func (t *tail) leave() {
	if t.gone {
		return
	}
	why := "renamed to " + t.path + "; what is left in it is still read"
	if !t.missing.IsZero() {
		why = "deleted, or moved to where it is not looked for; what is left in it is still read"
	}
	t.tell(t.generation, int64(t.left), plugins.Evidence{Name: plugins.SourceRotated, From: t.offset, To: max(t.size, t.offset), Why: why})
	t.gone = true
	t.left++
}

// mostFacts is how many facts one turn of a file adds at most. They are in one batch
// with its records, as they share a mark.
const mostFacts = 4

func (s *Source) roomForFacts() bool { return len(s.page.records) <= plugins.MaxRecords-mostFacts }

// hand moves the facts of a tail to the page; false if not all found room.
func (s *Source) hand(t *tail) bool {
	n := min(len(t.facts), plugins.MaxRecords-len(s.page.records))
	for _, r := range t.facts[:n] {
		s.count(&r)
	}
	s.page.records = append(s.page.records, t.facts[:n]...)
	if t.facts = t.facts[n:]; len(t.facts) > 0 {
		return false
	}
	t.facts = nil
	return true
}

// count notes a gap that is told.
func (s *Source) count(r *plugins.Record) {
	if r.Evidence != nil && r.Evidence.Name == plugins.SourceGap {
		s.gaps++
		s.log.Warn("records were lost before they could be read", "file", r.Pos.File, "from", r.Evidence.From, "to", r.Evidence.To, "why", r.Evidence.Why)
	}
}

// missed tells what was not read of a file that is nowhere any more.
func (t *tail) missed() {
	switch {
	case t.finished || t.copyOf != nil || t.zip != nil && t.zip.done > 0:
	case t.offset < t.known:
		t.lost(t.known, fmt.Sprintf("the file was deleted, or moved to where it is not looked for, when %d bytes of it had not been read", t.known-t.offset))
	default:
		t.lost(-1, "the file was deleted, or moved to where it is not looked for, while it was not open: nobody can know whether it had more lines")
	}
}
