package parquet

import (
	"encoding/binary"
	"errors"
)

var errHybrid = errors.New("its levels or numbers are cut off")

// hybrid reads Parquet's mixture of runs and packed bits, one number at a time: a
// run may say that it has billions.
type hybrid struct {
	data  []byte
	width uint // of a number in bits, 32 at most
	run   uint64
	value uint32 // of the run
	left  uint64 // numbers in packed bits
	bit   uint64 // of them, behind the begin of data
}

func (h *hybrid) next() (uint32, error) {
	for h.run == 0 && h.left == 0 {
		if err := h.begin(); err != nil {
			return 0, err
		}
	}
	if h.run > 0 {
		h.run--
		return h.value, nil
	}
	at := h.bit / 8
	var window [8]byte
	if end := (h.bit + uint64(h.width) + 7) / 8; end > uint64(len(h.data)) {
		return 0, errHybrid
	} else if at < uint64(len(h.data)) {
		copy(window[:], h.data[at:end])
	}
	v := binary.LittleEndian.Uint64(window[:]) >> (h.bit % 8) & (1<<h.width - 1)
	h.bit += uint64(h.width)
	if h.left--; h.left == 0 {
		h.data, h.bit = h.data[min((h.bit+7)/8, uint64(len(h.data))):], 0
	}
	return uint32(v), nil
}

func (h *hybrid) begin() error {
	head, n := binary.Uvarint(h.data)
	if n <= 0 {
		return errHybrid
	}
	h.data = h.data[n:]
	if head&1 == 1 {
		if h.left = head >> 1 * 8; head>>1 > uint64(len(h.data))+1 { // 8 of width 1 are a byte; of width 0, none
			return errHybrid
		}
		return nil
	}
	bytes := (h.width + 7) / 8
	if uint(len(h.data)) < bytes {
		return errHybrid
	}
	var v [4]byte
	copy(v[:], h.data[:bytes])
	h.run, h.value, h.data = head>>1, binary.LittleEndian.Uint32(v[:]), h.data[bytes:]
	return nil
}
