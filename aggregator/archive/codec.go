package archive

import (
	"fmt"
	"strings"
)

// Codec names the form in which the events of an object are stored. A reader
// refuses one that it does not know.
type Codec string

// Codecs. Each can be encrypted: its name ends in .age then.
const (
	NDJSONGzip Codec = "ndjson.gz"  // canonical JSON, one event a line, gzipped
	NDJSONZstd Codec = "ndjson.zst" // the same, by zstd
	// CloudTrailGzip is a log file of CloudTrail: {"Records":[…]}, gzipped.
	CloudTrailGzip Codec = "cloudtrail.json.gz"
	Parquet        Codec = "parquet" // columns, and the canonical JSON as one of them

	encryptedSuffix = ".age"
)

func (c Codec) encrypted() bool { return strings.HasSuffix(string(c), encryptedSuffix) }

// plain is the codec of what is encrypted.
func (c Codec) plain() Codec { return Codec(strings.TrimSuffix(string(c), encryptedSuffix)) }

func (c Codec) withEncryption() Codec { return c.plain() + encryptedSuffix }

func (c Codec) known() bool {
	switch c.plain() {
	case NDJSONGzip, NDJSONZstd, CloudTrailGzip, Parquet:
		return true
	}
	return false
}

// meta is what a bucket is told of the content.
func (c Codec) meta() (mediaType, encoding string) {
	switch c {
	case NDJSONGzip:
		return "application/gzip", ""
	case NDJSONZstd:
		return "application/zstd", ""
	case CloudTrailGzip:
		return "application/json", "gzip" // as AWS has it
	case Parquet:
		return "application/vnd.apache.parquet", ""
	}
	return "application/octet-stream", ""
}

func (c Codec) check() error {
	if !c.known() {
		return fmt.Errorf("codec %q is not supported: use a later release", string(c))
	}
	return nil
}
