// Package keycloak asks Keycloak's admin REST API for the events of realms: those of users
// (/admin/realms/{realm}/events) and those of administrators (/admin-events).
//
// The API gives the newest events first, by days and without a mark to go on from. So the cursor holds the
// time of the last event and what was read of the time just before it: events that were stored late, or
// have the same stamp, are read, and none is read twice (docs/format/fetch-mark.md).
package keycloak

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/fetch"
)

// DefaultPoll is how often a realm is asked.
const DefaultPoll = 10 * time.Second

// Kinds of events.
const (
	User  = "user"
	Admin = "admin"
)

// Config says who is asked for what.
type Config struct {
	URL        string // with what is in front of /realms and /admin
	Realms     []string
	Events     []string // User, Admin
	ClientID   string
	Secret     func() (string, error) // of the client
	TokenRealm string                 // where the client is; "": in each realm
	Poll       time.Duration          // 0: DefaultPoll
	Client     *http.Client
	Now        func() time.Time // nil: time.Now
	Log        *slog.Logger     // nil: nobody is told
}

// Source is a plugins.Source of events.
type Source struct {
	fetch.Source
	config Config
}

// New checks the configuration; nobody is asked.
func New(c Config) (*Source, error) {
	switch {
	case c.URL == "" || len(c.Realms) == 0 || c.ClientID == "" || c.Secret == nil || c.Client == nil:
		return nil, errors.New("url, realms, client_id and its secret are needed")
	case len(c.Events) == 0 || slices.ContainsFunc(c.Events, func(k string) bool { return k != User && k != Admin }):
		return nil, fmt.Errorf("events %q: write user, admin or both", c.Events)
	case c.Poll < 0:
		return nil, errors.New("poll is negative")
	}
	c.URL = strings.TrimSuffix(c.URL, "/")
	if c.Poll == 0 {
		c.Poll = DefaultPoll
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Source{config: c}, nil
}

// Open begins to ask.
func (s *Source) Open(_ context.Context, at plugins.Cursor) error {
	return s.Begin(func() (fetch.Work, error) {
		var feeds []*feed
		for _, realm := range s.config.Realms {
			for _, kind := range s.config.Events {
				f := &feed{config: &s.config, api: &api{config: &s.config, realm: realm}, realm: realm, kind: kind}
				if v := at.Value(f.key()); v != nil {
					if err := f.read(v); err != nil {
						return nil, fmt.Errorf("mark %q: %w", f.key(), err)
					}
				}
				feeds = append(feeds, f)
			}
		}
		return func(ctx context.Context, give func(plugins.Batch) error) error { return s.work(ctx, feeds, give) }, nil
	})
}

func (s *Source) work(ctx context.Context, feeds []*feed, give func(plugins.Batch) error) error {
	for {
		for _, f := range feeds {
			if err := f.poll(ctx, give); err != nil {
				return fmt.Errorf("%s events of realm %s: %w", f.kind, f.realm, err)
			}
		}
		wait := time.NewTimer(s.config.Poll)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return ctx.Err()
		}
	}
}
