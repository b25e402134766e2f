package aggregator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// OtherArchive is an archive whose events are brought elsewhere, as far as it was
// when that was asked for.
type OtherArchive struct {
	Place    string     `json:"place"`              // a folder, s3://BUCKET/PREFIX or oss://BUCKET/PREFIX, as the server sees it
	Endpoint string     `json:"endpoint,omitempty"` // of the store; "": AWS
	Region   string     `json:"region,omitempty"`
	CAFile   string     `json:"caFile,omitempty"`
	Identity string     `json:"identity,omitempty"` // file with the keys of age that open its objects
	Trail    string     `json:"trail"`
	Seals    uint64     `json:"seals"` // that it had
	Head     event.Hash `json:"head"`  // SHA-256 of the last of them
}

// OpenOther opens an archive to read it.
type OpenOther func(OtherArchive) (archive.Bucket, archive.Identities, error)

// Contents reads its seals, which must be those that it had when it was named.
func (o *OtherArchive) Contents(ctx context.Context, open OpenOther) (*archive.Contents, archive.Identities, error) {
	bucket, identities, err := open(*o)
	if err != nil {
		return nil, nil, fmt.Errorf("archive %s: %w", o.Place, err)
	}
	c, err := archive.ReadContents(ctx, bucket, o.Seals)
	if err == nil && c.Head != o.Head {
		err = fmt.Errorf("%w: seal %d is not the one that was there", archive.ErrDamaged, o.Seals-1)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("archive %s: %w", o.Place, err)
	}
	return c, identities, nil
}

// forGood tells whether reading an archive again would fail again, until somebody
// has done something about it.
func forGood(err error) bool {
	for _, e := range []error{archive.ErrDamaged, archive.ErrTiered, archive.ErrNoIdentity, archive.ErrNoArchive, fs.ErrNotExist, fs.ErrPermission} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// ArchiveReader reads what the backfills of a delivery bring from other archives.
// All of it is read, checked and sorted before the first event of it is sealed.
type ArchiveReader struct {
	Dir    string // for what is sorted
	Open   OpenOther
	Filter query.Expr // of the trail; nil: all
	Store  *Backfills
	Name   string // of the delivery

	mu     sync.Mutex // held while an archive is read
	id     string     // of the request that sorted is of
	filter string
	sorted *archive.Sorted

	jobs sync.Mutex
	job  *archiveJob
}

// archiveJob reads an archive beside the follower.
type archiveJob struct {
	cancel context.CancelFunc
	done   chan struct{}

	mu       sync.Mutex
	read, of int
	lanes    []archive.LaneRanges
	err      error
}

func (j *archiveJob) progress() (read, of int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.read, j.of
}

func (j *archiveJob) tell(read, of int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.read, j.of = read, of
}

// begin reads the archive of a request: what the target does not have. It goes on while the follower does other things.
func (a *ArchiveReader) begin(ctx context.Context, r BackfillRequest, target *archive.Coverage) *archiveJob {
	a.end()
	ctx, cancel := context.WithCancel(ctx)
	j := &archiveJob{cancel: cancel, done: make(chan struct{})}
	a.jobs.Lock()
	a.job = j
	a.jobs.Unlock()
	go func() {
		defer close(j.done)
		lanes, err := a.read(ctx, r, func(has map[event.Lane]uint64) []archive.LaneRanges { return target.Missing(has) }, a.Filter, j.tell)
		j.mu.Lock()
		defer j.mu.Unlock()
		j.lanes, j.err = lanes, err
	}()
	return j
}

// end ends what is under way, and waits until it has.
func (a *ArchiveReader) end() {
	if a == nil {
		return
	}
	a.jobs.Lock()
	j := a.job
	a.job = nil
	a.jobs.Unlock()
	if j != nil {
		j.cancel()
		<-j.done
	}
}

// Close ends what is under way and removes what was sorted.
func (a *ArchiveReader) Close() error {
	if a == nil {
		return nil
	}
	a.end()
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.drop()
}

// drop forgets what was sorted. The caller holds mu.
func (a *ArchiveReader) drop() error {
	if a.sorted == nil {
		return nil
	}
	err := a.sorted.Close()
	a.sorted, a.id, a.filter = nil, "", ""
	return err
}

func textOf(filter query.Expr) string {
	if filter == nil {
		return ""
	}
	return filter.String()
}

// read sorts what the archive of a request has of the batches in lanes, and keeps it.
func (a *ArchiveReader) read(ctx context.Context, r BackfillRequest, lanesOf func(has map[event.Lane]uint64) []archive.LaneRanges, filter query.Expr, tell func(read, of int)) ([]archive.LaneRanges, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.drop(); err != nil {
		return nil, err
	}
	c, identities, err := r.Archive.Contents(ctx, a.Open)
	if err != nil {
		return nil, err
	}
	lanes := lanesOf(c.Lanes)
	wanted := byOrigin(lanes)
	known := map[origin]bool{}
	for l := range c.Lanes {
		known[origin{l.Agent, l.Source, l.Epoch}] = true
	}
	keep := func(e *event.Event) (bool, error) {
		from := originOf(e)
		if !known[from] {
			return false, fmt.Errorf("%w: event %s is of agent %s, source %s, epoch %d, of which no seal has scanned a batch", archive.ErrDamaged, e.ID, from.agent, from.source, from.epoch)
		}
		l := wanted[from]
		return l != nil && l.Has(e.Origin.Batch) && (filter == nil || filter.Match(e)), nil
	}
	sorted, err := archive.Sort(ctx, a.Dir, c, archive.Period{From: r.From, To: r.To}, identities, keep, tell)
	if err != nil {
		return nil, fmt.Errorf("archive %s: %w", r.Archive.Place, err)
	}
	a.sorted, a.id, a.filter = sorted, r.ID, textOf(filter)
	if lanes == nil {
		lanes = []archive.LaneRanges{}
	}
	return lanes, nil
}

func byOrigin(all []archive.LaneRanges) map[origin]*archive.LaneRanges {
	lanes := map[origin]*archive.LaneRanges{}
	for i := range all {
		lanes[origin{all[i].Agent, all[i].Source, all[i].Epoch}] = &all[i]
	}
	return lanes
}

// Source reads the backfills that have an archive from there, and the others from the index.
func (a *ArchiveReader) Source(other archive.Source) archive.Source {
	return func(ctx context.Context, b *archive.Backfill, filter query.Expr, give func(event.Lane, *event.Event) error) error {
		r := a.Store.find(a.Name, b.ID)
		if r == nil || r.Archive == nil {
			return other(ctx, b, filter, give)
		}
		a.mu.Lock()
		ready := a.sorted != nil && a.id == b.ID && a.filter == textOf(filter)
		a.mu.Unlock()
		if !ready { // an object that was lost before it came into the bucket is made again
			if _, err := a.read(ctx, *r, func(map[event.Lane]uint64) []archive.LaneRanges { return b.Lanes }, filter, func(int, int) {}); err != nil {
				return err
			}
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		lanes := byOrigin(b.Lanes)
		return a.sorted.Each(ctx, b.From, b.To, func(e *event.Event) error { return give(lanes[originOf(e)].Lane, e) })
	}
}
