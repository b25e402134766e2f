package file

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/transform"
)

// charset is an encoding of text that is not UTF-8.
type charset struct {
	wide      bool // UTF-16
	bigEndian bool
	legacy    encoding.Encoding // of one or more bytes a character, when not wide
}

// legacy is the encodings by name. In all of them a byte below 0x30 is the character
// of ASCII wherever it stands, so that line ends can be found before anything is decoded.
func legacy(name string) encoding.Encoding {
	switch name {
	case "gbk":
		return simplifiedchinese.GBK
	case "gb18030":
		return simplifiedchinese.GB18030
	case "big5":
		return traditionalchinese.Big5
	case "shift_jis":
		return japanese.ShiftJIS
	case "latin1":
		return charmap.ISO8859_1
	case "windows-1250":
		return charmap.Windows1250
	case "windows-1251":
		return charmap.Windows1251
	case "windows-1252":
		return charmap.Windows1252
	case "windows-1253":
		return charmap.Windows1253
	case "windows-1254":
		return charmap.Windows1254
	case "windows-1255":
		return charmap.Windows1255
	case "windows-1256":
		return charmap.Windows1256
	case "windows-1257":
		return charmap.Windows1257
	case "windows-1258":
		return charmap.Windows1258
	}
	return nil
}

const encodings = "utf-8, utf-16le, utf-16be, gbk, gb18030, big5, shift_jis, latin1 or windows-1250 to windows-1258"

// charsetOf is nil for UTF-8.
func charsetOf(name string) (*charset, error) {
	name = strings.ToLower(name)
	switch name {
	case "", "utf-8":
		return nil, nil
	case "utf-16le":
		return &charset{wide: true}, nil
	case "utf-16be":
		return &charset{wide: true, bigEndian: true}, nil
	}
	if e := legacy(name); e != nil {
		return &charset{legacy: e}, nil
	}
	return nil, fmt.Errorf("encoding %q: want %s", name, encodings)
}

// unit is the bytes of a code unit.
func (c *charset) unit() int {
	if c != nil && c.wide {
		return 2
	}
	return 1
}

// encode is text in the charset.
func (c *charset) encode(text string) ([]byte, error) {
	switch {
	case c == nil:
		return []byte(text), nil
	case c.wide:
		var b []byte
		for _, u := range utf16.Encode([]rune(text)) {
			lo, hi := byte(u), byte(u>>8)
			if c.bigEndian {
				lo, hi = hi, lo
			}
			b = append(b, lo, hi)
		}
		return b, nil
	}
	// A byte from 0x30 on may be the second one of another character.
	if strings.ContainsFunc(text, func(r rune) bool { return r >= '0' }) {
		return nil, fmt.Errorf("delimiter %q: with this encoding only control characters and !\"#$%%&'()*+,-./ can be told from parts of other characters", text)
	}
	return []byte(text), nil
}

// decode appends b as UTF-8. What is no character becomes U+FFFD.
func (c *charset) decode(to, b []byte) []byte {
	if c.wide {
		return decodeUTF16(to, b, c.bigEndian)
	}
	d := c.legacy.NewDecoder()
	for {
		to = slices.Grow(to, 2*len(b)+utf8.UTFMax)
		n, m, err := d.Transform(to[len(to):cap(to)], b, true)
		to, b = to[:len(to)+n], b[m:]
		if !errors.Is(err, transform.ErrShortDst) {
			return to // a decoder has no other error: what it cannot read is U+FFFD
		}
	}
}

// whole is how many of the first n bytes of b are whole characters.
func (c *charset) whole(b []byte, n int) int {
	if c.wide {
		m := n &^ 1
		if m >= 2 && utf16.IsSurrogate(c.at(b[m-2:])) && c.at(b[m-2:]) < 0xdc00 {
			m -= 2
		}
		return m
	}
	dst := make([]byte, 3*n+utf8.UTFMax) // no character of these is longer than three times its bytes
	_, m, _ := c.legacy.NewDecoder().Transform(dst, b[:n], false)
	return m
}

func (c *charset) at(b []byte) rune {
	if c.bigEndian {
		return rune(b[0])<<8 | rune(b[1])
	}
	return rune(b[1])<<8 | rune(b[0])
}

// decodeUTF16 appends b as UTF-8. A surrogate alone and a last odd byte become U+FFFD.
func decodeUTF16(to, b []byte, bigEndian bool) []byte {
	c := charset{wide: true, bigEndian: bigEndian}
	for ; len(b) >= 2; b = b[2:] {
		r := c.at(b)
		if utf16.IsSurrogate(r) {
			pair := rune(utf8.RuneError)
			if len(b) >= 4 {
				pair = utf16.DecodeRune(r, c.at(b[2:]))
			}
			if r = pair; pair != utf8.RuneError {
				b = b[2:]
			}
		}
		to = utf8.AppendRune(to, r)
	}
	if len(b) > 0 {
		to = utf8.AppendRune(to, utf8.RuneError)
	}
	return to
}

// byteOrderMark is the one at the beginning of b: its bytes, and the charset it tells.
func byteOrderMark(b []byte) (n int, c *charset) {
	switch {
	case bytes.HasPrefix(b, []byte{0xef, 0xbb, 0xbf}):
		return 3, nil
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}):
		return 2, &charset{wide: true}
	case bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		return 2, &charset{wide: true, bigEndian: true}
	}
	return 0, nil
}
