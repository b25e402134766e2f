package logdigest

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"
)

// ChainOf tells by the key of a log file which account and region it is of; false when it is none.
func ChainOf(key string) (account, region string, ok bool) {
	part := strings.Split(key, "/")
	if len(part) != 8 || part[0] != "AWSLogs" || part[2] != "CloudTrail" || !strings.HasSuffix(key, ".json.gz") {
		return "", "", false
	}
	return part[1], part[3], true
}

// IsDigest tells whether a key is that of a digest, by its folder.
func IsDigest(key string) bool {
	part := strings.Split(key, "/")
	return len(part) == 8 && part[0] == "AWSLogs" && part[2] == "CloudTrail-Digest"
}

// ReadLog reads a log file: one member of gzip, with {"Records":[…]}.
func ReadLog(key string, in io.Reader) (Log, error) {
	l := Log{Key: key}
	z, err := gzip.NewReader(in)
	if err != nil {
		return l, fmt.Errorf("it is not gzip: %w", err)
	}
	h := sha256.New()
	d := json.NewDecoder(io.TeeReader(z, h))
	if err := l.readRecords(d); err != nil {
		return l, fmt.Errorf("it is no log file: %w", err)
	}
	return l, l.end(d, z, h)
}

func (l *Log) readRecords(d *json.Decoder) error {
	for _, want := range []json.Token{json.Delim('{'), "Records", json.Delim('[')} {
		if got, err := d.Token(); err != nil {
			return err
		} else if got != want {
			return fmt.Errorf("%v is not %v", got, want)
		}
	}
	for d.More() {
		var r struct {
			Time string `json:"eventTime"`
		}
		if err := d.Decode(&r); err != nil {
			return err
		}
		if r.Time == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, r.Time)
		if err != nil {
			return err
		}
		if l.Oldest.IsZero() || t.Before(l.Oldest) {
			l.Oldest = t
		}
		if t.After(l.Newest) {
			l.Newest = t
		}
	}
	for _, want := range []json.Token{json.Delim(']'), json.Delim('}')} {
		if got, err := d.Token(); err != nil {
			return err
		} else if got != want {
			return fmt.Errorf("%v is not %v", got, want)
		}
	}
	return nil
}

// end hashes what the decoder has not read, and nothing may be behind it.
func (l *Log) end(d *json.Decoder, z io.Reader, h hash.Hash) error {
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("it is no log file: there is more behind the records")
	}
	if _, err := io.Copy(h, z); err != nil {
		return err
	}
	l.Hash = [sha256.Size]byte(h.Sum(nil))
	return nil
}
