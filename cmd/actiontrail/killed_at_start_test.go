package main

import (
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/internal/realtest"
)

// A server that is killed again and again while it starts, the first time in the midst
// of making all that it keeps, comes up in the end and has each line once.
func TestKilledAtTheStart(t *testing.T) {
	for _, step := range []time.Duration{7, 17, 31} {
		t.Run((step * time.Millisecond).String(), func(t *testing.T) {
			t.Parallel()
			b := newBox(t, "")
			for at := step; at < 600; at += 5 * step {
				if b.write(5); b.server == nil {
					b.server = realtest.Start(t, []string{asProgram + "=1"}, b.args()...)
				} else {
					b.server.Again()
				}
				<-time.After(at * time.Millisecond)
				b.server.Kill()
			}
			b.start()
			b.write(5)
			b.indexed()
			b.archived()
		})
	}
}
