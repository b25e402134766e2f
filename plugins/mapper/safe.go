package mapper

import "strconv"

// isSafe tells whether a parameter of a query says nothing but which part of an
// answer is wanted and how: its name is one that APIs have in common, and its
// value, as it was sent, has the form that goes with it. All else an operator has
// to name.
func isSafe(name, value string) bool {
	switch name {
	case "page", "limit", "offset", "per_page", "page_size":
		return len(value) <= 10 && isNumber(value)
	case "sort", "order", "sort_by", "order_by", "lang", "locale", "format", "version":
		return len(value) <= 24 && isSafeWord(value)
	}
	return false
}

func isNumber(s string) bool {
	_, ok := whole(s)
	return ok
}

// isSafeWord tells whether s is of letters, digits and . , : _ -
func isSafeWord(s string) bool {
	for i := range len(s) {
		if kinds[s[i]] == ' ' && s[i] != '.' && s[i] != ',' && s[i] != ':' {
			return false
		}
	}
	return true
}

// sizes makes what stands for a value of which the size alone may be seen.
type sizes struct{ made [128]string }

// of is that of a value of n bytes as it was sent: "***(17)".
func (s *sizes) of(n int) string {
	if n >= len(s.made) {
		return masked + "(" + strconv.Itoa(n) + ")"
	}
	if s.made[n] == "" {
		s.made[n] = masked + "(" + strconv.Itoa(n) + ")"
	}
	return s.made[n]
}
