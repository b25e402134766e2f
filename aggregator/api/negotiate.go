package api

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// negotiate picks of the media types we have the one that Accept likes best;
// of equals the first. No Accept takes the first.
func negotiate(accept string, have ...string) (string, error) {
	if strings.TrimSpace(accept) == "" {
		return have[0], nil
	}
	best, bestQ := "", 0.0
	for _, media := range have {
		if q := quality(accept, media); q > bestQ {
			best, bestQ = media, q
		}
	}
	if best == "" {
		return "", Problem{Type: problemAccept, Title: "Not acceptable", Status: http.StatusNotAcceptable,
			Detail: "Accept names nothing that this call can answer", Hint: "it answers " + strings.Join(have, ", ")}
	}
	return best, nil
}

// quality is the weight that the most specific matching range of Accept gives to a media type.
func quality(accept, media string) float64 {
	kind, _, _ := strings.Cut(media, "/")
	specific, q := -1, 0.0
	for part := range strings.SplitSeq(accept, ",") {
		pattern, params, err := mime.ParseMediaType(strings.TrimSpace(part))
		if err != nil {
			continue
		}
		level := -1
		switch pattern {
		case media:
			level = 2
		case kind + "/*":
			level = 1
		case "*/*":
			level = 0
		}
		if level <= specific {
			continue
		}
		specific, q = level, 1
		if s, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(s, 64); err != nil || q < 0 || q > 1 {
				q = 0
			}
		}
	}
	return q
}
