package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
	"github.com/actiontrail/actiontrail/aggregator/witness"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/signed"
)

// kept is a witness of a delivery.
type kept struct {
	*witness.Witness
	target string
	key    string // of one that cosigns
}

// witnesses are those who keep the checkpoints of a delivery: NATS, and those that are declared.
func (a *aggregation) witnesses(d *delivery) []*kept {
	origin := archiveOrigin(a.cfg, d.trail, &d.Delivery)
	one := func(name, kind, target string, every time.Duration, open func(context.Context) (witness.Place, error)) *kept {
		return &kept{target: target, Witness: &witness.Witness{Trail: d.trail.Name, Delivery: d.Name, Name: name, Kind: kind, Every: every, Open: open, Now: time.Now, Log: a.log,
			Conflicted: func(ctx context.Context, c *witness.Conflict) error { return a.conflicted(ctx, d, name, c) }}}
	}
	all := []*kept{one(config.NATSWitness, "nats", "NATS", 0, func(context.Context) (witness.Place, error) {
		return &witness.NATS{Store: a.conn, None: bus.ErrNone, Target: d.Target()}, nil
	})}
	for i := range d.trail.Witness {
		w := &d.trail.Witness[i]
		k := one(w.Name, w.Kind, w.Target(), w.Every, func(ctx context.Context) (witness.Place, error) {
			return openWitness(ctx, w, origin, a.witnessFile(d.key(), w.Name))
		})
		if w.HTTPS != nil {
			k.key = w.HTTPS.Key
		}
		all = append(all, k)
	}
	return all
}

// witnessFile keeps what a witness that cannot be read has of a delivery.
func (a *aggregation) witnessFile(delivery, name string) string {
	return witnessFile(a.dir, delivery, name)
}

func witnessFile(dir, delivery, name string) string {
	return filepath.Join(dir, "witness", delivery+"."+name+".note")
}

// openWitness opens a declared witness for one log, to write to it.
func openWitness(ctx context.Context, w *config.Witness, origin, memory string) (witness.Place, error) {
	switch {
	case w.S3 != nil:
		b, err := openBucket(ctx, &config.Delivery{S3: w.S3})
		if err != nil {
			return nil, err
		}
		return &witness.Bucket{Bucket: b, Folder: witness.Folder(origin)}, nil
	case w.HTTPS != nil:
		return httpsWitness(w.HTTPS, memory)
	}
	// A folder of each log's own: what a crash left there is cleared without disturbing others.
	b, err := file.New(filepath.Join(w.Path, filepath.FromSlash(witness.Folder(origin))))
	if err != nil {
		return nil, err
	}
	return &witness.Bucket{Bucket: b}, nil
}

func httpsWitness(w *config.HTTPSWitness, memory string) (witness.Place, error) {
	if w.Key != "" {
		if err := transparency.CheckCosigner(w.Key); err != nil {
			return nil, err
		}
	}
	return &witness.HTTPS{URL: w.URL, Key: w.Key, File: memory, Client: witness.NewClient(),
		Token: func() (string, error) {
			if w.TokenFile == "" {
				return "", nil
			}
			text, err := os.ReadFile(w.TokenFile)
			if err != nil {
				return "", fmt.Errorf("read the token of a witness: %w", err)
			}
			return strings.TrimSpace(string(text)), nil
		},
		Sign: func(body []byte) (string, string, error) {
			secret, err := readSecret(w.SecretFile)
			if err != nil || secret == nil {
				return "", "", err
			}
			return signed.Header, signed.Sign(secret, time.Now(), body), nil
		}}, nil
}

// conflicted makes an event of a checkpoint elsewhere that an archive is not consistent with.
func (a *aggregation) conflicted(ctx context.Context, d *delivery, name string, c *witness.Conflict) error {
	e := trailEvent("ArchiveConflict", d.trail.Name, map[string]any{"delivery": d.Name, "witness": name, "seals": fmt.Sprint(c.Size), "target": d.Target()})
	e.ErrorCode, e.ErrorMessage = "ArchiveConflict", fmt.Sprintf("witness %s of delivery %s: %s", name, d.Name, c.Text)
	e.Type = event.TypeServiceEvent
	return a.system.Report(ctx, e, false)
}

// witnessed tells how those who keep the checkpoints of the delivery fare.
func (d *delivery) witnessed() []api.WitnessStatus {
	var all []api.WitnessStatus
	for _, w := range d.witnesses {
		s := w.Status()
		x := api.WitnessStatus{Name: w.Name, Kind: w.Kind, Target: w.target, Seals: s.Size, Checkpoint: s.Note, KeptAt: s.Kept.UTC(), Conflict: s.Conflict, LastError: s.LastError, LastErrorTime: s.ErrorTime.UTC()}
		if s.LastError == "" {
			x.LastErrorTime = time.Time{}
		}
		if w.key != "" && s.Note != "" {
			if at, err := transparency.Cosigned([]byte(s.Note), w.key); err == nil {
				x.CosignedAt = at
			}
		}
		all = append(all, x)
	}
	return all
}

// keptElsewhere are the checkpoints that its witnesses have.
func (d *delivery) keptElsewhere() []archive.GivenCheckpoint {
	var all []archive.GivenCheckpoint
	for _, w := range d.witnesses {
		if s := w.Status(); s.Note != "" {
			all = append(all, archive.GivenCheckpoint{Name: "witness " + w.Name, Note: []byte(s.Note), Cosigner: w.key})
		}
	}
	return all
}

// sameWitnesses tells whether the checkpoints of two trails are kept in the same places.
func sameWitnesses(a, b *config.Trail) bool {
	return slices.EqualFunc(a.Witness, b.Witness, func(x, y config.Witness) bool { return x.Hash == y.Hash })
}
