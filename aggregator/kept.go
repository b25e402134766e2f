package aggregator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/actiontrail/actiontrail/internal/durable"
)

// decodeKept reads a file that the aggregator keeps: JSON without unknown members.
// version points to that of file, which is to be the one wanted.
func decodeKept(data []byte, file any, version *int, want int) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(file); err != nil {
		return err
	}
	if *version != want {
		return fmt.Errorf("version %d is not known to this version of actiontrail", *version)
	}
	return nil
}

// Share is told what a file that the aggregator keeps is to hold, before it is written:
// it keeps that where the aggregator finds it that takes over. After an error the file
// stays as it is. nil: nobody else needs it.
type Share func(file string, data []byte) error

// writeKept writes a file that decodeKept reads.
func writeKept(path string, file any, share Share) error {
	data, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return err
	}
	data = append(data, '\n')
	if share != nil {
		if err := share(filepath.Base(path), data); err != nil {
			return err
		}
	}
	return durable.WriteFile(path, data)
}
