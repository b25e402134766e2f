package file

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/plugins"
)

// What is not UTF-8 comes as it is: the mapper says what becomes of it.
func TestCase35InvalidUTF8(t *testing.T) {
	polled(t, func(t *testing.T, w *world) {
		w.write("a.log", "a\xff\xc3\n\xe4\xb8\n\x80\n")
		w.start()
		w.want("a\xff\xc3", "\xe4\xb8", "\x80")
		w.wantFaults(map[string]string{})
	})
}

func TestCase36ByteOrderMark(t *testing.T) {
	polled(t, func(t *testing.T, w *world) {
		w.write("a.log", "\ufeffa1\n\ufeffa2\n") // only at the beginning it is one
		w.start()
		w.want("a1", "\ufeffa2")
		if p := w.records[0].Pos; p.Offset != 3 || p.Length != 2 {
			t.Errorf("position %+v", p)
		}
		w.restart()
		w.ok(os.WriteFile(w.path("a.log"), []byte("\ufeffb1\n"), 0))
		w.want("a1", "\ufeffa2", "b1")
		w.wantFaults(map[string]string{})
	})
}

func TestCase37UTF16(t *testing.T) {
	for _, bigEndian := range []bool{false, true} {
		for _, bom := range []bool{false, true} {
			t.Run(fmt.Sprintf("big=%v bom=%v", bigEndian, bom), func(t *testing.T) {
				polled(t, func(t *testing.T, w *world) {
					c := &charset{wide: true, bigEndian: bigEndian}
					text := "ab😀\r\nਊ਀Ċ\n\n" // with 0x0a in other characters, too
					var want []string
					for i := range 3000 {
						line := strings.Repeat("😀", i%50+1)
						text += line + "\n"
						want = append(want, line)
					}
					want = append([]string{"ab😀", "ਊ਀Ċ"}, want...)
					if bom {
						text = "\ufeff" + text
					} else if w.config.Encoding = "utf-16le"; bigEndian {
						w.config.Encoding = "utf-16be"
					}
					b, err := c.encode(text)
					w.ok(err)
					cut := len(b) - 5 // within a surrogate pair
					w.write("a.log", string(b[:cut]))
					w.start()
					w.want(want[:len(want)-1]...)
					w.write("a.log", string(b[cut:cut+2]))
					w.restart()
					w.write("a.log", string(b[cut+2:]))
					w.want(want...)
					if p := w.records[1].Pos; p.Length != 6 || p.Offset%2 != 0 {
						t.Errorf("position %+v", p)
					}
					w.wantFaults(map[string]string{})
				})
			})
		}
	}
}

func TestCase37UTF16HalfLine(t *testing.T) {
	polled(t, func(t *testing.T, w *world) {
		w.config.Encoding, w.config.FlushAfter = "utf-16le", 5*w.config.Poll
		b, err := (&charset{wide: true}).encode("one\n😀😀\n")
		w.ok(err)
		w.write("a.log", string(b[:8+4+3])) // half of the second one
		w.start()
		w.until("flushed", func() bool { return len(w.records) == 2 })
		w.want("one", "😀")
		w.write("a.log", string(b[8+4+3:]))
		w.want("one", "😀", "😀")
		if r := w.last(); r.Fault != restFault || r.Pos.Offset != 12 {
			t.Errorf("%+v", r)
		}
	})
}

func TestCase38LegacyEncodings(t *testing.T) {
	for name, text := range map[string]string{
		"gbk": "中文日志 ok", "gb18030": "中文日志 😀 ok", "big5": "中文日誌 ok", "shift_jis": "日本語ログ ソ表 ok", "latin1": "café ÿ",
		"windows-1250": "žluťoučký", "windows-1251": "журнал", "windows-1252": "€ café", "windows-1253": "αρχείο", "windows-1254": "günlük ş",
		"windows-1255": "יומן", "windows-1256": "سجل", "windows-1257": "žurnālas", "windows-1258": "nhât",
	} {
		t.Run(name, func(t *testing.T) {
			polled(t, func(t *testing.T, w *world) {
				w.config.Encoding, w.config.MaxLine = name, 1024
				encoded, err := legacy(name).NewEncoder().String(text)
				w.ok(err)
				if utf8.ValidString(encoded) {
					t.Fatalf("%q is UTF-8, too", encoded)
				}
				long := strings.Repeat(encoded, 400)
				w.write("a.log", encoded+"\r\n"+encoded+"\xff\n"+long+"\n"+encoded[:3])
				w.start()
				w.until("read", func() bool { return len(w.records) == 3 })
				w.restart()
				w.write("a.log", encoded[3:]+"\n")
				w.until("read", func() bool { return len(w.records) == 4 })
				lines := w.lines()
				if lines[0] != text || !strings.HasPrefix(lines[1], text) || lines[3] != text {
					t.Errorf("read %q", lines)
				}
				if r := w.records[2]; r.Fault == "" || r.Pos.Length != int64(len(long)) || !strings.HasPrefix(strings.Repeat(text, 400), lines[2]) || len(lines[2]) < 900 {
					t.Errorf("cut to %q, fault %q", lines[2], r.Fault)
				}
				if p := w.records[0].Pos; p.Length != int64(len(encoded)) {
					t.Errorf("position %+v", p)
				}
			})
		})
	}
}

func TestCase38EncodingsRefused(t *testing.T) {
	for _, c := range []Config{
		{Encoding: "ebcdic"},
		{Encoding: "gbk", Delimiter: "|"},
		{Delimiter: strings.Repeat("x", maxDelimiter+1)},
		{Delimiter: "\xff"},
		{LongLines: "skip"},
		{FlushAfter: -time.Second},
		{Multiline: &Multiline{}},
	} {
		c.Paths = []string{"a"}
		if _, err := New(c); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
	var _ plugins.Source = (*Source)(nil)
}
