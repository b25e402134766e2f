package local

import (
	"cmp"
	"slices"
	"strings"
)

// mergeInput is a segment that is merged.
type mergeInput struct {
	*segmentView
	times  func(n uint32) int64
	number []uint32 // of each event, the number it gets
	keys   []uint32 // of each key, the number it gets
	docs   docReader
	id     string // of event next, when it was read
	next   uint32
	read   bool
}

// newInputs prepares segments to be merged, the earliest first, so that what is
// put together is mostly one after the other.
func newInputs(segments []*segment) ([]*mergeInput, error) {
	segments = slices.Clone(segments)
	slices.SortStableFunc(segments, func(a, b *segment) int { return cmp.Compare(a.foot.Lo, b.foot.Lo) })
	in := make([]*mergeInput, len(segments))
	for i, s := range segments {
		times, err := s.timesOf()
		if err != nil {
			return nil, err
		}
		in[i] = &mergeInput{segmentView: &segmentView{segment: s}, times: times, number: make([]uint32, s.foot.Events), docs: s.readDocs()}
	}
	return in, nil
}

// place is that of the event which is next.
func (m *mergeInput) nanos() int64 { return m.times(m.next) }

func (m *mergeInput) nextID() (string, error) {
	if !m.read {
		id, err := m.docs.id(m.next)
		if err != nil {
			return "", err
		}
		m.id, m.read = strings.Clone(id), true
	}
	return m.id, nil
}

// before tells whether the next event of m comes before that of o, or is equal
// and m stands before it. Ids are read only where times are equal.
func (m *mergeInput) before(o *mergeInput) (bool, error) {
	if a, b := m.nanos(), o.nanos(); a != b {
		return a < b, nil
	}
	a, err := m.nextID()
	if err != nil {
		return false, err
	}
	b, err := o.nextID()
	return a <= b, err
}

// orderInputs gives the events of all their numbers, and returns their times in order.
func orderInputs(in []*mergeInput, pace *pace) ([]int64, error) {
	total := 0
	for _, m := range in {
		total += m.foot.Events
	}
	times := make([]int64, 0, total)
	left := slices.Clone(in)
	for len(left) > 0 {
		first, second, err := firstTwo(left)
		if err != nil {
			return nil, err
		}
		m := left[first]
		for {
			m.number[m.next] = uint32(len(times))
			times = append(times, m.nanos())
			m.next++
			m.read = false
			if int(m.next) == m.foot.Events {
				left = slices.Delete(left, first, first+1)
				break
			}
			if len(times)%paceEvery == 0 {
				if err := pace.step(); err != nil {
					return nil, err
				}
			}
			if second < 0 {
				continue
			}
			if on, err := m.before(left[second]); err != nil {
				return nil, err
			} else if !on {
				break
			}
		}
	}
	return times, nil
}

// firstTwo are the inputs with the first and the second next event; there may be no second: -1.
func firstTwo(left []*mergeInput) (first, second int, err error) {
	second = -1
	for i := 1; i < len(left); i++ {
		earlier, err := left[first].before(left[i])
		if err != nil {
			return 0, 0, err
		}
		if !earlier {
			first, second = i, first
			continue
		}
		if second >= 0 {
			if earlier, err = left[second].before(left[i]); err != nil {
				return 0, 0, err
			}
		}
		if second < 0 || !earlier {
			second = i
		}
	}
	return first, second, nil
}

// joinLists adds the numbers of more, ascending, to out, which is so too. What
// follows one another, as most does, is appended. A number that is in both is there once.
func joinLists(out, more []uint32) []uint32 {
	if len(more) == 0 {
		return out
	}
	if len(out) == 0 || out[len(out)-1] < more[0] {
		return append(out, more...)
	}
	i, _ := slices.BinarySearch(out, more[0])
	tail := slices.Clone(out[i:])
	out = out[:i]
	for len(tail) > 0 && len(more) > 0 {
		switch {
		case tail[0] < more[0]:
			out, tail = append(out, tail[0]), tail[1:]
		case tail[0] > more[0]:
			out, more = append(out, more[0]), more[1:]
		default:
			out, tail, more = append(out, tail[0]), tail[1:], more[1:]
		}
	}
	return append(append(out, tail...), more...)
}
