package local

import (
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// What is read of a mapping for the first time may be on the disk. A page fault
// would wait for it with the processor that Go gave the goroutine; a system call
// lets others go on, so that many segments are read from the disk at a time.
const residentUnit = 64 << 10

// residence are the units of a mapping that were asked for.
type residence []atomic.Uint32

func newResidence(size int) residence {
	return make(residence, (size+32*residentUnit-1)/(32*residentUnit))
}

// need has the bytes of data from one to another brought into memory, if they were
// not needed before. Where the system does not know how, or there are none, it is left to the fault.
func (r residence) need(data []byte, from, to int64) {
	to = min(to, int64(len(data)))
	for unit := from / residentUnit; unit*residentUnit < to; unit++ {
		if !r.take(unit) {
			continue
		}
		end := unit + 1
		for end*residentUnit < to && r.take(end) {
			end++
		}
		_ = unix.Madvise(data[unit*residentUnit:min(end*residentUnit, int64(len(data)))], unix.MADV_POPULATE_READ) // advice only
		unit = end
	}
}

// take notes a unit; false: it was noted before.
func (r residence) take(unit int64) bool {
	bit := uint32(1) << (unit % 32)
	return r[unit/32].Load()&bit == 0 && r[unit/32].Or(bit)&bit == 0
}
