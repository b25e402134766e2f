package sim

import "unsafe"

// unsafeString aliases b, as a mapper on the hot path does.
func unsafeString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
