package query

// Error is a mistake in a query.
type Error struct {
	text   string
	hint   string
	offset int
}

// Error tells what is wrong. It is no longer than MaxValue, whatever it quotes.
func (e *Error) Error() string { return Cut(e.text) }

// Offset is where in the query, in bytes.
func (e *Error) Offset() int { return e.offset }

// Hint tells what to write instead; empty when there is nothing to add.
func (e *Error) Hint() string { return Cut(e.hint) }
