package s3

import "io"

// SetParts has objects above a size sent in parts of another.
func (b *Bucket) SetParts(above, part int64) { b.above, b.part = above, part }

// ReadExactly reads content of n bytes as Create does.
func ReadExactly(content io.Reader, n int64) ([]byte, error) {
	return io.ReadAll(&exactReader{in: content, left: n})
}
