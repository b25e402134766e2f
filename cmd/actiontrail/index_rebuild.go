package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/local"
	"github.com/actiontrail/actiontrail/cmd/internal/process"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/durable"
)

func newIndexRebuildCommand() *cobra.Command {
	var f process.Flags
	var archives []string
	var from bucketFlags
	var identity string
	cmd := &cobra.Command{
		Use:   "rebuild",
		Short: "Make the index anew, from what can be read of it, the stream and archives",
		Long: `rebuild makes a new index of every event that the files of the old one still give, those that were set aside among
them, of what the stream still has, and of the archives that --from-archive names. No event is in it twice, and the server
goes on where it was. The old index is kept beside the new one: remove it when you do not need it any more.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, err := f.Load()
			if err != nil {
				return err
			}
			return rebuildIndex(cmd.Context(), cmd.OutOrStdout(), h, f.Data, archives, &from, identity)
		},
	}
	f.Register(cmd)
	cmd.Flags().StringArrayVar(&archives, "from-archive", nil, "folder, s3://BUCKET/PREFIX or oss://BUCKET/PREFIX, of an archive whose events are taken too; repeatable")
	from.register(cmd)
	registerIdentity(cmd, &identity)
	return cmd
}

// rebuild makes a new index beside the old one.
type rebuild struct {
	ids  archive.Identities // that open encrypted archives
	out  io.Writer
	h    *process.Hand
	data string
	dir  string // of the aggregator
	to   *local.Index
	// begin is the position that the new index begins with, the old one's: the
	// follower goes on behind it. known is false when the old one cannot tell it.
	begin event.Position
	known bool
}

func rebuildIndex(ctx context.Context, out io.Writer, h *process.Hand, data string, archives []string, f *bucketFlags, identity string) (err error) {
	dir := filepath.Join(data, aggregatorFolder)
	if _, err := os.Stat(dir); err != nil {
		return process.UsageError("there is no aggregator in %s: name its data folder with --data", data)
	}
	buckets := make([]archive.Bucket, len(archives))
	for i, path := range archives {
		if buckets[i], err = f.readBucket(path); err != nil {
			return process.UsageError("--from-archive: %w", err)
		}
	}
	ids, err := readIdentities(identity)
	if err != nil {
		return process.UsageError("--identity: %w", err)
	}
	lock, err := process.Hold(data, aggregatorFolder)
	if err != nil {
		return err
	}
	defer lock.Close()
	r := &rebuild{ids: ids, out: out, h: h, data: data, dir: dir}
	if err := r.oldPosition(); err != nil {
		return err
	}
	made := filepath.Join(dir, indexFolder+".rebuild")
	if err := os.RemoveAll(made); err != nil {
		return fmt.Errorf("remove what an earlier rebuild has left: %w", err)
	}
	cfg := keepsAll(localIndex(h.Config, dir))
	cfg.Dir, cfg.Begin = made, r.begin
	if r.to, err = local.Open(cfg); err != nil {
		return err
	}
	err = errors.Join(r.fill(ctx, archives, buckets), r.to.Close())
	if err != nil {
		return errors.Join(fmt.Errorf("the index is as it was: %w", err), os.RemoveAll(made))
	}
	return r.swap(made)
}

// keepsAll is the index without retention: a trail may owe what is too old, and
// the server tells of what it removes.
func keepsAll(cfg local.Config) local.Config {
	cfg.Retention, cfg.Classes = 0, slices.Clone(cfg.Classes)
	for i := range cfg.Classes {
		cfg.Classes[i].Retention = 0
	}
	return cfg
}

// oldPosition asks the old index how far it was.
func (r *rebuild) oldPosition() error {
	old := filepath.Join(r.dir, indexFolder)
	if _, err := os.Stat(old); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(r.out, "there is no index in %s\n", old)
		return nil
	}
	x, err := local.Open(keepsAll(localIndex(r.h.Config, r.dir)))
	if err != nil {
		fmt.Fprintf(r.out, "the old index cannot be opened, and does not tell how far it was; all that the stream has is read: %v\n", err)
		return nil
	}
	r.begin, r.known = x.Position(), true
	return x.Close()
}

// fill gives the new index all events there are.
func (r *rebuild) fill(ctx context.Context, archives []string, buckets []archive.Bucket) error {
	if err := r.fromOld(ctx); err != nil {
		return err
	}
	if err := r.fromStream(ctx); err != nil {
		return fmt.Errorf("read the stream: %w", err)
	}
	for i, b := range buckets {
		if err := r.fromArchive(ctx, archives[i], b); err != nil {
			return fmt.Errorf("read the archive %s: %w", archives[i], err)
		}
	}
	return nil
}

// take stores events that came from a part of the stream.
func (r *rebuild) take(ctx context.Context, from index.SeqRange, events []event.Event) error {
	if err := r.to.Refill(ctx, []event.Batch{{Seq: from.First}, {Seq: from.Last, Events: events}}); err != nil {
		return err
	}
	return r.to.Flush(ctx, time.Now())
}

func (r *rebuild) fromOld(ctx context.Context) error {
	old := filepath.Join(r.dir, indexFolder)
	if _, err := os.Stat(old); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	found, err := local.Salvage(ctx, old, func(from index.SeqRange, events []event.Event) error { return r.take(ctx, from, events) })
	if err != nil {
		return fmt.Errorf("read the old index: %w", err)
	}
	events := 0
	for _, f := range found {
		events += f.Events
		for _, p := range f.Problems {
			fmt.Fprintf(r.out, "  %s: %s\n", f.File, p)
		}
	}
	r.tell("old index", fmt.Sprintf("%d events in %d files", events, len(found)))
	return nil
}

// tell says where events came from, and how many there are now.
func (r *rebuild) tell(source, found string) {
	fmt.Fprintf(r.out, "%s: %s; %d events are in the new index\n", source, found, r.to.Stats().Events)
}

func (r *rebuild) fromArchive(ctx context.Context, path string, b archive.Bucket) error {
	const group = 1000
	var some []event.Event
	var from index.SeqRange
	read := 0
	kept := localIndex(r.h.Config, r.dir)
	now := time.Now()
	flush := func() error {
		if len(some) == 0 {
			return nil
		}
		err := r.take(ctx, from, some)
		some, from = nil, index.SeqRange{}
		return err
	}
	problems, err := archive.Events(ctx, b, r.ids, func(seq archive.SeqRange, e event.Event) error {
		read++
		// Of an archive of years only what the server would not remove at once.
		keep := kept.Classes.Retention(kept.Classes.Of(&e), kept.Retention)
		if keep > 0 && now.Sub(e.Time.Std()) > keep+24*time.Hour {
			return nil
		}
		from.Add(seq.After + 1)
		from.Add(seq.To)
		if some = append(some, e); len(some) < group {
			return nil
		}
		return flush()
	})
	if err = errors.Join(err, flush()); err != nil {
		return err
	}
	for _, p := range problems {
		fmt.Fprintf(r.out, "  %s: %s\n", p.Key, p.Text)
	}
	r.tell("archive "+path, fmt.Sprintf("%d events", read))
	return nil
}

// fromStream reads what the stream has. Of the batches that the old index was
// past, the events are stored; behind that, or when that is not known, the
// position moves with them, as the follower would have it.
func (r *rebuild) fromStream(ctx context.Context) error {
	remote := r.h.Config.NATS.Remote
	if _, err := os.Stat(filepath.Join(r.data, natsFolder)); errors.Is(err, fs.ErrNotExist) && len(remote.Servers) == 0 {
		r.tell("stream", "there is none")
		return nil
	}
	cfg := *r.h.Config
	cfg.NATS.Listen = "" // nobody comes in meanwhile
	a := &aggregation{cfg: &cfg, log: r.h.Log, data: r.data, dir: r.dir}
	defer a.close()
	var err error
	if a.agents, err = aggregator.OpenAgents(filepath.Join(r.dir, agentsName)); err != nil {
		return err
	}
	a.agents.Strict = cfg.Agents.Enroll != config.EnrollFirstUse
	if err := a.connect(); err != nil {
		return err
	}
	state, err := a.conn.State(ctx)
	if err != nil {
		return err
	}
	last := state.LastSeq
	if r.known {
		last = min(last, r.begin.Seq) // the server goes on from there, and tells of what is wrong
	}
	read := 0
	opener := &aggregator.Opener{Agents: a.agents}
	in := a.conn.Follow(max(state.FirstSeq, 1) - 1)
	var at event.Position
	for seq := max(state.FirstSeq, 1) - 1; state.Messages > 0 && seq < last; {
		messages, err := in.Next(ctx)
		if err != nil {
			return err
		}
		var batches []event.Batch
		for _, m := range messages {
			if seq = m.Seq; seq > last {
				break
			}
			batch, err := opener.Open(m)
			var why *aggregator.Refusal
			if err != nil && !errors.As(err, &why) {
				return err
			}
			if why != nil && why.Reason != aggregator.BadBody {
				continue
			}
			if v := at.Check(&batch); v == event.Resend || v == event.Fork {
				continue
			}
			at.Advance(&batch)
			read += len(batch.Events)
			batches = append(batches, batch)
		}
		if len(batches) == 0 {
			continue
		}
		if r.known {
			err = r.to.Refill(ctx, batches)
		} else {
			err = r.to.Write(ctx, batches)
		}
		if err == nil {
			err = r.to.Flush(ctx, time.Now())
		}
		if err != nil {
			return err
		}
	}
	r.tell("stream", fmt.Sprintf("batches %d to %d with %d events", state.FirstSeq, last, read))
	return nil
}

// swap puts the new index in the place of the old one, which is kept.
func (r *rebuild) swap(made string) error {
	place := filepath.Join(r.dir, indexFolder)
	kept := filepath.Join(r.dir, fmt.Sprintf("%s.before-%s", indexFolder, time.Now().UTC().Format("20060102T150405.000")))
	err := unix.Renameat2(unix.AT_FDCWD, made, unix.AT_FDCWD, place, unix.RENAME_EXCHANGE)
	switch {
	case errors.Is(err, fs.ErrNotExist): // there was none
		err, kept = os.Rename(made, place), ""
	case err == nil:
		err = os.Rename(made, kept)
	default: // a file system that cannot do it in one step
		if err = os.Rename(place, kept); err == nil {
			err = os.Rename(made, place)
		}
	}
	if err == nil {
		err = durable.SyncDir(r.dir)
	}
	if err != nil {
		return fmt.Errorf("put the new index in the place of the old one: %w", err)
	}
	fmt.Fprintf(r.out, "the new index is in place\n")
	if kept != "" {
		fmt.Fprintf(r.out, "the old one is in %s: remove it when you do not need it any more\n", kept)
	}
	return nil
}
