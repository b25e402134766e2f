package aggregator

import (
	"bytes"
	"encoding/json"
	"fmt"

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

// writeKept writes a file that decodeKept reads.
func writeKept(path string, file any) error {
	data, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return err
	}
	return durable.WriteFile(path, append(data, '\n'))
}
