package push

import (
	"net"
	"testing"
)

// Connections beyond the bound are closed; when others end there is room again.
func TestConnectionsAreBounded(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &bounded{Listener: l}
	defer b.Close()
	b.open.Store(maxConnections)
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		c, err := b.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- c
	}()
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("a connection too many was taken")
	}
	b.open.Add(-1)
	if c, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got := <-accepted
	for range 2 {
		_ = got.Close()
	}
	if n := b.open.Load(); n != maxConnections-1 {
		t.Errorf("%d are open", n)
	}
}
