package event

// ValidName tells whether s can name an account, an agent or a source: 1 to 64
// letters, digits, _ and -, for the names are parts of a NATS subject.
func ValidName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 64
}
