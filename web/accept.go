package web

import (
	"strconv"
	"strings"
)

// accepts tells whether an Accept-Encoding header takes an encoding (RFC 9110,
// 12.5.3). `*` is not looked at: no browser sends it, and plain bytes are always right.
func accepts(header, encoding string) bool {
	for item := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(item, ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			continue
		}
		weight, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameters)), "q=")
		if !ok {
			return true
		}
		q, err := strconv.ParseFloat(weight, 64)
		return err == nil && q > 0
	}
	return false
}
