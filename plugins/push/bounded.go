package push

import (
	"net"
	"sync"
	"sync/atomic"
)

// Bounded closes the connections of a listener that are too many.
func Bounded(l net.Listener) net.Listener { return &bounded{Listener: l} }

type bounded struct {
	net.Listener
	open atomic.Int64
}

// Accept is that of a net.Listener.
func (b *bounded) Accept() (net.Conn, error) {
	for {
		c, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if b.open.Add(1) <= maxConnections {
			return &counted{Conn: c, open: &b.open}, nil
		}
		b.open.Add(-1)
		_ = c.Close() // it was never used
	}
}

// counted is a connection that counts as open until it is closed.
type counted struct {
	net.Conn
	open *atomic.Int64
	once sync.Once
}

// Close is that of a net.Conn.
func (c *counted) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}
