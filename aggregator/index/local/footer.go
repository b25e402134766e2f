package local

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// A segment file is: a head of 8 bytes (magic "ATSG", u32 version), sections,
// the footer as JSON, and a tail of 12 bytes (u32 length of the footer, u32
// CRC-32C of it, magic "ATSE").
const (
	segmentMagic   = "ATSG"
	segmentEnd     = "ATSE"
	segmentVersion = 3 // 2 and 1 are read too: they have no marks; and of 1 the events are JSON, without codes
	segmentHead    = 8
	segmentTail    = 12
	segmentSuffix  = ".seg"
	maxFooter      = 64 << 20
)

// footer says what is in a segment, and where.
type footer struct {
	version uint32

	Events   int      `json:"events"`
	Day      int64    `json:"day"` // UTC days since 1970
	Lo       int64    `json:"lo"`  // eventTime of the first and the last event, nanoseconds since 1970
	Hi       int64    `json:"hi"`
	Unit     int64    `json:"unit"` // of times, in nanoseconds
	Wide     bool     `json:"wide"` // times have 8 bytes, not 4
	Timeless bool     `json:"timeless,omitempty"`
	Salt     string   `json:"salt,omitempty"` // of the marks, in hexadecimal digits
	Hours    [24]hour `json:"hours"`

	Times    section        `json:"times"`
	Hashes   section        `json:"hashes"`        // since version 3 its pages are checked one by one
	Sums     section        `json:"sums,omitzero"` // of the pages of hashes
	Odd      section        `json:"odd"`
	Sample   section        `json:"sample,omitzero"` // of version 1
	Places   section        `json:"places,omitzero"` // of the events, in the blocks of docs
	Blocks   section        `json:"blocks"`          // where each block of docs ends, and its checksum
	Docs     section        `json:"docs"`            // its blocks are checked one by one
	Postings section        `json:"postings"`        // its lists are checked one by one
	KeyCount int            `json:"count"`
	KeyIndex section        `json:"first"`   // first keys of the blocks, and where those are
	Keys     section        `json:"keys"`    // its blocks are checked one by one
	Entries  section        `json:"entries"` // its blocks are checked one by one
	Fields   []fieldFooter  `json:"fields"`
	Columns  []columnFooter `json:"columns"`
}

// hour counts the events of an hour of the day.
type hour struct {
	Events int `json:"n"`
	Errors int `json:"e"`
}

// section is a part of the file; CRC is 0 for one that is checked in parts.
type section struct {
	Offset int64  `json:"o"`
	Length int64  `json:"l"`
	CRC    uint32 `json:"c,omitempty"`
}

// fieldFooter is a dictionary.
type fieldFooter struct {
	Name    string  `json:"name"` // of the field; "": the words of all texts
	Path    string  `json:"path,omitempty"`
	Index   section `json:"index"`             // of its blocks in Entries
	All     section `json:"all"`               // list of the events with a value, in Postings
	Hidden  section `json:"hidden"`            // list of the events with a value that has no key, in Postings; empty: none
	Unnamed bool    `json:"unnamed,omitempty"` // All are the events whose leaves have no dictionary
	Keys    int     `json:"keys,omitempty"`    // entries, when there are codes
	Codes   section `json:"codes,omitzero"`    // the entry of each event; empty: there are none
	Marks   section `json:"marks,omitzero"`    // of the entries, when there are codes and a salt
}

// columnFooter is a column of numbers.
type columnFooter struct {
	Name   string  `json:"name"`
	Values section `json:"values"`
}

// encode is the footer and the tail.
func (f *footer) encode() ([]byte, error) {
	b, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	n, sum := len(b), checksum(b)
	b = binary.LittleEndian.AppendUint32(b, uint32(n))
	b = binary.LittleEndian.AppendUint32(b, sum)
	return append(b, segmentEnd...), nil
}

