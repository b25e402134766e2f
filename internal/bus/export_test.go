package bus

// ErrHole is errHole for the tests.
var ErrHole = errHole
