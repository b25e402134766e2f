package local

import "sync"

// names number the values of a field across segments, so that the counts of
// many segments are added up without their texts. They are made as segments are
// asked, and dropped as a whole when they take too much.
type names struct {
	mu    sync.RWMutex
	ids   map[string]uint32
	texts []string
}

// numbered are the numbers that names give to the entries of a dictionary of a
// segment, of those that were counted so far.
type numbered struct {
	by   *names
	mu   sync.Mutex
	keys []uint32 // of each entry, the number of its key in the segment
	ids  []uint32 // of each entry, its number, plus 1; 0: not known yet
}

const (
	maxNames   = 64 << 20 // bytes that all names and numbers may take, about
	nameSize   = 80       // bytes of a name beside its text
	numberSize = 4
)

// nameTable are the names of all fields of an index.
type nameTable struct {
	mu     sync.Mutex
	size   int
	fields map[int]*names
}

// of are the names of a field. When all take too much, new ones begin.
func (t *nameTable) of(no int) *names {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.size > maxNames {
		t.size, t.fields = 0, nil
	}
	n := t.fields[no]
	if n == nil {
		n = &names{ids: map[string]uint32{}}
		if t.fields == nil {
			t.fields = map[int]*names{}
		}
		t.fields[no] = n
	}
	return n
}

func (t *nameTable) grow(bytes int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.size += bytes
}

// number is the number of a key, which is numbered if it is new. The caller holds mu.
func (n *names) number(key []byte) (id uint32, size int) {
	id, ok := n.ids[string(key)]
	if ok {
		return id, 0
	}
	id, text := uint32(len(n.texts)), string(key)
	n.ids[text] = id
	n.texts = append(n.texts, text)
	return id, nameSize + len(key)
}

// all are the texts by number; what is numbered later is not among them.
func (n *names) all() []string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.texts
}

// numberedBy is what is known of the numbers of the entries of a dictionary.
func (d *segmentDictionary) numberedBy(t *nameTable, by *names) (*numbered, error) {
	if got, ok := d.v.numbered.Load(d.foot); ok && got.(*numbered).by == by {
		return got.(*numbered), nil
	}
	out := &numbered{by: by, keys: make([]uint32, 0, d.foot.Keys), ids: make([]uint32, d.foot.Keys)}
	for i := range d.blocks() {
		err := d.block(i, func(e *entry) (bool, error) {
			out.keys = append(out.keys, e.key)
			return true, nil
		})
		if err != nil {
			return nil, err
		}
	}
	if len(out.keys) != d.foot.Keys {
		return nil, d.v.damaged("%s has %d entries, not %d", d.foot.label(), len(out.keys), d.foot.Keys)
	}
	t.grow(2 * numberSize * d.foot.Keys)
	d.v.numbered.Store(d.foot, out)
	return out, nil
}

// name adds the counts of the entries to into, by the numbers that they have or get.
func (d *segmentDictionary) name(counts []uint32, into *tallied) error {
	x, err := d.numberedBy(into.table, into.by)
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	var missing []int
	for i, n := range counts {
		if n > 0 && x.ids[i] == 0 {
			missing = append(missing, i)
		}
	}
	if err := d.number(into.table, x, missing); err != nil {
		return err
	}
	for i, n := range counts {
		if n > 0 {
			into.named = append(into.named, namedCount{x.ids[i] - 1, n})
		}
	}
	return nil
}

// number has entries numbered, which are in order.
func (d *segmentDictionary) number(t *nameTable, x *numbered, entries []int) error {
	var found tallied // before names are locked
	for at := 0; at < len(entries); {
		from := at
		err := d.v.keyBlock(int(x.keys[entries[at]]/keysPerBlock), func(no uint32, key []byte) bool {
			if no == x.keys[entries[at]] {
				found.add(key, 0)
				at++
			}
			return at < len(entries)
		})
		if err == nil && at == from {
			err = d.v.damaged("key %d does not exist", x.keys[entries[at]])
		}
		if err != nil {
			return err
		}
	}
	x.by.mu.Lock()
	defer x.by.mu.Unlock()
	from, size := 0, 0
	for i, to := range found.ends {
		id, n := x.by.number(found.text[from:to])
		x.ids[entries[i]] = id + 1
		size += n
		from = to
	}
	t.grow(size)
	return nil
}
