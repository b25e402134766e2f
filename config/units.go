package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parseBytes reads a size: a whole number and a unit, "64MiB". A number alone is bytes.
func parseBytes(s string) (int64, error) {
	digits := strings.TrimRight(s, "BKMGTikb")
	units := map[string]int64{"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "kB": 1e3}
	unit, known := units[s[len(digits):]]
	n, err := strconv.ParseInt(digits, 10, 63)
	if err != nil || !known || n < 1 || n > (1<<62)/unit {
		return 0, fmt.Errorf("%q is not a size", s)
	}
	return n * unit, nil
}

// parseDuration reads a length of time: Go's form, or whole days or weeks, "90d".
func parseDuration(s string) (time.Duration, error) {
	for suffix, unit := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if number, ok := strings.CutSuffix(s, suffix); ok {
			if n, err := strconv.Atoi(number); err == nil && n > 0 && n < 36_500 {
				return time.Duration(n) * unit, nil
			}
		}
	}
	if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return d, nil
	}
	return 0, fmt.Errorf("%q is not a length of time", s)
}
