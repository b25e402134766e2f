package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/sys/unix"
	"golang.org/x/text/width"
)

// screen is where output goes. What comes out of logs is hostile: a terminal
// runs escape sequences, so they never reach one as such.
type screen struct {
	w        io.Writer
	width    int  // in columns; 0: not a terminal, nothing is cut
	height   int  // in lines; 0: not a terminal
	terminal bool // what cannot be seen is escaped
	color    bool
}

// newScreen looks at what w is.
func newScreen(w io.Writer) screen {
	f, ok := w.(*os.File)
	if !ok {
		return screen{w: w}
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return screen{w: w} // not a terminal
	}
	s := screen{w: w, width: int(size.Col), height: int(size.Row), terminal: true, color: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
	if s.width == 0 {
		s.width = 80
	}
	return s
}

// colors are when to use them; auto: on a terminal, unless NO_COLOR is set.
var colors = []string{"auto", "always", "never"} // never changed

// colored is s with colours when that is asked for.
func (s screen) colored(when string) screen {
	switch when {
	case "always":
		s.color = true
	case "never":
		s.color = false
	}
	return s
}

// write prints bytes that are whole lines or whole JSON values.
func (s screen) write(b []byte) error {
	if s.terminal {
		b = escapeUnseen(b)
	}
	_, err := s.w.Write(b)
	return err
}

// copy prints text. To a file or a pipe it goes unchanged.
func (s screen) copy(r io.Reader) error {
	w := screenWriter{screen: s}
	if _, err := io.Copy(&w, r); err != nil {
		return err
	}
	return w.flush()
}

// screenWriter prints a stream. It keeps the begin of a character whose rest is still to come.
type screenWriter struct {
	screen screen
	kept   []byte
}

func (w *screenWriter) Write(b []byte) (int, error) {
	if !w.screen.terminal {
		return w.screen.w.Write(b)
	}
	w.kept = append(w.kept, b...)
	end := len(w.kept)
	for i := 1; i < utf8.UTFMax && i <= len(w.kept); i++ {
		if at := len(w.kept) - i; utf8.RuneStart(w.kept[at]) {
			if !utf8.FullRune(w.kept[at:]) {
				end = at
			}
			break
		}
	}
	err := w.screen.write(w.kept[:end])
	w.kept = append(w.kept[:0], w.kept[end:]...)
	return len(b), err
}

// flush prints what is left of a character that never came whole.
func (w *screenWriter) flush() error {
	if len(w.kept) == 0 {
		return nil
	}
	return w.screen.write(w.kept)
}

// escapeUnseen writes what a terminal would obey, or not show, as JSON escapes:
// inside JSON strings the value stays the same. Line ends stay.
func escapeUnseen(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == '\n' || unicode.IsPrint(r) && (r != utf8.RuneError || n > 1):
			out = append(out, b[:n]...)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, hi, lo)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		b = b[n:]
	}
	return out
}

// visible is s with everything that a terminal would obey, or that would not
// show, as an escape: control characters, also the 8-bit ones, direction
// marks, line separators, bytes that are not UTF-8.
func visible(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.IsPrint(r):
			b.WriteString(s[i : i+n])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		i += n
	}
	return b.String()
}

// runeWidth is how many columns of a terminal a visible rune takes.
func runeWidth(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

func textWidth(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// maxMarks is how many combining marks one character may pile up.
const maxMarks = 4

// fit cuts s to a width with … at the end.
func fit(s string, columns int) string {
	if textWidth(s) <= columns && utf8.RuneCountInString(s) <= (1+maxMarks)*max(columns, 1) {
		return s
	}
	used, marks, end := 0, 0, 0
	for i, r := range s {
		w := runeWidth(r)
		if w == 0 {
			marks++
		} else {
			marks = 0
		}
		if used+w > columns-1 || marks > maxMarks {
			break
		}
		used += w
		end = i + utf8.RuneLen(r)
	}
	return s[:end] + "…"
}

// column is one column of a table.
type column struct {
	title string
	least int               // what it should have
	fixed bool              // it is never cut
	alarm func(string) bool // values to be shown in red; nil: none
}

// table prints rows in aligned columns that fit the screen.
type table struct {
	screen  screen
	columns []column
	widths  []int
	begun   bool
}

const gap = "  "

// newTable measures the columns by these rows; later ones are cut to the same widths.
func newTable(s screen, columns []column, rows [][]string) *table {
	t := &table{screen: s, columns: columns, widths: make([]int, len(columns))}
	for i, c := range columns {
		t.widths[i] = textWidth(c.title)
		for _, row := range rows {
			t.widths[i] = max(t.widths[i], textWidth(visible(row[i])))
		}
	}
	if s.width > 0 {
		t.squeeze(s.width - len(gap)*(len(columns)-1))
	}
	return t
}

// narrowest is the width that a column keeps on the smallest screen.
const narrowest = 4

// squeeze takes from the widest column until all fit: first down to what each
// should have at least, then to nearly nothing. Fixed ones are left alone.
func (t *table) squeeze(room int) {
	total := 0
	for _, w := range t.widths {
		total += w
	}
	for _, hard := range []bool{false, true} {
		for total > room {
			widest := -1
			for i, w := range t.widths {
				least := t.columns[i].least
				if hard {
					least = narrowest
				}
				if !t.columns[i].fixed && w > least && (widest < 0 || w > t.widths[widest]) {
					widest = i
				}
			}
			if widest < 0 {
				break
			}
			t.widths[widest]--
			total--
		}
	}
}

func (t *table) print(rows [][]string) error {
	var b strings.Builder
	if !t.begun {
		t.begun = true
		titles := make([]string, len(t.columns))
		for i, c := range t.columns {
			titles[i] = c.title
		}
		t.line(&b, titles, true)
	}
	for _, row := range rows {
		t.line(&b, row, false)
	}
	_, err := io.WriteString(t.screen.w, b.String())
	return err
}

func (t *table) line(to *strings.Builder, row []string, title bool) {
	var b strings.Builder
	for i, value := range row {
		value = visible(value)
		shown := value
		if t.screen.width > 0 {
			shown = fit(value, t.widths[i])
		}
		pad := strings.Repeat(" ", max(0, t.widths[i]-textWidth(shown)))
		if i == len(row)-1 {
			pad = ""
		} else {
			pad += gap
		}
		alarm := t.columns[i].alarm
		switch {
		case t.screen.color && title:
			shown = "\x1b[1m" + shown + "\x1b[0m"
		case t.screen.color && alarm != nil && alarm(value):
			shown = "\x1b[31m" + shown + "\x1b[0m"
		}
		b.WriteString(shown + pad)
	}
	to.WriteString(strings.TrimRight(b.String(), " ") + "\n")
}

// tint colours what is added, changed or taken away.
func (s screen) tint(mark, text string) string {
	code := map[string]string{"+": "32", "~": "33", "-": "31"}[mark]
	if !s.color || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
