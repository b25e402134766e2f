package transparency_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
)

func leaf(n int64) tlog.Hash {
	return tlog.RecordHash(binary.BigEndian.AppendUint64(nil, uint64(n)))
}

type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) (out []tlog.Hash, err error) {
	for _, i := range indexes {
		out = append(out, h[i])
	}
	return out, nil
}

// TestEdgeIsTheTreeOfTlog grows a tree past the third level of tiles and compares
// it with another implementation: roots, full and partial tiles, and an Edge that
// is made from the tiles alone.
func TestEdgeIsTheTreeOfTlog(t *testing.T) {
	var all hashes
	var e transparency.Edge
	stored := map[string][]byte{}
	read := func(n transparency.TileName) ([]byte, error) {
		if data, ok := stored[n.Key()]; ok {
			return data, nil
		}
		return nil, fs.ErrNotExist
	}
	check := func(tiles []transparency.Tile) {
		t.Helper()
		for _, tile := range tiles {
			name := tile.Name()
			want, err := tlog.ReadTileData(tlog.Tile{H: 8, L: name.Level, N: name.Index, W: name.Width}, all)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(want, tile.Bytes()) {
				t.Fatalf("tree of %d: %s has other hashes", e.Size(), name.Key())
			}
			stored[name.Key()] = tile.Bytes()
		}
	}
	if root, err := tlog.TreeHash(0, nil); err != nil || e.Root() != root {
		t.Errorf("the root of nothing is %v, want %v", e.Root(), root)
	}
	const most = 65_536 + 700
	for n := int64(0); n < most; n++ {
		more, err := tlog.StoredHashesForRecordHash(n, leaf(n), all)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, more...)
		check(e.Append(leaf(n)))
		if n > 600 && n < 65_500 && n%4099 != 0 {
			continue
		}
		check(e.Partial())
		root, err := tlog.TreeHash(n+1, all)
		if err != nil {
			t.Fatal(err)
		}
		if e.Root() != root {
			t.Fatalf("the root over %d is %v, want %v", n+1, e.Root(), root)
		}
		again, err := transparency.LoadEdge(n+1, root, read)
		if err != nil {
			t.Fatal(err)
		}
		if again.Size() != n+1 || again.Root() != root || again.Last() != leaf(n) {
			t.Fatalf("the tree of %d is another one when it is read from its tiles", n+1)
		}
	}
	root := e.Root()
	for key, data := range stored {
		name, ok := transparency.ParseTileKey(key)
		if !ok || name.Key() != key {
			t.Errorf("the key %s is not read: %+v", key, name)
		}
		stored[key] = bytes.Clone(data)
		stored[key][0] ^= 1
	}
	if _, err := transparency.LoadEdge(most, root, read); err == nil {
		t.Error("tiles with other hashes are believed")
	}
}

func TestTileKeys(t *testing.T) {
	for want, n := range map[string]transparency.TileName{
		"tlog/tile/0/000":                {Width: 256},
		"tlog/tile/0/067.p/5":            {Index: 67, Width: 5},
		"tlog/tile/1/x001/x234/067":      {Level: 1, Index: 1234067, Width: 256},
		"tlog/tile/2/x001/000.p/255":     {Level: 2, Index: 1000, Width: 255},
		"tlog/tile/0/x999/x999/999.p/1":  {Index: 999999999, Width: 1},
		"tlog/tile/0/x001/x000/x000/000": {Index: 1000000000, Width: 256},
	} {
		if got := n.Key(); got != want {
			t.Errorf("key of %+v: %s, want %s", n, got, want)
		}
		if got, ok := transparency.ParseTileKey(want); !ok || got != n {
			t.Errorf("%s is read as %+v, %v", want, got, ok)
		}
	}
	for _, key := range []string{"", "tlog/tile/0/67", "tlog/tile/0/x067", "tlog/tile/00/067", "tlog/tile/0/067.p/256", "tlog/tile/0/067.p/0", "tlog/tile/0/067.p/05",
		"tlog/tile/0/x000/067", "tile/0/067", "tlog/tile/-1/067", "tlog/tile/9/067", "tlog/tile/0/06x7", "tlog/tile/0/", "tlog/tile/0", "tlog/tile/0/067.p/1/2"} {
		if n, ok := transparency.ParseTileKey(key); ok {
			t.Errorf("%q is read as %+v", key, n)
		}
	}
	if n, ok := transparency.ParseCheckpointKey(transparency.CheckpointKey(7)); !ok || n != 7 {
		t.Errorf("the key of a checkpoint is read as %d, %v", n, ok)
	}
	for _, key := range []string{"tlog/checkpoint/7", "tlog/checkpoint/000000000000", "tlog/checkpoint/+00000000007", "tlog/checkpoint/", "checkpoint/000000000007"} {
		if n, ok := transparency.ParseCheckpointKey(key); ok {
			t.Errorf("%q is read as a checkpoint of %d", key, n)
		}
	}
}

