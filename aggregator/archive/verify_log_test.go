package archive_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
)

// put writes an object past the archive.
func (s *site) put(key string, content []byte) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(s.path(key)), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(s.path(key), content, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// cutTo removes all seals from n on, with all that belongs to them.
func (s *site) cutTo(n uint64, checkpoints bool) {
	s.t.Helper()
	for i := s.verify().LastSeal; i >= n; i-- {
		for _, o := range s.seal(i).Objects {
			s.remove(o.Key)
		}
		s.remove(archive.SealKey(i))
	}
	if !checkpoints {
		return
	}
	for _, size := range s.checkpoints() {
		if size > int64(n) {
			s.remove(transparency.CheckpointKey(size))
		}
	}
	for key := range s.bucketKeys("tlog/tile/") {
		name, ok := transparency.ParseTileKey(key)
		if !ok {
			s.t.Fatal(key)
		}
		if end := name.Index<<8 + int64(name.Width); end > int64(n) {
			s.remove(key)
		}
	}
}

// relog makes the log anew over the seals that are there, as one with the key n does.
func (s *site) relog(n byte) {
	s.t.Helper()
	if err := os.RemoveAll(s.path("tlog")); err != nil {
		s.t.Fatal(err)
	}
	s.cfg.Log.File += ".forged"
	s.cfg.Log.Keys = (&keys{[]transparency.Key{signKey(n)}}).get
	s.open()
}

func TestVerifyFindsInTheLog(t *testing.T) {
	sign := func(t *testing.T, n byte, c transparency.Checkpoint) []byte {
		data, err := c.Sign(signKey(n))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	tests := map[string]struct {
		damage func(s *site)
		key    string // of the first problem
		want   string
	}{
		"nothing": {func(*site) {}, "", ""},
		"a seal and all after it rewritten": {
			func(s *site) { s.rechain(6, func(x *archive.Seal) { x.Filter = "other" }) },
			"tlog/checkpoint/000000000007", "these are not the seals that it was signed over: 6; and 3 later checkpoints are over other seals, too"},
		"the last seal rewritten": {
			func(s *site) {
				if err := s.open().Checkpoint(t.Context()); err != nil {
					s.t.Fatal(err)
				}
				s.forge(13, func(x *archive.Seal) { x.Filter = "other" })
			},
			"tlog/checkpoint/000000000014", "these are not the seals that it was signed over: 13"},
		"the end cut off, and checkpoints left": {
			func(s *site) { s.cutTo(9, false) },
			"seals/000000000009.json", "seals 9 to 10 were cut off: tlog/checkpoint/000000000011 was signed over 11 seals"},
		"a checkpoint removed": {
			func(s *site) { s.remove("tlog/checkpoint/000000000007") },
			"tlog/checkpoint/000000000007", "it is missing"},
		"a checkpoint changed": {
			func(s *site) {
				s.change("tlog/checkpoint/000000000007", func(b []byte) []byte { return bytes.Replace(b, []byte("\n7\n"), []byte("\n8\n"), 1) })
			},
			"tlog/checkpoint/000000000007", "its signature is wrong"},
		"a checkpoint in the place of another": {
			func(s *site) {
				data, err := os.ReadFile(s.path("tlog/checkpoint/000000000005"))
				if err != nil {
					s.t.Fatal(err)
				}
				s.put("tlog/checkpoint/000000000007", data)
			},
			"tlog/checkpoint/000000000007", "it is a checkpoint of actiontrail/prod/all/file over 5 seals"},
		"a checkpoint of another key": {
			func(s *site) {
				c, err := transparency.ReadCheckpoint([]byte(read(s, "tlog/checkpoint/000000000007")))
				if err != nil {
					s.t.Fatal(err)
				}
				s.put("tlog/checkpoint/000000000008", sign(s.t, 3, c))
			},
			"tlog/checkpoint/000000000008", "none of the keys signed it"},
		"a checkpoint over another tree": {
			func(s *site) {
				s.put("tlog/checkpoint/000000000008", sign(s.t, 1, transparency.Checkpoint{Origin: origin, Size: 8, Root: tlog.Hash{1}}))
			},
			"tlog/checkpoint/000000000008", "seal 7 is not the one that it was signed over"},
		"a tile changed": {
			func(s *site) { s.change("tlog/tile/0/000.p/7", func(b []byte) []byte { b[40] ^= 1; return b }) },
			"tlog/tile/0/000.p/7", "it does not have the hashes"},
		"a tile too long": {
			func(s *site) { s.change("tlog/tile/0/000.p/7", func(b []byte) []byte { return append(b, 0) }) },
			"tlog/tile/0/000.p/7", "it does not have the hashes"},
		"a tile over more": {
			func(s *site) { s.put("tlog/tile/0/000.p/200", nil) },
			"tlog/tile/0/000.p/200", "over more seals than there are"},
		"something else among the tiles": {
			func(s *site) { s.put("tlog/tile/0/more", nil) },
			"tlog/tile/0/more", "no seal names this object"},
		"a checkpoint under another name": {
			func(s *site) { s.put("tlog/checkpoint/7", []byte(read(s, "tlog/checkpoint/000000000007"))) },
			"tlog/checkpoint/7", "no seal names this object"},
		"the key taken out of the seals": {
			func(s *site) { s.rechain(0, func(x *archive.Seal) { x.Log, x.Version = nil, 1 }) },
			"tlog/checkpoint/000000000001", "no seal names a key for it"},
		"cut off, and gone on with another key": {
			func(s *site) {
				s.cutTo(9, true)
				s.cfg.Log.File += ".forged"
				s.cfg.Log.Keys = (&keys{[]transparency.Key{signKey(3)}}).get
				s.cfg.Log.Lost = func(string) bool { return true }
				s.follow(s.open(), makeStream(20, 1)[9:])
			},
			"", "vouches for that key"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, _, _ := hours(t)
			test.damage(s)
			r := s.verify()
			switch {
			case test.want == "" && r.OK():
			case test.want == "" || r.OK():
				t.Errorf("problems: %+v", r.Problems)
			case test.key != "" && r.Problems[0].Key != test.key, !strings.Contains(r.Problems[0].Text, test.want):
				t.Errorf("problems: %+v\nwant %s: %s", r.Problems, test.key, test.want)
			}
		})
	}
}

func read(s *site, key string) string {
	s.t.Helper()
	data, err := os.ReadFile(s.path(key))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(data)
}

// What the bucket cannot show by itself: it is whole, but it is not what it was.
func TestVerifyWithWhatIsKeptElsewhere(t *testing.T) {
	stranger, err := (&transparency.Checkpoint{Origin: origin, Size: 3}).Sign(signKey(3))
	if err != nil {
		t.Fatal(err)
	}
	other, err := (&transparency.Checkpoint{Origin: "actiontrail/prod/other/file", Size: 3}).Sign(signKey(1))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		damage  func(s *site)
		given   string // instead of the newest checkpoint
		offline bool   // the archive alone shows it
		keys    bool   // the published key shows it
		want    string // what the checkpoint shows
	}{
		"nothing":       {damage: func(*site) {}},
		"the end gone":  {damage: func(s *site) { s.cutTo(7, true) }, want: "it was signed over 14 seals, and the archive has 7: seals 7 to 13 were cut off"},
		"one seal gone": {damage: func(s *site) { s.cutTo(13, true) }, want: "seal 13 was cut off"},
		"rewritten with the key": {damage: func(s *site) {
			s.rechain(4, func(x *archive.Seal) { x.Filter = "other" })
			s.relog(1)
		}, want: "of seals 0 to 13 some are not those that it was signed over"},
		"rewritten with another key": {damage: func(s *site) {
			s.rechain(0, func(x *archive.Seal) { x.Log.Key = vkey(s.t, 3) })
			s.relog(3)
		}, keys: true, want: "neither a key of this archive nor one that was given signed it"},
		"a missing seal": {damage: func(s *site) { s.remove(archive.SealKey(5)) }, offline: true, want: "it cannot be compared: seals/000000000005.json is missing"},
		"not signed":     {damage: func(*site) {}, given: string(stranger), want: "nor one that was given signed it"},
		"of another":     {damage: func(*site) {}, given: string(other), want: "signed it"},
		"no note":        {damage: func(*site) {}, given: "x", want: "it is no signed note"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, _, a := hours(t)
			note := a.Status().Checkpoint
			if test.given != "" {
				note = test.given
			}
			test.damage(s)
			if r := s.verify(); r.OK() == test.offline {
				t.Errorf("by itself: %+v", r.Problems)
			}
			if r := s.verifyBy(archive.VerifyOptions{Keys: []string{vkey(t, 1)}}); r.OK() == (test.keys || test.offline) {
				t.Errorf("with the key: %+v", r.Problems)
			}
			r := s.verifyBy(archive.VerifyOptions{Checkpoints: []archive.GivenCheckpoint{{Name: "noted", Note: []byte(note)}}})
			text := ""
			for _, p := range r.Problems {
				if p.Key == "noted" {
					text += p.Text
				}
			}
			if test.want == "" && (!r.OK() || text != "") || !strings.Contains(text, test.want) {
				t.Errorf("with the checkpoint: %q, want %q; %+v", text, test.want, r.Problems)
			}
			if g := r.Log.Given; len(g) != 1 || g[0].OK != (test.want == "") {
				t.Errorf("given: %s", fmt.Sprint(g))
			}
		})
	}
}

func TestVerifyWithKeysOfAnArchiveWithoutLog(t *testing.T) {
	s := newSite(t)
	s.follow(s.open(), makeStream(4, 1))
	if r := s.verifyBy(archive.VerifyOptions{Keys: []string{vkey(t, 1)}}); r.OK() {
		t.Error("a key is given, there is nothing that it signed, and verify is content")
	}
}
