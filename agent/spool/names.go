package spool

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// Files of a spool folder.
const (
	stateName     = "spool.json"
	segmentSuffix = ".spool"
	damagedSuffix = ".damaged"
)

// segmentName names a segment by the ordinal of its first record.
func segmentName(first uint64) string { return fmt.Sprintf("%020d%s", first, segmentSuffix) }

// firstOf is the inverse of segmentName.
func firstOf(path string) (uint64, error) {
	return strconv.ParseUint(strings.TrimSuffix(filepath.Base(path), segmentSuffix), 10, 64)
}
