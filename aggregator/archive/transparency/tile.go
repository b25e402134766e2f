package transparency

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Folder is where the log is in the bucket.
const Folder = "tlog/"

// Tile is a row of at most 256 hashes of one level of the tree.
type Tile struct {
	Level  int // 0: of leaves; hash i of level n is the root of tile i of level n − 1
	Index  int64
	Hashes []tlog.Hash
}

// Name is the tile's name.
func (t *Tile) Name() TileName { return TileName{t.Level, t.Index, len(t.Hashes)} }

// Bytes are what is stored: the hashes one after the other.
func (t *Tile) Bytes() []byte {
	out := make([]byte, 0, len(t.Hashes)*tlog.HashSize)
	for _, h := range t.Hashes {
		out = append(out, h[:]...)
	}
	return out
}

// TileName says which tile, and how many hashes it has.
type TileName struct {
	Level int
	Index int64
	Width int // 256: full
}

// Key is the key of the tile in the bucket: tlog/tile/L/N, with N in groups of
// three digits, all but the last with an x before, and .p/W behind it when it is not full.
func (n TileName) Key() string {
	s := fmt.Sprintf("%03d", n.Index%1000)
	for i := n.Index / 1000; i > 0; i /= 1000 {
		s = fmt.Sprintf("x%03d/%s", i%1000, s)
	}
	s = fmt.Sprintf("%stile/%d/%s", Folder, n.Level, s)
	if n.Width < tileWidth {
		s += fmt.Sprintf(".p/%d", n.Width)
	}
	return s
}

// Full is the name of the tile when it is full.
func (n TileName) Full() TileName { return TileName{n.Level, n.Index, tileWidth} }

// ParseTileKey reads a key of a tile; false when it is none.
func ParseTileKey(key string) (TileName, bool) {
	n := TileName{Width: tileWidth}
	rest, ok := strings.CutPrefix(key, Folder+"tile/")
	if !ok {
		return n, false
	}
	level, rest, ok := strings.Cut(rest, "/")
	if !ok {
		return n, false
	}
	var err error
	if n.Level, err = strconv.Atoi(level); err != nil || n.Level < 0 || n.Level > 63/height {
		return n, false
	}
	if before, width, partial := strings.Cut(rest, ".p/"); partial {
		rest = before
		if n.Width, err = strconv.Atoi(width); err != nil || n.Width < 1 || n.Width >= tileWidth {
			return n, false
		}
	}
	digits := strings.ReplaceAll(strings.ReplaceAll(rest, "/", ""), "x", "")
	if n.Index, err = strconv.ParseInt(digits, 10, 64); err != nil || n.Index < 0 {
		return n, false
	}
	return n, n.Key() == key // so that each tile has one name
}

// Reader reads hashes of the tree of that size and root from its tiles. Hashes
// that do not belong to the root are an error.
func Reader(size int64, root tlog.Hash, read func(TileName) ([]byte, error)) tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, tiles(read))
}

type tiles func(TileName) ([]byte, error)

func (tiles) Height() int                     { return height }
func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (r tiles) ReadTiles(want []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(want))
	for i, t := range want {
		name := TileName{t.L, t.N, t.W}
		data, err := r(name)
		if err != nil {
			return nil, err
		}
		if len(data) != t.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes, not %d", name.Key(), len(data), t.W*tlog.HashSize)
		}
		out[i] = data
	}
	return out, nil
}
