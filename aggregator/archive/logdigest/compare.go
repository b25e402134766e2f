package logdigest

import (
	"bytes"
	"slices"
	"strings"
)

// KeyTime is the form of the time in the key of a digest.
const KeyTime = "20060102T150405Z"

// HomeOf is the home region in the key of a digest of this chain; false when the key is of no digest of it.
func (c *Chain) HomeOf(key string) (string, bool) {
	name, ok := strings.CutPrefix(key[strings.LastIndexByte(key, '/')+1:], c.Account+"_CloudTrail-Digest_"+c.Region+"_"+c.Trail+"_")
	if i := strings.LastIndexByte(name, '_'); ok && i > 0 {
		return name[:i], true
	}
	return "", false
}

// Differs says in which way got is not the digest that it should be; "" when it is.
// With lost the digest before is not known.
func (m *Made) Differs(got *Made, lost bool) string {
	w, g := &m.Digest, &got.Digest
	if lost {
		again := *w
		again.PreviousBucket, again.PreviousObject, again.PreviousHash, again.PreviousAlgorithm, again.PreviousSignature = g.PreviousBucket, g.PreviousObject, g.PreviousHash, g.PreviousAlgorithm, g.PreviousSignature
		w = &again
	}
	switch {
	case w.Account != g.Account, w.Start != g.Start, w.End != g.End, w.Bucket != g.Bucket, w.Object != g.Object:
		return "it is of another account, hour or place than its key says"
	case !same(w.PreviousSignature, g.PreviousSignature), !same(w.PreviousHash, g.PreviousHash), !same(w.PreviousObject, g.PreviousObject), !same(w.PreviousBucket, g.PreviousBucket):
		return "it does not follow the digest of the hour before: that has another hash or signature"
	case !slices.EqualFunc(w.Logs, g.Logs, func(x, y LogFile) bool { return x.Object == y.Object && x.Hash == y.Hash && x.Bucket == y.Bucket }):
		return "it names other log files than the seals of its hour"
	case !lost && !bytes.Equal(m.Text, got.Text):
		return "it is not written as it must be"
	}
	return ""
}

func same(x, y *string) bool {
	if x == nil || y == nil {
		return x == y
	}
	return *x == *y
}
