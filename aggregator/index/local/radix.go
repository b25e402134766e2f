package local

// radix sorts numbers by their bits from one to another, in rounds of digits, and
// leaves those that are equal there in their order. Few numbers, or such that have
// a digit in common, cost little.
type radix struct {
	other  []uint64
	counts [1 << radixBits]uint32
}

const radixBits = 11

func (r *radix) sort(x []uint64, from, to int) {
	if len(x) < 2 {
		return
	}
	if len(x) <= 24 {
		insert(x, uint64(1)<<from-1)
		return
	}
	if cap(r.other) < len(x) {
		r.other = make([]uint64, len(x)+len(x)/4)
	}
	a, b := x, r.other[:len(x)]
	for ; from < to; from += radixBits {
		mask := uint64(1)<<min(radixBits, to-from) - 1
		counts := r.counts[:mask+1]
		clear(counts)
		for _, v := range a {
			counts[v>>from&mask]++
		}
		if int(counts[a[0]>>from&mask]) == len(a) {
			continue
		}
		at := uint32(0)
		for i, n := range counts {
			counts[i], at = at, at+n
		}
		for _, v := range a {
			place := &counts[v>>from&mask]
			b[*place] = v
			*place++
		}
		a, b = b, a
	}
	if &a[0] != &x[0] {
		copy(x, a)
	}
}

// insert sorts a few numbers by their bits above low.
func insert(x []uint64, low uint64) {
	for i := 1; i < len(x); i++ {
		v := x[i]
		k := i
		for ; k > 0 && x[k-1]&^low > v&^low; k-- {
			x[k] = x[k-1]
		}
		x[k] = v
	}
}
