package local

import "time"

// Keep implements index.Keeper.
func (x *Index) Keep(name string, from time.Time) {
	x.saving.Lock() // so that a removal under way is over
	defer x.saving.Unlock()
	x.keeping.Lock()
	defer x.keeping.Unlock()
	if x.kept == nil {
		x.kept = map[string]time.Time{}
	}
	if x.kept[name] = from; from.IsZero() {
		delete(x.kept, name)
	}
}

// keptFrom is this day, or an earlier one from which on events are to be kept.
func (x *Index) keptFrom(day int64) int64 {
	x.keeping.Lock()
	defer x.keeping.Unlock()
	for _, from := range x.kept {
		day = min(day, dayOf(nanos(from)))
	}
	return day
}
