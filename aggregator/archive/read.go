package archive

import (
	"context"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
)

// Bucket is where the archive is, for whoever reads it beside its writer.
func (a *Archive) Bucket() Bucket { return a.cfg.Bucket }

// ReadSeal reads a seal and gives its bytes as well; fs.ErrNotExist when there is none of this number.
func ReadSeal(ctx context.Context, b Bucket, number uint64) (*Seal, []byte, error) {
	return readSeal(ctx, b, number)
}

// Lines gives the canonical lines of an object, without their ends, each valid during the
// call. More than are sealed are an error; whether they are those that are sealed is not looked at.
func Lines(ctx context.Context, b Bucket, o *Object, ids Identities, give func(line []byte) error) error {
	return objectLines(ctx, b, o, ids, give)
}

// ProveSeals gives the proof that the seals first to last are in the tree of a checkpoint (transparency.ProveSpans).
func ProveSeals(ctx context.Context, b Bucket, c transparency.Checkpoint, first, last int64) (proof []transparency.Hash, err error) {
	err = withTree(ctx, b, c, func(h tlog.HashReader) (err error) {
		proof, err = transparency.ProveSpans(c.Size, []transparency.Span{{From: first, To: last + 1}}, transparency.SubtreeIn(h))
		return err
	})
	return proof, err
}
