// Package elastic is the index in an Elasticsearch cluster: one index there for
// each day, week or month of eventTime, made by a template of our own, and a small
// one that holds the position. It uses nothing that is not in every Elasticsearch 8.
// docs/format/elastic.md has the documents and what is in the small index.
package elastic

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
)

// Config says where the cluster is, and how the indices are made.
type Config struct {
	Access
	// Prefix begins the names of the indices; empty: actiontrail. One aggregator
	// writes to the indices of a prefix.
	Prefix    string
	Shards    int           // of each new index; 0: 1
	Replicas  int           // of each index; 0: a node that is lost takes events with it
	Period    Period        // how long the time of each new index is
	Retention time.Duration // how long events are kept, by whole UTC days; 0: for ever
	Classes   index.Classes // they have indices and a retention of their own
	// Expiring is told of what retention is about to remove; an error keeps it, and
	// it is told again.
	Expiring func(ctx context.Context, e index.Expired) error
	// Refused is told of events that Elasticsearch cannot store. When it returns
	// nil they are kept elsewhere, and the position moves past them.
	Refused func(index.Refused) error
	Now     func() time.Time // nil: time.Now
}

// Index is an index in a cluster. It implements index.Index.
type Index struct {
	cfg    Config
	client *client

	writing    sync.Mutex // held by whoever changes indices or position
	docs       documents
	state      state
	perDay     float64   // events, of the last days
	expireNext time.Time // when Flush looks for what is to expire

	mu       sync.Mutex
	position event.Position
	ready    bool                 // the cluster was reached, and the position is what it holds
	indices  map[string]slice     // all of ours, by name
	floors   map[string]int64     // by class: events before this time are expired; never changed in place
	dirty    bool                 // events were written that searches may not see yet
	stats    index.Stats          // that were last known
	kept     map[string]time.Time // by whom, the time from which on events stay
	closed   bool

	refreshing sync.Mutex
}

var (
	_ index.Index    = (*Index)(nil)
	_ index.Keeper   = (*Index)(nil)
	_ index.Importer = (*Index)(nil)
	_ index.Remote   = (*Index)(nil)
)

var errClosed = errors.New("the index is closed")

var prefixForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_]{0,99}$`)

// Open makes an index. It does not reach the cluster: Ready does.
func Open(cfg Config) (*Index, error) {
	if cfg.Prefix == "" {
		cfg.Prefix = "actiontrail"
	}
	if !prefixForm.MatchString(cfg.Prefix) {
		return nil, fmt.Errorf("elasticsearch: the prefix %q is not of lower-case letters, digits and _, beginning with a letter or digit", cfg.Prefix)
	}
	cfg.Shards = max(cfg.Shards, 1)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	c, err := newClient(cfg.Access)
	if err != nil {
		return nil, err
	}
	return &Index{cfg: cfg, client: c}, nil
}

// Position is what the index holds durably; zero before Ready was successful.
func (x *Index) Position() event.Position {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.position.Clone()
}

// Ready reaches the cluster, unless that was done: it makes or brings up to date
// what is ours there, and reads the position. After a Write that failed it reads
// the position again.
func (x *Index) Ready(ctx context.Context) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	return x.connect(ctx)
}

// Forget implements index.Remote.
func (x *Index) Forget() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ready = false
}

// connect is Ready; the caller holds writing.
func (x *Index) connect(ctx context.Context) error {
	x.mu.Lock()
	ready, closed := x.ready, x.closed
	x.mu.Unlock()
	switch {
	case closed:
		return errClosed
	case ready:
		return nil
	}
	if err := x.client.product(ctx); err != nil {
		return err
	}
	if err := x.putTemplate(ctx); err != nil {
		return fmt.Errorf("index template %s: %w", x.cfg.Prefix, err)
	}
	indices, err := x.listIndices(ctx)
	if err != nil {
		return fmt.Errorf("list the indices: %w", err)
	}
	if err := x.upgrade(ctx, indices); err != nil {
		return err
	}
	at, err := x.loadState(ctx)
	if err != nil {
		return fmt.Errorf("read the position: %w", err)
	}
	x.mu.Lock()
	x.indices, x.position, x.dirty = indices, at, true
	x.mu.Unlock()
	if err := x.reclass(ctx); err != nil {
		return fmt.Errorf("note the classes: %w", err)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ready = true
	return nil
}

// await is for whoever asks: the cluster must have been reached once.
func (x *Index) await(ctx context.Context) error {
	x.mu.Lock()
	known, closed := x.indices != nil, x.closed
	x.mu.Unlock()
	switch {
	case closed:
		return errClosed
	case known:
		return nil
	}
	return x.Ready(ctx)
}

// Close ends the index. What was written is durable already.
func (x *Index) Close() error {
	x.writing.Lock()
	defer x.writing.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closed = true
	x.client.idle()
	return nil
}

// Keep implements index.Keeper.
func (x *Index) Keep(name string, from time.Time) {
	x.writing.Lock() // so that a removal under way is over
	defer x.writing.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.kept == nil {
		x.kept = map[string]time.Time{}
	}
	if x.kept[name] = from; from.IsZero() {
		delete(x.kept, name)
	}
}
