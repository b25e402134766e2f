package auditevents

import (
	"fmt"
	"os"
	"strings"
)

// maxKeysFile bounds what is read of the file.
const maxKeysFile = 1 << 20

// secrets reads the file of keys: in each line an access key, space, and its secret. A line that
// begins with # means nothing. It is read for each call: a key may have been taken back.
func secrets(path string) (map[string]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("keys_file: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o027 != 0 {
		return nil, fmt.Errorf("keys_file %s can be read by others on this machine, or written by its group (mode %04o): chmod 600 it, or 640 for a group that may read it", path, mode)
	}
	if info.Size() > maxKeysFile {
		return nil, fmt.Errorf("keys_file %s has %d bytes: is it the right file?", path, info.Size())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("keys_file: %w", err)
	}
	all := map[string]string{}
	at := 0
	for line := range strings.Lines(string(text)) {
		at++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		words := strings.Fields(line)
		if len(words) != 2 {
			return nil, fmt.Errorf("keys_file %s: line %d: write an access key, a space and its secret", path, at)
		}
		all[words[0]] = words[1]
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("keys_file %s has no keys", path)
	}
	return all, nil
}
