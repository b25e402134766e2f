package api

import (
	"fmt"
	"strconv"
)

// parseCount is a parameter that says how many, or the standard when it is not given.
func parseCount(name string, given *int, standard, least, most int) (int, error) {
	n := standard
	if given != nil {
		n = *given
	}
	if n < least || n > most {
		return 0, problemParameter(name, strconv.Itoa(n)+" is out of range", fmt.Sprintf("%d to %d", least, most))
	}
	return n, nil
}
