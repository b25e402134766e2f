// Package pushtest drives sources to which records are brought through sourcetest.
package pushtest

import (
	"context"
	"strings"
	"sync"

	"github.com/actiontrail/actiontrail/plugins"
)

// Instance is what all runs of one test draw: their records are the same.
func Instance() (string, error) { return strings.Repeat("ab", 16), nil }

// Driven is a source to which everything that its cursor does not have is brought
// when it is opened.
type Driven struct {
	plugins.Source
	Want []string
	Next func() int64                                // number of the next record, of the source that is open
	Send func(ctx context.Context, records []string) // brings records in this order, until ctx ends

	stop func()
}

// Open opens the source, and begins to bring it records.
func (d *Driven) Open(ctx context.Context, at plugins.Cursor) error {
	if err := d.Source.Open(ctx, at); err != nil {
		return err
	}
	rest := d.Want[d.Next():]
	send, cancel := context.WithCancel(context.Background())
	var sending sync.WaitGroup
	d.stop = func() { cancel(); sending.Wait() }
	sending.Go(func() { d.Send(send, rest) })
	return nil
}

// Close closes the source, and waits until nobody brings anything.
func (d *Driven) Close() error {
	err := d.Source.Close()
	if d.stop != nil {
		d.stop()
		d.stop = nil
	}
	return err
}
