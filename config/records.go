package config

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// Defaults and bounds of a multiline block.
const (
	DefaultMaxLines  = 500
	DefaultMultiline = 5 * time.Second
	mostLines        = 100_000
)

// maxDelimiter is the characters of a delimiter at most.
const maxDelimiter = 8

// Encodings are those of the text of a source.
func Encodings() []string {
	return []string{
		"utf-8", "utf-16le", "utf-16be", "gbk", "gb18030", "big5", "shift_jis", "latin1",
		"windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1255", "windows-1256", "windows-1257", "windows-1258",
	}
}

// records reads how the bytes of files become records.
func (r *reader) records(body *fileSourceBody) Records {
	rec := Records{
		Encoding:   r.choice(body.Encoding, "encoding", "utf-8", Encodings()...),
		Delimiter:  r.text(body.Delimiter, ""),
		LongLines:  r.choice(body.LongLines, "long_lines", "cut", "cut", "split"),
		FlushAfter: r.duration(body.FlushAfter, 0),
		Compressed: r.truth(body.Compressed),
	}
	switch d := rec.Delimiter; {
	case given(body.Delimiter) && d == "" && !r.toldAt(body.Delimiter.Range()):
		r.wrong(body.Delimiter.Range(), `leave it out for "\n"`, "the delimiter is empty")
	case utf8.RuneCountInString(d) > maxDelimiter:
		r.wrong(body.Delimiter.Range(), fmt.Sprintf("use at most %d characters", maxDelimiter), "the delimiter is too long")
	case !strings.HasPrefix(rec.Encoding, "utf-") && strings.ContainsFunc(d, func(c rune) bool { return c >= '0' }):
		r.wrong(body.Delimiter.Range(), `use control characters, or some of !"#$%&'()*+,-./`, "in %s the delimiter could be part of other characters", rec.Encoding)
	}
	b := one(r, body.Multiline, "multiline", func(b *multilineBlock) hcl.Range { return b.Range })
	if b == nil {
		return rec
	}
	rec.Multiline = &Multiline{
		Start:    r.regexp(b.Start),
		Continue: r.regexp(b.Continue),
		MaxLines: r.count(b.MaxLines, "max_lines", DefaultMaxLines, mostLines),
		Timeout:  r.duration(b.Timeout, DefaultMultiline),
	}
	if given(b.Start) == given(b.Continue) {
		r.wrong(b.Range, `write start = "^\\d{4}-" for what the first line of a record looks like, or continue = "^\\s" for all others`, "multiline needs either start or continue")
	}
	if rec.LongLines == "split" {
		r.wrong(body.LongLines.Range(), `leave it out: with multiline a record ends before the line that would make it too long`, `long_lines "split" does not go with multiline`)
	}
	return rec
}

// regexp reads a regular expression; nil when there is none.
func (r *reader) regexp(x hcl.Expression) *regexp.Regexp {
	before := len(r.diagnostics)
	s := r.text(x, "")
	if !given(x) || len(r.diagnostics) > before {
		return nil
	}
	re, err := regexp.Compile(s)
	if err != nil || s == "" {
		r.wrong(x.Range(), `write one of Go's, with backslashes doubled: "^\\d{4}-"`, "%q is not a regular expression", s)
		return nil
	}
	return re
}

// count reads a whole number from 1 to most.
func (r *reader) count(x hcl.Expression, what string, otherwise, most int) int {
	v, ok := r.value(x, cty.Number)
	if !ok {
		return otherwise
	}
	n, accuracy := v.AsBigFloat().Int64()
	if accuracy != 0 || n < 1 || n > int64(most) {
		r.wrong(x.Range(), fmt.Sprintf("choose a whole number from 1 to %d", most), "%s is out of range", what)
		return otherwise
	}
	return int(n)
}