func key(n byte) transparency.Key {
	return transparency.NewKey([32]byte{n}, time.Date(2026, 11, 21, 7, 0, 0, 0, time.UTC))
}

func vkey(t *testing.T, k transparency.Key, origin string) string {
	t.Helper()
	v, err := k.VKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

const origin = "actiontrail/prod/all/file"

func TestCheckpoint(t *testing.T) {
	c := transparency.Checkpoint{Origin: origin, Size: 61, Root: leaf(1)}
	signed, err := c.Sign(key(1), key(2))
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.Sign(key(1), key(2))
	if err != nil || !bytes.Equal(signed, again) {
		t.Errorf("signed again it is another note (%v)", err)
	}
	one, two, three := vkey(t, key(1), origin), vkey(t, key(2), origin), vkey(t, key(3), origin)
	elsewhere := vkey(t, key(1), "actiontrail/prod/other/file")
	for name, test := range map[string]struct {
		keys, by []string
	}{
		"both":                    {[]string{three, one, two}, []string{one, two}},
		"one of them":             {[]string{two}, []string{two}},
		"twice":                   {[]string{two, two}, []string{two}},
		"another":                 {[]string{three}, nil},
		"of another archive":      {[]string{elsewhere}, nil},
		"none":                    {nil, nil},
		"of another, and the one": {[]string{elsewhere, one}, []string{one}},
	} {
		got, by, err := transparency.OpenCheckpoint(signed, test.keys)
		if got != c || (test.by == nil) != errors.Is(err, transparency.ErrUnsigned) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if diff := cmp.Diff(test.by, by); diff != "" {
			t.Errorf("%s: signed by (-want +got):\n%s", name, diff)
		}
	}
	for name, change := range map[string][2]string{
		"another size":   {"\n61\n", "\n60\n"},
		"size with zero": {"\n61\n", "\n061\n"},
		"negative":       {"\n61\n", "\n-61\n"},
		"another root":   {"\n61\n", "\n61\nAAAA"},
		"another origin": {"prod/all", "prod/alm"},
		"a line more":    {"\n\n", "\nmore\n\n"},
	} {
		bad := []byte(strings.Replace(string(signed), change[0], change[1], 1))
		if bytes.Equal(bad, signed) {
			t.Fatalf("%s changes nothing", name)
		}
		if _, by, err := transparency.OpenCheckpoint(bad, []string{one, two}); err == nil {
			t.Errorf("%s: it is signed by %v", name, by)
		}
	}
}

func TestKeyFile(t *testing.T) {
	want := []transparency.Key{key(2), key(1)}
	got, err := transparency.ParseKeys(transparency.FormatKeys(want))
	if err != nil || len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("read again: %d keys, %v", len(got), err)
	}
	for _, text := range []string{"", "# nothing\n", "ed25519 AAAA 2026-11-21T07:00:00Z\n", "rsa x y\n", strings.Replace(string(transparency.FormatKeys(want)), "T07", " 07", 1)} {
		if _, err := transparency.ParseKeys([]byte(text)); err == nil || strings.Contains(err.Error(), "AAAA") {
			t.Errorf("%q: %v", text, err)
		}
	}
	keys, err := transparency.ParseVKeys([]byte("# published\n\n" + vkey(t, key(1), origin) + "\n"))
	if err != nil || len(keys) != 1 || !transparency.KeyOf(keys[0], origin) || transparency.KeyOf(keys[0], origin+"x") {
		t.Errorf("public keys: %q, %v", keys, err)
	}
	for _, text := range []string{"", "#\n", "a+b+c\n", string(transparency.FormatKeys(want))} {
		if _, err := transparency.ParseVKeys([]byte(text)); err == nil {
			t.Errorf("%q is read as public keys", text)
		}
	}
}

func FuzzCheckpoint(f *testing.F) {
	c := transparency.Checkpoint{Origin: origin, Size: 61, Root: leaf(1)}
	signed, err := c.Sign(key(1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed)
	f.Add([]byte(origin + "\n1\nAAAA\n\n— x AAAA\n"))
	v, err := key(1).VKey(origin)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, by, err := transparency.OpenCheckpoint(data, []string{v})
		if err == nil && (got != c || len(by) != 1) {
			t.Errorf("%q is believed to be signed: %+v", data, got)
		}
		transparency.ParseTileKey(string(data))
		transparency.ParseCheckpointKey(string(data))
	})
}
