package syslog

import (
	"bytes"
	"context"
	"fmt"
	"net"

	"github.com/actiontrail/actiontrail/plugins/push"
)

const (
	// udpBuffer is what the system is asked to keep of datagrams that wait; it may give less.
	udpBuffer = 4 << 20
	// maxDatagram is the longest there can be.
	maxDatagram = 64 << 10
)

// datagrams brings what senders send until the socket is closed. While there is no room
// nothing is read, and the system throws away what its buffer does not take.
func (o *listening) datagrams(most int) {
	buffer := make([]byte, maxDatagram)
	for {
		n, from, err := o.packets.ReadFrom(buffer)
		if err != nil {
			o.queue.Fail(fmt.Errorf("read datagrams: %w", err)) // after close nobody reads any more
			return
		}
		data := bytes.TrimRight(buffer[:n], "\r\n\x00")
		if len(data) == 0 {
			continue
		}
		item := push.Item{Data: bytes.Clone(data[:min(len(data), most)]), Length: int64(len(data)), File: host(from)}
		if len(data) > most {
			item.Fault = fmt.Sprintf("longer than max_line: %d bytes, %d are the most", len(data), most)
		}
		if _, err := o.queue.Put(context.Background(), []push.Item{item}, nil); err != nil {
			return
		}
	}
}

func host(a net.Addr) string {
	if u, ok := a.(*net.UDPAddr); ok {
		return u.AddrPort().Addr().Unmap().String()
	}
	return a.String()
}
