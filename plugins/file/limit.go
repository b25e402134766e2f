package file

// room makes sure that t may be opened: it closes the file that has had no turn for
// the longest time, one that is read to its end if there is such a file. What is
// closed is opened again when it grows. A file that is nowhere is not closed: it
// could not be opened again.
func (s *Source) room(t *tail) bool {
	if s.open < s.config.MaxOpen {
		return true
	}
	var oldest *tail
	for _, o := range s.tails {
		if o == t || o.fd == nil || o.rest != nil || o.old != nil || !o.missing.IsZero() {
			continue
		}
		if oldest == nil || oldest.ready && !o.ready || oldest.ready == o.ready && o.turn < oldest.turn {
			oldest = o
		}
	}
	if oldest == nil {
		return false
	}
	oldest.close()
	return true
}
