package agent

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/actiontrail/actiontrail/internal/durable"
)

// runName is the file of the number of the last run in the agent's data folder.
const runName = "run"

// NextRun draws the number of this run of the agent: larger than that of every
// run before, so that reports of an earlier one can be told from new ones. It is
// the time in milliseconds, or one more than the last number where the clock went
// back. With an error the number comes all the same, but is not written down: it
// is good unless the clock was set back.
func NextRun(dir string, now time.Time) (uint64, error) {
	path := filepath.Join(dir, runName)
	next := uint64(max(now.UnixMilli(), 1))
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return next, fmt.Errorf("number of the run before: %w", err)
	default:
		last, err := strconv.ParseUint(string(bytes.TrimSpace(data)), 10, 53)
		if err != nil {
			return next, fmt.Errorf("%s holds no number: remove it", path)
		}
		next = max(next, last+1)
	}
	if err := durable.WriteFile(path, append(strconv.AppendUint(nil, next, 10), '\n')); err != nil {
		return next, fmt.Errorf("number of this run: %w", err)
	}
	return next, nil
}
