package syslog

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// stream is what TLS is spoken over. It notes its end, which crypto/tls takes for the end of TLS.
type stream struct {
	*net.TCPConn
	ended bool
}

func (s *stream) Read(b []byte) (int, error) {
	n, err := s.TCPConn.Read(b)
	s.ended = s.ended || errors.Is(err, io.EOF)
	return n, err
}

// connection is one to a receiver.
type connection struct {
	net.Conn
	tcp   *net.TCPConn  // that Conn is, or is over
	below *stream       // of TLS; nil: it is not spoken
	close time.Duration // closePatience
}

func dial(ctx context.Context, c *Config, close time.Duration) (*connection, error) {
	ctx, cancel := context.WithTimeout(ctx, dialPatience)
	defer cancel()
	d := net.Dialer{}
	plain, err := d.DialContext(ctx, "tcp", c.Address)
	if err != nil {
		return nil, bare(err)
	}
	tcp, ok := plain.(*net.TCPConn)
	if !ok { // a network called "tcp" gives nothing else
		plain.Close()
		return nil, fmt.Errorf("it is a %T", plain)
	}
	if !c.TLS {
		return &connection{tcp, tcp, nil, close}, nil
	}
	config, err := c.Files.Config(c.Name)
	if err != nil {
		tcp.Close()
		return nil, err
	}
	below := &stream{TCPConn: tcp}
	secure := tls.Client(below, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		tcp.Close()
		return nil, fmt.Errorf("TLS: %w", bare(err))
	}
	return &connection{secure, tcp, below, close}, nil
}

// bare is the error without the addresses, which are told by who calls.
func bare(err error) error {
	if o := (*net.OpError)(nil); errors.As(err, &o) && o.Err != nil {
		return o.Err
	}
	return err
}

// patience bounds what is done with the connection by a time and by ctx, until stop is called.
func (c *connection) patience(ctx context.Context, d time.Duration) (stop func(), err error) {
	if err := c.SetDeadline(time.Now().Add(d)); err != nil {
		return nil, err
	}
	ended := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	return func() { ended() }, nil
}

// write sends bytes, as fast as the receiver takes them.
func (c *connection) write(ctx context.Context, b []byte) error {
	for len(b) > 0 {
		stop, err := c.patience(ctx, writePatience)
		if err != nil {
			return bare(err)
		}
		part := b[:min(len(b), 64<<10)]
		_, err = c.Write(part)
		stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("the receiver does not take more: %w", bare(err))
		}
		b = b[len(part):]
	}
	return nil
}

// closed ends what is sent, and waits until the receiver ends its side, too. It has then read all
// of it: a kernel breaks a connection off, and does not end it, whose program has not read everything
// when it closes it or is killed; and what comes after that it does not acknowledge. Over TLS the program
// itself tells the end, which one that was killed does not.
func (c *connection) closed(ctx context.Context) error {
	if err := c.quiet(ctx); err != nil {
		return err
	}
	stop, err := c.patience(ctx, c.close)
	if err != nil {
		return bare(err)
	}
	defer stop()
	if t, secure := c.Conn.(*tls.Conn); secure {
		if err := t.CloseWrite(); err != nil {
			return fmt.Errorf("the receiver broke the connection off: %w", bare(err))
		}
	}
	if err := c.tcp.CloseWrite(); err != nil {
		return fmt.Errorf("the receiver broke the connection off: %w", bare(err))
	}
	err = toEnd(c.Conn)
	if err == nil && c.below != nil && c.below.ended {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		err = toEnd(c.tcp) // the end of TLS is told also by a program that ends without having read everything
	}
	var slow net.Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &slow) && slow.Timeout():
		return fmt.Errorf(`the receiver has not closed the connection %s after the end of what was sent; if it never does, write acknowledge = "sent"`, c.close)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New(`the receiver ended the connection without the end of TLS, as if it was killed; if it never ends it well, write acknowledge = "sent"`)
	case err != nil:
		return fmt.Errorf("the receiver broke the connection off: %w", bare(err))
	}
	return c.taken(ctx)
}

// quiet gives a receiver on plain TCP the time to do its work before it is told the end: until then, one
// that is killed shows as one that ended too early. Afterwards nothing tells it from one that has done it.
func (c *connection) quiet(ctx context.Context) error {
	if c.below == nil {
		if err := c.taken(ctx); err != nil {
			return err
		}
		t := time.NewTimer(grace)
		defer t.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
	}
	return c.open()
}

// mostRead is what a receiver may send: it has nothing to say.
const mostRead = 1 << 20

func toEnd(r io.Reader) error {
	n, err := io.Copy(io.Discard, io.LimitReader(r, mostRead))
	if err == nil && n == mostRead {
		return errors.New("it sends something, which receivers of syslog do not")
	}
	return err
}

// open is an error when the receiver has ended its side although more could come: it was
// killed, or will read no more.
func (c *connection) open() error {
	if err := c.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return bare(err)
	}
	err := toEnd(c.Conn)
	var slow net.Error
	switch {
	case err == nil:
		return errors.New("the receiver ended the connection before the end of what was sent")
	case errors.As(err, &slow) && slow.Timeout():
		return nil
	}
	return fmt.Errorf("the receiver broke the connection off: %w", bare(err))
}

// sent waits until the receiver's machine has every byte, and keeps the connection.
func (c *connection) sent(ctx context.Context) error {
	if err := c.open(); err != nil {
		return err
	}
	return c.taken(ctx)
}

// taken waits until the receiver's machine has acknowledged every byte.
func (c *connection) taken(ctx context.Context) error {
	deadline := time.NewTimer(c.close)
	defer deadline.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		left, fault, err := c.state()
		switch {
		case err != nil:
			return bare(err)
		case fault != 0:
			return fmt.Errorf("the receiver broke the connection off: %w", fault)
		case left == 0:
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline.C:
			return fmt.Errorf("%d bytes were not taken within %s", left, c.close)
		case <-tick.C:
		}
	}
}

// state is how many bytes are not acknowledged, and what broke the connection off.
func (c *connection) state() (left int, fault syscall.Errno, err error) {
	r, err := c.tcp.SyscallConn()
	if err != nil {
		return 0, 0, err
	}
	var number int
	var failed error
	err = r.Control(func(fd uintptr) {
		if number, failed = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR); failed == nil {
			left, failed = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
		}
	})
	return left, syscall.Errno(number), errors.Join(err, failed)
}
