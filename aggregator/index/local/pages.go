package local

import (
	"encoding/binary"
	"hash/crc32"
	"sync/atomic"
)

// A large section of which a look-up needs a few bytes is checked by pages of
// pageSize, each on its first use; the section sums has their checksums, u32 each.
const (
	pageBits = 14
	pageSize = 1 << pageBits
)

func pagesOf(size int64) int { return int((size + pageSize - 1) >> pageBits) }

// pageSums makes the checksums of what it is given, piece by piece.
type pageSums struct {
	sums []byte
	crc  uint32
	n    int // bytes of the page that was begun
}

func (p *pageSums) add(b []byte) {
	for len(b) > 0 {
		some := b[:min(len(b), pageSize-p.n)]
		p.crc = crc32.Update(p.crc, castagnoli, some)
		b, p.n = b[len(some):], p.n+len(some)
		if p.n == pageSize {
			p.end()
		}
	}
}

func (p *pageSums) end() {
	if p.n > 0 {
		p.sums = binary.LittleEndian.AppendUint32(p.sums, p.crc)
		p.crc, p.n = 0, 0
	}
}

// checkedPages are the pages of a section that were found right.
type checkedPages []atomic.Uint64

func newCheckedPages(size int64) checkedPages { return make(checkedPages, (pagesOf(size)+63)/64) }

// check checks the pages of b from one byte to another; sums has one for each of
// its pages. It tells the first page that is wrong; -1: none.
func (c checkedPages) check(b, sums []byte, from, to int) int {
	for page := from >> pageBits; page<<pageBits < to; page++ {
		bit := uint64(1) << (page % 64)
		if c[page/64].Load()&bit != 0 {
			continue
		}
		if checksum(b[page<<pageBits:min(len(b), (page+1)<<pageBits)]) != binary.LittleEndian.Uint32(sums[4*page:]) {
			return page
		}
		c[page/64].Or(bit)
	}
	return -1
}
