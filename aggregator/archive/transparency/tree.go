// Package transparency is the transparency log over the seals of an archive: a
// Merkle tree as RFC 6962 has it, the names of its tiles (C2SP tlog-tiles), signed
// notes over its roots (C2SP tlog-checkpoint), and the keys that sign them. It is
// pure: what is read and written is the archive's matter. docs/format/log.md has the bytes.
package transparency

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// height is that of the tiles of C2SP tlog-tiles: 256 hashes.
const height = 8

// tileWidth is how many hashes a full tile has.
const tileWidth = 1 << height

// Edge is a tree that only grows: it keeps the right edge of the tiles, at most
// 255 hashes on each level. The zero Edge is the empty tree.
type Edge struct {
	size   int64
	last   tlog.Hash     // leaf hash of the newest leaf
	levels [][]tlog.Hash // of each level of tiles the hashes in the last tile, which is never full
}

// Size is the number of leaves.
func (e *Edge) Size() int64 { return e.size }

// Last is the hash of the newest leaf.
func (e *Edge) Last() tlog.Hash { return e.last }

// Append adds a leaf and returns the tiles that became full by it.
func (e *Edge) Append(leaf tlog.Hash) []Tile {
	var full []Tile
	e.last = leaf
	e.size++
	h := leaf
	for level := 0; ; level++ {
		if level == len(e.levels) {
			e.levels = append(e.levels, nil)
		}
		e.levels[level] = append(e.levels[level], h)
		if len(e.levels[level]) < tileWidth {
			return full
		}
		hashes := e.levels[level]
		full = append(full, Tile{Level: level, Index: e.size>>(height*(level+1)) - 1, Hashes: hashes})
		h = rootOf(hashes)
		e.levels[level] = nil
	}
}

// Partial are the tiles at the right edge, which are not full.
func (e *Edge) Partial() []Tile {
	var out []Tile
	for level, hashes := range e.levels {
		if len(hashes) > 0 {
			out = append(out, Tile{Level: level, Index: e.size >> (height * (level + 1)), Hashes: append([]tlog.Hash(nil), hashes...)})
		}
	}
	return out
}

// Root is the hash of the tree.
func (e *Edge) Root() tlog.Hash {
	var root *tlog.Hash
	for _, hashes := range e.levels { // the smallest subtrees are on the right
		for n := len(hashes); n > 0; {
			k := n & -n // the last complete subtree of this level
			h := rootOf(hashes[n-k : n])
			if root != nil {
				h = tlog.NodeHash(h, *root)
			}
			root = &h
			n -= k
		}
	}
	if root == nil {
		return emptyRoot()
	}
	return *root
}

func emptyRoot() tlog.Hash {
	h, _ := tlog.TreeHash(0, nil) // reads nothing
	return h
}

// rootOf is the root over hashes, whose number is a power of two.
func rootOf(hashes []tlog.Hash) tlog.Hash {
	if len(hashes) == 1 {
		return hashes[0]
	}
	half := len(hashes) / 2
	return tlog.NodeHash(rootOf(hashes[:half]), rootOf(hashes[half:]))
}

// LoadEdge makes the Edge of a tree of that size and root from its tiles. read gives the
// bytes of a tile; what it gives is checked against the root.
func LoadEdge(size int64, root tlog.Hash, read func(name TileName) ([]byte, error)) (*Edge, error) {
	e := &Edge{size: size}
	if size == 0 {
		return e, nil
	}
	hashes := Reader(size, root, read)
	var indexes []int64
	for level := 0; size>>(height*level) > 0; level++ {
		width := size >> (height * level) & (tileWidth - 1)
		first := size >> (height * level) &^ (tileWidth - 1)
		e.levels = append(e.levels, make([]tlog.Hash, width))
		for i := range width {
			indexes = append(indexes, tlog.StoredHashIndex(height*level, first+i))
		}
	}
	indexes = append(indexes, tlog.StoredHashIndex(0, size-1))
	got, err := hashes.ReadHashes(indexes)
	if err != nil {
		return nil, fmt.Errorf("read the tiles of the tree of %d seals: %w", size, err)
	}
	for _, level := range e.levels {
		got = got[copy(level, got):]
	}
	e.last = got[0]
	if e.Root() != root {
		return nil, fmt.Errorf("the tiles of the tree of %d seals do not have its root", size)
	}
	return e, nil
}
