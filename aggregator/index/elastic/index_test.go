package elastic_test

import (
	"context"
	"fmt"
	"hash/crc32"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/elastic"
	"github.com/actiontrail/actiontrail/aggregator/index/indextest"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// now is when the tests run, for an index.
func now() time.Time { return indextest.Start.Add(72 * time.Hour) }

// TestNode runs what needs a real node: one does for all.
func TestNode(t *testing.T) {
	url, p := realtest.StartElasticsearch(t)
	n := &node{url, p}
	t.Run("Conformance", n.conformance)
	t.Run("Oddities", n.oddities)
	t.Run("Kibana", n.kibana)
	t.Run("Many", n.many)
	t.Run("Older", n.older)
	t.Run("Classes", n.classes)
	t.Run("Import", n.imports)
	t.Run("Far", n.far)
	t.Run("Access", n.access)
	t.Run("Kill", n.kill)
}

type node struct {
	url     string
	process *realtest.Process
}

// config is that of an index with names of its own, which a folder stands for.
func (n *node) config(dir string) elastic.Config {
	return elastic.Config{
		Access: elastic.Access{Addresses: []string{n.url}}, Prefix: fmt.Sprintf("t%08x", crc32.ChecksumIEEE([]byte(dir))),
		Period: elastic.Day, Now: now,
	}
}

func open(t testing.TB, cfg elastic.Config) *elastic.Index {
	t.Helper()
	x, err := elastic.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Ready(context.Background()); err != nil {
		t.Fatal(err)
	}
	return x
}

// The answers are the same whether an index is of a day, or of a month and in classes.
func (n *node) conformance(t *testing.T) {
	t.Run("Days", func(t *testing.T) {
		indextest.Short(t, n.opener(elastic.Config{Period: elastic.Day, Retention: 90 * 24 * time.Hour}))
	})
	t.Run("All", func(t *testing.T) {
		indextest.Run(t, n.opener(elastic.Config{Period: elastic.Month, Classes: index.Classes{{Name: "signins", EventTypes: []string{event.TypeConsoleSignin}}}}))
	})
}

// opener opens indices with these settings, each with names of its own.
func (n *node) opener(cfg elastic.Config) func(t testing.TB, dir string) index.Index {
	return func(t testing.TB, dir string) index.Index {
		own := n.config(dir)
		own.Period, own.Retention, own.Classes = cfg.Period, cfg.Retention, cfg.Classes
		return open(t, own)
	}
}
