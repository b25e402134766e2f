// Package elasticsearch delivers a trail into indices of Elasticsearch or OpenSearch: an event is a document.
//
// The id of a document is that of its event, and documents are created, never replaced: one that is
// there already is told by the answer 409, and was delivered before. So each event is there once, however often it is
// sent. The index is named by the time of the event, which never changes; ids are unique within one index only, so aliases and
// data streams, which lead to another index later, are refused.
package elasticsearch

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/event/render"
	"github.com/actiontrail/actiontrail/internal/access"
	"github.com/actiontrail/actiontrail/plugins"
)

// DefaultIndex is the pattern of the names of indices.
const DefaultIndex = "audit-{yyyy.MM.dd}"

// DefaultMaxBytes is about how large the body of a request becomes. An event that is larger by itself is sent alone.
const DefaultMaxBytes = 4 << 20

// Config says where events go to, and how. It is also what the config block of a plugin would hold.
type Config struct {
	Addresses    []string       `json:"addresses"`     // of nodes, as https://host:9200; the next one is tried when one fails
	Username     string         `json:"username"`      // with PasswordFile: basic authentication
	PasswordFile string         `json:"password_file"` // read for each Write, as is the next one
	APIKeyFile   string         `json:"api_key_file"`  // in place of the two: base64 of id:key
	TLS          *access.Client `json:"tls"`           // nil: the authorities of the machine
	Index        string         `json:"index"`         // with {yyyy.MM.dd} or the like for the time of the event; empty: DefaultIndex
	Format       string         `json:"format"`        // of event/render, one of JSON; empty: render.Canonical
	Template     bool           `json:"template"`      // an index template is made, unless there is one of its name
	MaxBytes     int            `json:"max_bytes"`     // of a request; 0: DefaultMaxBytes
}

// Sink is a plugins.Sink of indices.
type Sink struct {
	config Config
	names  pattern
	format render.Format
	wait   time.Duration // after the first answer that asks for patience; doubled each time

	client  *client         // nil: not open
	known   map[string]bool // indices that are there, and are nothing else
	settled bool            // there is a template, or is to be none
}

var _ plugins.Sink = (*Sink)(nil)

// New checks the configuration; nobody is called.
func New(c Config) (*Sink, error) {
	if len(c.Addresses) == 0 {
		return nil, errors.New(`addresses are needed: write addresses = ["https://es-1.example.com:9200"]`)
	}
	for _, a := range c.Addresses {
		u, err := url.Parse(a)
		switch {
		case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.RawQuery != "", u.Fragment != "":
			return nil, errors.New(`an address is not that of a node: write addresses = ["https://es-1.example.com:9200"]`)
		case u.User != nil:
			return nil, fmt.Errorf("the address of %s holds a password: use username and password_file, or api_key_file", u.Host)
		}
	}
	switch {
	case c.APIKeyFile != "" && (c.Username != "" || c.PasswordFile != ""):
		return nil, errors.New("there is an API key and a user: keep one of the two")
	case (c.Username == "") != (c.PasswordFile == ""):
		return nil, errors.New("username and password_file belong together")
	case c.MaxBytes < 0:
		return nil, errors.New("max_bytes is negative")
	}
	if c.TLS == nil {
		c.TLS = &access.Client{}
	}
	if err := c.TLS.Check(); err != nil {
		return nil, err
	}
	if c.Index == "" {
		c.Index = DefaultIndex
	}
	if c.Format == "" {
		c.Format = render.Canonical
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = DefaultMaxBytes
	}
	names, err := parsePattern(c.Index)
	if err != nil {
		return nil, err
	}
	format, known := render.Find(c.Format)
	if !known || !format.JSON {
		return nil, fmt.Errorf("format %q is none of JSON documents", c.Format)
	}
	return &Sink{config: c, names: names, format: format, wait: firstWait, known: map[string]bool{}}, nil
}

// Write implements plugins.Sink.
func (s *Sink) Write(ctx context.Context, events []event.Event) error {
	if len(events) == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.open(ctx); err != nil {
		return err
	}
	refused := map[int]error{}
	came := make(map[string]int, len(events)) // the first of each id
	c := newChunk(len(events))
	for i := range events {
		e := &events[i]
		if _, again := came[e.ID]; again {
			continue
		}
		came[e.ID] = i
		index := s.names.of(e)
		if err := s.prepare(ctx, index); err != nil {
			return err
		}
		c.add(s.format, index, i, e)
		if len(c.body) >= s.config.MaxBytes {
			if err := s.send(ctx, c, refused); err != nil {
				return err
			}
			c = newChunk(len(events) - i)
		}
	}
	if err := s.send(ctx, c, refused); err != nil {
		return err
	}
	if len(refused) == 0 {
		return nil
	}
	for i := range events { // as the first of their ids
		if why := refused[came[events[i].ID]]; why != nil {
			refused[i] = why
		}
	}
	return &plugins.BatchError{Refused: refused}
}

// open makes a client with what the files say now, and the template at the first time.
func (s *Sink) open(ctx context.Context) error {
	if s.client == nil {
		c, err := newClient(s.config.Addresses, s.config.TLS)
		if err != nil {
			return err
		}
		s.client = c
	}
	if err := s.client.sign(&s.config); err != nil {
		return err
	}
	if s.config.Template && !s.settled {
		if err := s.makeTemplate(ctx); err != nil {
			return err
		}
	}
	s.settled = true
	return nil
}

// Close closes the connections.
func (s *Sink) Close() error {
	if s.client != nil {
		s.client.http.CloseIdleConnections()
		s.client = nil
	}
	return nil
}
