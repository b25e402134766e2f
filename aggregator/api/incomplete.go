package api

import "slices"

// addMissing adds why events may be missing in one of the looks that an answer is made of.
func addMissing(to *Incomplete, why []string) {
	for _, w := range why {
		if !slices.Contains(*to, w) {
			*to = append(*to, w)
		}
	}
}
