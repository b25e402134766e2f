package store

import (
	"context"
	"errors"
	"io"
)

// Open opens an object from a byte on. With from > 0 it fails when the object is no
// longer the one that had this tag. It gives the tag of the object.
type Open func(from int64, tag string) (body io.ReadCloser, now string, err error)

// ReadOn opens an object, and reads on where a connection breaks off, up to so many
// times without a byte. failed gives an error of reading its object; those of open have it.
func ReadOn(ctx context.Context, times int, open Open, failed func(error) error) (io.ReadCloser, error) {
	o := &object{ctx: ctx, times: times, open: open, failed: failed}
	if err := o.again(); err != nil {
		return nil, err
	}
	return o, nil
}

type object struct {
	ctx    context.Context
	times  int
	open   Open
	failed func(error) error
	body   io.ReadCloser
	tag    string
	at     int64 // bytes read
	broken int   // times since the last byte
}

func (o *object) again() error {
	body, tag, err := o.open(o.at, o.tag)
	if err != nil {
		return err
	}
	o.body, o.tag = body, tag
	return nil
}

func (o *object) Read(p []byte) (int, error) {
	for {
		n, err := o.body.Read(p)
		o.at += int64(n)
		if n > 0 {
			o.broken = 0
		}
		if err == nil || err == io.EOF {
			return n, err
		}
		if n > 0 {
			return n, nil // the next call meets the error again
		}
		if o.broken++; o.broken >= o.times || o.ctx.Err() != nil {
			return 0, o.failed(err)
		}
		if close := o.body.Close(); close != nil {
			return 0, o.failed(errors.Join(err, close))
		}
		o.body = io.NopCloser(eof{})
		if err := o.again(); err != nil {
			return 0, err
		}
	}
}

func (o *object) Close() error { return o.body.Close() }

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }
