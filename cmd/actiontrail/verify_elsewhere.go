package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
	"github.com/actiontrail/actiontrail/aggregator/witness"
	"github.com/actiontrail/actiontrail/cmd/internal/lanes"
	"github.com/actiontrail/actiontrail/cmd/internal/process"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/bus/embedded"
)

// elsewhere says where checkpoints are kept besides: whom to ask for them.
type elsewhere struct {
	clientFlags
	config []string
	data   string
}

// Bounds of asking.
const (
	askServer  = 3 * time.Second  // of a server that may not be there
	askWitness = 30 * time.Second // of everybody else
)

func (e *elsewhere) register(cmd *cobra.Command) {
	e.registerServer(cmd)
	cmd.Flags().StringArrayVar(&e.config, "config", nil, "configuration that declares the trail: compare with all places where its checkpoints are kept; repeatable")
	cmd.Flags().StringVar(&e.data, "data", "./data", "data folder of the server, with --config")
}

// found gathers checkpoints, and tells of places that could not be asked.
type found struct {
	ctx   context.Context
	out   io.Writer
	notes []archive.GivenCheckpoint
}

func (f *found) add(name, note, cosigner string) {
	if note != "" {
		f.notes = append(f.notes, archive.GivenCheckpoint{Name: name, Note: []byte(note), Cosigner: cosigner})
	}
}

func (f *found) not(name string, err error) {
	fmt.Fprintf(f.out, "warning: not compared with %s: %v\n", name, err)
}

// checkpoints are those of the archive at path that are kept elsewhere. bucket is nil when there is no archive.
func (e *elsewhere) checkpoints(ctx context.Context, out io.Writer, path string, bucket archive.Bucket) ([]archive.GivenCheckpoint, error) {
	f := &found{ctx: ctx, out: out}
	origin := ""
	if bucket != nil {
		var err error
		if origin, err = archive.Origin(ctx, bucket); err != nil {
			return nil, usageError("verify: %w", err)
		}
	}
	if len(e.config) > 0 {
		err := e.declared(f, path, origin)
		return f.notes, err
	}
	asked := e.server != "" || os.Getenv(serverVariable) != ""
	if !asked {
		origin = "" // that of this machine is believed for its own folders and buckets alone
	}
	trails, err := e.trailsOf(ctx)
	switch {
	case err != nil && asked:
		return nil, err
	case err != nil:
		return nil, nil // no server runs here: as with an archive that was copied
	}
	d := deliveryOf(trails, path, origin)
	if d == nil {
		if asked {
			f.not("the server", fmt.Errorf("it delivers neither into %s nor into an archive called %q", path, origin))
		}
		return f.notes, nil
	}
	e.served(f, d)
	return f.notes, nil
}

func (e *elsewhere) trailsOf(ctx context.Context) ([]api.TrailStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, askServer)
	defer cancel()
	return e.trails(ctx, "")
}

// served takes what the server knows of.
func (e *elsewhere) served(f *found, d *api.Delivery) {
	f.add("the running server", d.Checkpoint, "")
	for _, w := range d.Witnesses {
		f.add(fmt.Sprintf("witness %s (%s), by the running server", w.Name, w.Target), w.Checkpoint, "")
	}
}

// deliveryOf finds the delivery into a place, or else the one whose log has that name.
func deliveryOf(trails []api.TrailStatus, path, origin string) *api.Delivery {
	var named *api.Delivery
	for i := range trails {
		for k := range trails[i].Deliver {
			d := &trails[i].Deliver[k]
			if samePlace(cmp.Or(d.Folder, d.Target), path) {
				return d
			}
			if c, err := transparency.ReadCheckpoint([]byte(d.Checkpoint)); err == nil && c.Origin == origin && named == nil {
				named = d
			}
		}
	}
	return named
}

// samePlace tells whether two ways to write a place lead to one.
func samePlace(a, b string) bool {
	if storedAt(a) || storedAt(b) {
		return strings.TrimSuffix(a, "/") == strings.TrimSuffix(b, "/")
	}
	real := func(path string) string {
		path = absolute(path)
		if r, err := filepath.EvalSymlinks(path); err == nil {
			return r
		}
		return path
	}
	return real(a) == real(b)
}

// declared asks every place that the configuration names.
func (e *elsewhere) declared(f *found, path, origin string) error {
	h, err := (&process.Flags{Config: e.config, Data: e.data, LogFormat: "text"}).Load()
	if err != nil {
		return err
	}
	var d *delivery
	for i := range h.Config.Trails {
		t := &h.Config.Trails[i]
		for k := range t.Deliver {
			x := &delivery{Delivery: t.Deliver[k], trail: t}
			if samePlace(x.Target(), path) || d == nil && origin == archiveOrigin(h.Config, t, &x.Delivery) {
				d = x
			}
		}
	}
	if d == nil {
		return usageError("verify: no trail of the configuration delivers into %s, or into an archive called %q", path, origin)
	}
	origin = cmp.Or(origin, archiveOrigin(h.Config, d.trail, &d.Delivery))
	dir := filepath.Join(e.data, aggregatorFolder)
	kept := filepath.Join(dir, logFolder, archiveFile(d))
	if _, err := os.Stat(kept); err == nil {
		all, err := givenCheckpoints(f.ctx, []string{kept})
		if err != nil {
			return err
		}
		f.add("the data folder", string(all[0].Note), "")
	} else if !errors.Is(err, fs.ErrNotExist) {
		f.not("the data folder", err)
	}
	for i := range d.trail.Witness {
		w := &d.trail.Witness[i]
		name := fmt.Sprintf("witness %s (%s)", w.Name, w.Target())
		note, err := readWitness(f.ctx, w, origin, witnessFile(dir, d.key(), w.Name))
		if err != nil {
			f.not(name, err)
			continue
		}
		cosigner := ""
		if w.HTTPS != nil {
			cosigner = w.HTTPS.Key
		}
		f.add(name, string(note), cosigner)
	}
	return e.inNATS(f, h, d, path, origin)
}

// readWitness reads what a declared witness has, and changes nothing.
func readWitness(ctx context.Context, w *config.Witness, origin, memory string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askWitness)
	defer cancel()
	switch {
	case w.S3 != nil:
		b, err := s3Bucket(&config.Delivery{S3: w.S3})
		if err != nil {
			return nil, err
		}
		return (&witness.Bucket{Bucket: b, Folder: witness.Folder(origin)}).Newest(ctx, origin)
	case w.HTTPS != nil:
		return (&witness.HTTPS{File: memory}).Newest(ctx, origin)
	}
	b, err := file.Open(filepath.Join(w.Path, filepath.FromSlash(witness.Folder(origin))))
	if err != nil {
		return nil, err
	}
	return (&witness.Bucket{Bucket: b}).Newest(ctx, origin)
}

// inNATS asks NATS, wherever it is: elsewhere, in the server that runs, or in its data folder when none does.
func (e *elsewhere) inNATS(f *found, h *process.Hand, to *delivery, path, origin string) error {
	const name = "witness nats"
	if remote := h.Config.NATS.Remote; len(remote.Servers) > 0 {
		cfg, err := lanes.Remote("verify", remote, h.Log)
		if err != nil {
			return process.UsageError("%w", err)
		}
		f.fromNATS(name, cfg, to.Target(), origin)
		return nil
	}
	if _, err := os.Stat(filepath.Join(e.data, natsFolder)); err != nil {
		f.not(name, err)
		return nil
	}
	lock, err := process.Hold(e.data, aggregatorFolder)
	if err != nil { // the server runs: it can be asked
		if e.server == "" && os.Getenv(serverVariable) == "" && h.Config.API.Listen != "" {
			e.server = (&url.URL{Scheme: "http", Host: h.Config.API.Listen}).String()
		}
		trails, err := e.trailsOf(f.ctx)
		if err != nil {
			f.not(name+" and the running server", err)
			return nil
		}
		if d := deliveryOf(trails, path, origin); d != nil {
			e.served(f, d)
		}
		return nil
	}
	defer lock.Close()
	server, err := embedded.Start(embedded.Config{Dir: filepath.Join(e.data, natsFolder), MaxBytes: h.Config.NATS.MaxBytes})
	if err != nil {
		f.not(name, err)
		return nil
	}
	defer server.Close()
	f.fromNATS(name, bus.Config{Name: "verify", Server: server}, to.Target(), origin)
	return nil
}

func (f *found) fromNATS(name string, cfg bus.Config, target, origin string) {
	ctx, cancel := context.WithTimeout(f.ctx, askWitness)
	defer cancel()
	conn, err := bus.Connect(cfg)
	if err != nil {
		f.not(name, err)
		return
	}
	defer conn.Close()
	note, err := (&witness.NATS{Store: conn, None: bus.ErrNone, Target: target}).Newest(ctx, origin)
	if err != nil {
		f.not(name, err)
		return
	}
	f.add(name, string(note), "")
}

// missingArchive tells that there is no archive: that is a finding when there was one.
func missingArchive(out io.Writer, path string, why error, kept []archive.GivenCheckpoint) error {
	if len(kept) == 0 {
		return usageError("verify: %w", why)
	}
	for _, g := range kept {
		if c, err := transparency.ReadCheckpoint(g.Note); err == nil {
			fmt.Fprintf(out, "%s: it was signed over %d seals of %s, and there is nothing at %s: everything was deleted\n", visible(g.Name), c.Size, c.Origin, visible(path))
		}
	}
	fmt.Fprintln(out, "FAILED: the archive is gone")
	return &exitError{Code: exitNo}
}
