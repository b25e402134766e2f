package local

import (
	"cmp"
	"encoding/binary"
	mathbits "math/bits"
	"slices"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// crowded is how many hashes a bucket of a merged segment may have on average: its
// width is that of the narrowest input, as the bits behind are not known there.
// Those of a smaller input are made anew from its events.
const crowded = 512

// hashTable are the hashes of an input, to be read bucket by bucket.
type hashTable struct {
	hashSection
	in   *mergeInput
	made []hashEntry // not nil: instead of the section; sorted, in new numbers
}

// bucket appends the hashes of bucket n, of those of a smaller width, each with the
// new number of its event behind it.
func (t *hashTable) bucket(n, width int, into []uint64) ([]uint64, error) {
	if t.made != nil {
		for len(t.made) > 0 && bucketOf(t.made[0].hash, width) == uint64(n) {
			into = append(into, uint64(t.made[0].hash)<<32|uint64(t.made[0].event))
			t.made = t.made[1:]
		}
		return into, nil
	}
	more := t.width - width
	for k := n << more; k < (n+1)<<more; k++ {
		from, to, err := t.hashSection.bucket(k)
		if err != nil {
			return nil, t.in.damaged("%v", err)
		}
		for i := from; i < to; i++ {
			event, err := t.event(i, t.in.foot.Events)
			if err != nil {
				return nil, t.in.damaged("%v", err)
			}
			hash := uint64(k)<<(32-t.width) | uint64(t.rest(i))<<(16-t.width)
			into = append(into, hash<<32|uint64(t.in.number[event]))
		}
	}
	return into, nil
}

// hashes writes the section hashes.
func (m *merger) hashes() error {
	tables := make([]*hashTable, len(m.in))
	count := 0
	for i, in := range m.in {
		h, err := in.hashes()
		if err == nil {
			err = h.check(0, len(h.b))
		}
		if err != nil {
			return in.damaged("%v", reasonOf(err))
		}
		tables[i], count = &hashTable{hashSection: h, in: in}, count+h.count
	}
	width := min(16, mathbits.Len(uint(count/perBucket)))
	least := min(width, mathbits.Len(uint(count/crowded)))
	for i, t := range tables {
		if t.width >= least {
			width = min(width, t.width)
			continue
		}
		made, err := m.hashesOf(m.in[i])
		if err != nil {
			return err
		}
		t.made = made
	}
	begins := make([]byte, 0, 4*(1<<width+1))
	rests := make([]byte, 0, 2*count)
	numbers := spill{disk: m.w.disk, dir: m.w.entries.dir}
	defer numbers.close()
	size := numberWidth(m.w.foot.Events)
	var bucket []uint64
	var plain []byte
	for n := range 1 << width {
		if n%paceEvery == 0 {
			if err := m.pace.step(); err != nil {
				return err
			}
		}
		begins = binary.LittleEndian.AppendUint32(begins, uint32(len(rests)/2))
		bucket = bucket[:0]
		for _, t := range tables {
			var err error
			if bucket, err = t.bucket(n, width, bucket); err != nil {
				return err
			}
		}
		slices.Sort(bucket)
		plain = plain[:0]
		for _, v := range slices.Compact(bucket) {
			rests = binary.LittleEndian.AppendUint16(rests, restOf(uint32(v>>32), width))
			plain = appendNumber(plain, uint32(v), size)
		}
		if err := numbers.add(plain); err != nil {
			return err
		}
	}
	begins = binary.LittleEndian.AppendUint32(begins, uint32(len(rests)/2))
	parts := func(put func(b []byte) error) error {
		return cmp.Or(put([]byte{byte(width), size}), put(begins), put(rests), numbers.each(put))
	}
	return m.w.pagedSection(&m.w.foot.Hashes, &m.w.foot.Sums, parts)
}

// hashesOf are the hashes of a segment by its events: of their ids, and of all that looks like one.
func (m *merger) hashesOf(in *mergeInput) ([]hashEntry, error) {
	out := []hashEntry{}
	for n := range uint32(in.foot.Events) {
		if n%64 == 0 {
			if err := m.pace.step(); err != nil {
				return nil, err
			}
		}
		var e event.Event
		if err := in.docs.event(n, &e); err != nil {
			return nil, err
		}
		add := func(s string) { out = append(out, hashEntry{checksum([]byte(s)), in.number[n]}) }
		add(e.ID)
		eachID(&e, add)
	}
	slices.SortFunc(out, func(a, b hashEntry) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.event, b.event))
	})
	return slices.Compact(out), nil
}

// eachID gives the values and words of an event that look like ids; one may come twice.
func eachID(e *event.Event, fn func(s string)) {
	add := func(s string) {
		if looksLikeID([]byte(s)) {
			fn(s)
		}
	}
	words := func(s string) {
		for _, token := range query.Tokens(s) {
			add(token)
		}
	}
	for no, f := range fields {
		v := f.Value(e)
		switch {
		case v == "":
		case kinds[no] == asKey:
			add(query.Cut(v))
		case kinds[no] == asText:
			words(v)
		case kinds[no] == asLeaves:
			event.Object(v).Leaves(func(_, v string) {
				add(query.Cut(v))
				words(v)
			})
		}
	}
}
