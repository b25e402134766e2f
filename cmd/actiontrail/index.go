package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/elastic"
	"github.com/actiontrail/actiontrail/aggregator/index/local"
	"github.com/actiontrail/actiontrail/cmd/internal/process"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/internal/bus"
)

// indexFolder is the part of the aggregator's folder that the local index has.
const indexFolder = "index"

// classes are those that the configuration declares.
func classes(cfg *config.Config) index.Classes {
	var all index.Classes
	for _, c := range cfg.Index.Classes {
		all = append(all, index.Class{Name: c.Name, EventTypes: c.EventTypes, Accounts: c.Accounts, Retention: c.Retention})
	}
	return all
}

// localIndex is what the configuration says of the index in a folder of the aggregator.
func localIndex(cfg *config.Config, dir string) local.Config {
	return local.Config{Dir: filepath.Join(dir, indexFolder), Retention: cfg.Index.Retention, Classes: classes(cfg), MemoryBytes: cfg.Index.MemoryBytes}
}

// searchable is an index, whichever it is.
type searchable interface {
	index.Index
	index.Importer
}

// openIndex opens the index. What it removes is told by the system's source, which is there before it is asked.
func (a *aggregation) openIndex() (searchable, error) {
	expiring := func(ctx context.Context, e index.Expired) error { return a.system.Expiring(ctx, e) }
	if a.cfg.Index.Elasticsearch != nil {
		cfg, err := elasticIndex(a.cfg)
		if err != nil {
			return nil, err
		}
		cfg.Expiring, cfg.Refused = expiring, a.refused
		return elastic.Open(cfg)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(local.GCPercent)
	}
	l := localIndex(a.cfg, a.dir)
	l.Expiring = expiring
	return local.Open(l)
}

// elasticIndex is what the configuration says of an index in Elasticsearch.
func elasticIndex(cfg *config.Config) (elastic.Config, error) {
	e := cfg.Index.Elasticsearch
	c := elastic.Config{
		Access: elastic.Access{Addresses: e.Addresses, Username: e.Username}, Prefix: e.Prefix, Shards: e.Shards, Replicas: e.Replicas,
		Period: elastic.Period(e.Period), Retention: cfg.Index.Retention, Classes: classes(cfg),
	}
	var err error
	if c.Password, err = secretOf(e.PasswordFile); err != nil {
		return c, err
	}
	if c.APIKey, err = secretOf(e.APIKeyFile); err != nil {
		return c, err
	}
	if e.CAFile != "" {
		if c.CA, err = os.ReadFile(e.CAFile); err != nil {
			return c, process.UsageError("certificates to trust: %w", err)
		}
	}
	return c, nil
}

// secretOf reads a secret; no file, no secret.
func secretOf(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", process.UsageError("secret of the index: %w", err)
	}
	text := strings.TrimSpace(string(data))
	if text == "" {
		return "", process.UsageError("secret of the index: %s is empty", path)
	}
	return text, nil
}

// refused keeps an event that the index cannot store, and tells of it once.
func (a *aggregation) refused(r index.Refused) error {
	kept, err := a.quarantine.KeepEvent(r, time.Now())
	if err != nil || !kept {
		return err
	}
	a.log.Warn("the index cannot store an event; it is in quarantine", "event", r.ID, "seq", r.Seq, "reason", r.Reason)
	return a.system.EventRefused(r)
}

// ensureStream makes the stream, unless it is there. A new one begins above every
// position, so that of an index in a service must be known.
func (a *aggregation) ensureStream(ctx context.Context) error {
	if remote, ok := a.index.(index.Remote); ok {
		if _, err := a.conn.State(ctx); err != nil {
			if err := remote.Ready(ctx); err != nil {
				return fmt.Errorf("a new stream waits for the index: %w", err)
			}
		}
	}
	cfg := a.streamConfig()
	if a.lease != nil { // no archive is open yet
		if _, err := a.conn.State(ctx); errors.Is(err, bus.ErrNoStream) {
			cfg.FirstSeq = max(cfg.FirstSeq, a.endOfArchives(ctx)+1)
		}
	}
	return a.conn.EnsureStream(ctx, cfg)
}
