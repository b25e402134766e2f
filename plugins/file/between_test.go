package file

import "testing"

// A scan falls between two renames, and then a file is made and rotated away
// before the next one: it never stood at its path when somebody looked.
func TestScanBetweenTwoRenames(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.config.Paths = []string{w.path("a.log")}
		w.write("a.log.9", "from before the first start\n")
		w.tick()
		w.write("a.log", "a1\n")
		if w.born("a.log") == 0 {
			t.Skip("this file system does not tell when a file was made")
		}
		w.start()
		w.want("a1")
		w.rename("a.log", "a.log.1")
		w.until("seen to be away", func() bool { return w.source.tails[0].away })
		w.tick()
		w.write("a.log", "b1\n")
		w.rename("a.log", "a.log.2")
		w.write("a.log", "c1\n")
		w.want("a1", "b1", "c1")
	})
}
