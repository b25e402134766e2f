package s3

// SetParts has objects above a size sent in parts of another.
func (b *Bucket) SetParts(above, part int64) { b.above, b.part = above, part }
