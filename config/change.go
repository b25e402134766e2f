package config

import (
	"maps"
	"slices"
	"strings"
)

// NeedsRestart are the blocks in which another configuration differs from this one
// and which no process takes up while it runs: all but trails. In order.
func (c *Config) NeedsRestart(other *Config) []string {
	names := maps.Clone(c.Blocks)
	maps.Copy(names, other.Blocks)
	var all []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !strings.HasPrefix(name, "trail ") && c.Blocks[name] != other.Blocks[name] {
			all = append(all, name)
		}
	}
	return all
}
