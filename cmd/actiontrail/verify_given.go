package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
)

// fetchTimeout is how long a checkpoint elsewhere may take to come.
const fetchTimeout = 30 * time.Second

// givenCheckpoints reads checkpoints from files and URLs: signed notes, or JSON
// with one as the member checkpoint, as the API and the data folder have it.
func givenCheckpoints(ctx context.Context, names []string) ([]archive.GivenCheckpoint, error) {
	var all []archive.GivenCheckpoint
	for _, name := range names {
		read := readFile
		if strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://") {
			read = fetch
		}
		data, err := read(ctx, name)
		if err != nil {
			return nil, usageError("read the checkpoint %s: %w", name, err)
		}
		if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
			var in struct {
				Checkpoint string `json:"checkpoint"`
			}
			if err := json.Unmarshal(data, &in); err != nil || in.Checkpoint == "" {
				return nil, usageError("%s has no checkpoint: neither a signed note nor JSON with the member checkpoint", name)
			}
			data = []byte(in.Checkpoint)
		}
		all = append(all, archive.GivenCheckpoint{Name: name, Note: data})
	}
	return all, nil
}

func readFile(_ context.Context, name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return limited(f)
}

func fetch(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the answer is %s", resp.Status)
	}
	return limited(resp.Body)
}

func limited(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, transparency.LongestCheckpoint+1))
	if err == nil && len(data) > transparency.LongestCheckpoint {
		err = fmt.Errorf("it is longer than %d bytes", transparency.LongestCheckpoint)
	}
	return data, err
}

// givenKeys reads a file of public keys; none for no file.
func givenKeys(name string) ([]string, error) {
	if name == "" {
		return nil, nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, usageError("read the public keys: %w", err)
	}
	keys, err := transparency.ParseVKeys(data)
	if err != nil {
		return nil, usageError("%s: %w", name, err)
	}
	return keys, nil
}
