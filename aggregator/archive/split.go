package archive

import "bytes"

// lineSplitter gives the lines of a text that comes in pieces of any size, without their ends.
type lineSplitter struct {
	give func(line []byte) error
	line []byte // the begin of one
}

func (w *lineSplitter) Write(p []byte) (int, error) {
	n := len(p)
	for {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			w.line = append(w.line, p...)
			return n, nil
		}
		line := p[:i]
		if len(w.line) > 0 {
			w.line = append(w.line, line...)
			line = w.line
		}
		if err := w.give(line); err != nil {
			return 0, err
		}
		w.line, p = w.line[:0], p[i+1:]
	}
}