// decodeFooter reads the footer of a whole segment file, and checks that all it names is within the file.
func decodeFooter(file []byte) (*footer, error) {
	if len(file) < segmentHead+segmentTail || string(file[:4]) != segmentMagic {
		return nil, errors.New("it does not begin as a segment does")
	}
	version := binary.LittleEndian.Uint32(file[4:])
	if version < 1 || version > segmentVersion {
		return nil, &versionError{version}
	}
	tail := file[len(file)-segmentTail:]
	if string(tail[8:]) != segmentEnd {
		return nil, errors.New("it does not end as a segment does")
	}
	n := int64(binary.LittleEndian.Uint32(tail))
	end := int64(len(file) - segmentTail)
	if n > maxFooter || n > end-segmentHead {
		return nil, errors.New("its footer has an impossible length")
	}
	body := file[end-n : end]
	if checksum(body) != binary.LittleEndian.Uint32(tail[4:]) {
		return nil, errors.New("the checksum of its footer does not match")
	}
	f := &footer{version: version}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(f); err != nil {
		return nil, fmt.Errorf("its footer: %w", err)
	}
	return f, f.check(end - n)
}

// versionError is a file that another release wrote. It is not damaged.
type versionError struct{ version uint32 }

func (e *versionError) Error() string {
	return fmt.Sprintf("it has version %d; this release reads versions 1 to %d", e.version, segmentVersion)
}

// check tells what in the footer cannot be; the sections end at end.
func (f *footer) check(end int64) error {
	width := int64(4)
	if f.Wide {
		width = 8
	}
	n := int64(f.Events)
	blocks := (n + docsPerBlock - 1) / docsPerBlock
	switch {
	case n <= 0 || n > 1<<31:
		return fmt.Errorf("its footer tells of %d events", n)
	case f.Unit <= 0 || f.Lo > f.Hi || dayOf(f.Lo) != f.Day || dayOf(f.Hi) != f.Day:
		return errors.New("its footer tells of impossible times")
	case f.Times.Length != n*width, f.version == 1 && f.Blocks.Length != blocks*8, f.version > 1 && (f.Blocks.Length%8 != 0 || f.Places.Length != 2*n && f.Places.Length != 3*n && f.Places.Length != 4*n):
		return errors.New("its footer has sections of a wrong length")
	case f.version > 2 && f.Sums.Length != int64(4*pagesOf(f.Hashes.Length)):
		return errors.New("its footer tells of checksums of a wrong length")
	case f.KeyCount < 0 || f.KeyCount > 1<<31:
		return fmt.Errorf("its footer tells of %d keys", f.KeyCount)
	}
	for _, s := range f.sections() {
		if s.Offset < segmentHead || s.Length < 0 || s.Length > end-s.Offset {
			return errors.New("its footer names a section beyond the end of the file")
		}
	}
	for _, x := range f.Fields {
		if x.Name != "" {
			if _, ok := fieldNo[x.Name]; !ok {
				return fmt.Errorf("its footer names the field %q", x.Name)
			}
		}
		for _, list := range []section{x.All, x.Hidden} {
			if list.Length < 0 || list.Length > f.Postings.Length || list.Offset < 0 || list.Offset > f.Postings.Length-list.Length {
				return errors.New("its footer names a list beyond the end of the lists")
			}
		}
		if x.Keys < 0 || int64(x.Keys) > f.Postings.Length+f.Entries.Length || x.Codes.Length != 0 && x.Codes.Length != int64(codesSize(f.Events, codeBits(x.Keys))) {
			return errors.New("its footer names codes of a wrong length")
		}
		if x.Marks.Length != 0 && x.Marks.Length != int64(x.Keys)*markSize {
			return errors.New("its footer names marks of a wrong length")
		}
		if x.Index.Length%blockRefSize != 0 {
			return errors.New("its footer names an index of a wrong length")
		}
	}
	for _, c := range f.Columns {
		if no, ok := fieldNo[c.Name]; !ok || !hasColumn(no) {
			return fmt.Errorf("its footer names the column %q", c.Name)
		}
	}
	return nil
}

func (f *footer) sections() []section {
	all := []section{f.Times, f.Hashes, f.Odd, f.Blocks, f.Docs, f.Postings, f.Keys, f.KeyIndex, f.Entries}
	if f.version == 1 {
		all = append(all, f.Sample)
	} else {
		all = append(all, f.Places)
	}
	if f.version > 2 {
		all = append(all, f.Sums)
	}
	for _, x := range f.Fields {
		all = append(all, x.Index)
		if x.Codes.Length > 0 {
			all = append(all, x.Codes)
		}
		if x.Marks.Length > 0 {
			all = append(all, x.Marks)
		}
	}
	for _, c := range f.Columns {
		all = append(all, c.Values)
	}
	return all
}
