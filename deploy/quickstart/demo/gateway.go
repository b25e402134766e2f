package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// gateway stands before the cloud: it gives each request an id and writes a
// line of its access log when the request has been answered.
type gateway struct {
	log  *accessLog
	next http.Handler
	now  func() time.Time
	fail func(error) // told of a line that could not be written: a gateway without its log is of no use here

	mu       sync.Mutex
	requests *rand.Rand
}

// caller is what the cloud tells the gateway of who is calling, through the
// request's context: the gateway's own log knows what the request does not say.
type caller struct{ name string }

type callerKey struct{}

func callerOf(r *http.Request) *caller {
	c, _ := r.Context().Value(callerKey{}).(*caller)
	return c
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := g.now()
	who := &caller{}
	answer := &countingWriter{ResponseWriter: w, status: http.StatusOK}
	g.next.ServeHTTP(answer, r.WithContext(context.WithValue(r.Context(), callerKey{}, who)))

	ended := g.now()
	peer, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		peer = r.RemoteAddr
	}
	basicUser, _, _ := r.BasicAuth() // as in nginx: what any client writes there, checked or not
	entry := &line{
		Time:          ended.UTC().Format("2006-01-02T15:04:05+00:00"),
		Msec:          fmt.Sprintf("%d.%03d", ended.Unix(), ended.Nanosecond()/1e6),
		RemoteAddr:    peer,
		RemoteUser:    basicUser,
		RequestID:     g.requestID(),
		Method:        r.Method,
		RequestURI:    r.RequestURI,
		URI:           r.URL.Path,
		Args:          r.URL.RawQuery,
		Protocol:      r.Proto,
		Status:        answer.status,
		BodyBytesSent: answer.bytes,
		RequestTime:   json.Number(fmt.Sprintf("%.3f", ended.Sub(begun).Seconds())),
		Host:          r.Host,
		ServerName:    hostname(r.Host),
		Referer:       r.Referer(),
		UserAgent:     r.UserAgent(),
		ForwardedFor:  r.Header.Get("X-Forwarded-For"),
		Consumer:      who.name,
		APIKey:        r.Header.Get("X-Api-Key"),
	}
	if err := g.log.write(entry); err != nil {
		g.fail(fmt.Errorf("write the access log: %w", err))
	}
}

func (g *gateway) requestID() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return fmt.Sprintf("%016x%016x", g.requests.Uint64(), g.requests.Uint64())
}

func hostname(host string) string {
	u := url.URL{Host: host}
	return strings.ToLower(u.Hostname())
}

// countingWriter keeps what the access log tells of the answer.
type countingWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *countingWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *countingWriter) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}
