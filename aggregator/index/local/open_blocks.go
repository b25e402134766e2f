package local

import "slices"

// keptBlocks is how many blocks a reader keeps unpacked. Blocks are in the order in which
// events came, so neighbours in time may be in several: those of many agents, or late ones.
const keptBlocks = 16

// openBlocks are the blocks that a reader has unpacked last, the one just used first.
type openBlocks []openBlockAt

type openBlockAt struct {
	number int
	block  *docBlock
}

// block is the block with this number, unpacked now or before.
func (o *openBlocks) block(number int, unpack func() (*docBlock, error)) (*docBlock, error) {
	i := slices.IndexFunc(*o, func(a openBlockAt) bool { return a.number == number })
	if i == 0 {
		return (*o)[0].block, nil
	}
	var found openBlockAt
	if i > 0 {
		found = (*o)[i]
	} else {
		b, err := unpack()
		if err != nil {
			return nil, err
		}
		found = openBlockAt{number, b}
		if len(*o) < keptBlocks {
			*o = append(*o, openBlockAt{})
		}
		i = len(*o) - 1
	}
	copy((*o)[1:], (*o)[:i])
	(*o)[0] = found
	return found.block, nil
}

// arrange sorts events by their places, so that each block is unpacked once.
func arrange(events []uint32, place func(n uint32) (uint32, error)) error {
	both := make([]uint64, len(events))
	for i, n := range events {
		at, err := place(n)
		if err != nil {
			return err
		}
		both[i] = uint64(at)<<32 | uint64(n)
	}
	slices.Sort(both)
	for i, b := range both {
		events[i] = uint32(b)
	}
	return nil
}
