package archive

import "github.com/actiontrail/actiontrail/event"

// SetStep has f asked before each step that touches the staging folder.
func (c *Config) SetStep(f func(string) error) { c.step = f }

// SetLevel makes objects with other bytes.
func (c *Config) SetLevel(level int) { c.level = level }

// SetSpills tells how many bytes of lines are kept in memory.
func (c *Config) SetSpills(n int) { c.spills = n }

// SetIDs tells how many ids verify keeps in memory.
func (o *VerifyOptions) SetIDs(n int) { o.ids = n }

// Checksummed gives the members of a seal their checksum.
func Checksummed(members []byte) []byte { return checksummed(members) }

// Advance moves the position over the seal.
func (s *Seal) Advance(p *event.Position) error { return s.advance(p) }

// TreeRoot is the root over lines.
func TreeRoot(lines [][]byte) event.Hash {
	var t tree
	for _, l := range lines {
		t.add(l)
	}
	return t.root()
}
