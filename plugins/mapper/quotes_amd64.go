package mapper

// markBlocks is markWords for 16 bytes or more.
//
//go:noescape
func markBlocks(b []byte, marks []byte) (backslash, high uint64)
