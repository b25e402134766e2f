package main

import (
	"context"
	"path/filepath"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/local"
	"github.com/actiontrail/actiontrail/config"
)

// indexFolder is the part of the aggregator's folder that the local index has.
const indexFolder = "index"

// localIndex is what the configuration says of the index in a folder of the aggregator.
func localIndex(cfg *config.Config, dir string) local.Config {
	l := local.Config{Dir: filepath.Join(dir, indexFolder), Retention: cfg.Index.Retention}
	for _, c := range cfg.Index.Classes {
		l.Classes = append(l.Classes, index.Class{Name: c.Name, EventTypes: c.EventTypes, Accounts: c.Accounts, Retention: c.Retention})
	}
	return l
}

// openIndex opens the index. What it removes is told by the system's source, which is there before it is asked.
func (a *aggregation) openIndex() (*local.Index, error) {
	l := localIndex(a.cfg, a.dir)
	l.Expiring = func(ctx context.Context, e index.Expired) error { return a.system.Expiring(ctx, e) }
	return local.Open(l)
}
