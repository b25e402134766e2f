//go:build !amd64

package mapper

func markBlocks(b []byte, marks []byte) (backslash, high uint64) { return markWords(b, marks) }
