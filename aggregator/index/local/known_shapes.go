package local

import "github.com/actiontrail/actiontrail/event"

// knownShapes keep what was found out of shapes, which come again from block to block.
type knownShapes struct {
	shapes map[string]*knownShape
	size   int // of their texts
}

// knownShape is a shape that was taken apart.
type knownShape struct {
	pieces []shapePiece
	flat   bool // its block need not have it
	whole  bool // its leaves are not those of event.Object.Leaves
}

// maxKnownShapes is how many bytes of shapes are kept; all are forgotten when there are more.
const maxKnownShapes = 256 << 10

// of is what is known of the shape of an object, which has just been split.
func (k *knownShapes) of(s *shaper, o event.Object) *knownShape {
	if x := k.shapes[string(s.shape)]; x != nil {
		return x
	}
	text := string(s.shape)
	pieces, end := shapePieces(text)
	// An object of this shape whose leaves are as they must be is canonical when this one is.
	x := &knownShape{pieces, isFlat(pieces, end), len(s.leaves) == 0 || !o.Valid()}
	if s.odd || len(text) > maxKnownShapes/16 || text[0] == wholeObject {
		return x
	}
	if k.size += len(text); k.size > maxKnownShapes || k.shapes == nil {
		k.shapes, k.size = map[string]*knownShape{}, len(text)
	}
	k.shapes[text] = x
	return x
}
