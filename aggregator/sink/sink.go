// Package sink is what the sinks of trails may do besides plugins.Sink. Each kind
// of destination is a package below: it sends events, and knows neither trails nor
// the stream. Package dispatch carries a trail into one.
//
// A sink opens no connection before its first Write, may be called again after any
// error, and is called by one goroutine at a time. One that holds connections is an io.Closer.
package sink

import "context"

// Settler is a sink to which receivers do not answer each Write: what was written
// counts as delivered once Settle has returned nil. After an error all that was
// written since the last one comes again.
type Settler interface {
	Settle(ctx context.Context) error
}

// Resumer is a sink that finds out at its destination what it has already
// delivered, so that nothing is there twice.
type Resumer interface {
	// Resume is called before the first Write of a start. mark is what Mark told
	// when what is durable here was last noted; nil: nothing ever was. What was delivered
	// after it is passed over when it comes again. An error: try again later.
	Resume(ctx context.Context, mark []byte) error
	// Mark is a place at the destination behind what was delivered, and never behind an
	// event that Resume has found and that has not come again yet: a crash may come
	// before it does. It is small, and opaque to all but the sink.
	Mark() []byte
}
