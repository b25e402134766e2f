package lanes

import (
	"log/slog"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/plugins/file"
)

// What the configuration accepts, the source takes, as it was written.
func TestFileConfig(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	for _, encoding := range config.Encodings() {
		c := fileConfig(&config.Source{Paths: []string{"/a"}, Records: config.Records{Encoding: encoding, LongLines: "split", Delimiter: "\r\n"}}, log)
		if _, err := file.New(c); err != nil {
			t.Errorf("%s: %v", encoding, err)
		}
	}
	start := regexp.MustCompile("a")
	got := fileConfig(&config.Source{Paths: []string{"/a"}, Exclude: []string{"b"}, Start: "end", MaxLine: 7, Records: config.Records{
		Encoding: "gbk", Delimiter: "!", LongLines: "cut", FlushAfter: time.Second, Compressed: true,
		Multiline: &config.Multiline{Start: start, Continue: start, MaxLines: 8, Timeout: time.Minute},
	}}, log)
	want := file.Config{
		Paths: []string{"/a"}, Exclude: []string{"b"}, Start: "end", MaxLine: 7,
		Encoding: "gbk", Delimiter: "!", LongLines: "cut", FlushAfter: time.Second, Compressed: true,
		Multiline: &file.Multiline{Start: start, Continue: start, MaxLines: 8, Timeout: time.Minute},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(file.Config{}, "Log"), cmp.Comparer(func(a, b *regexp.Regexp) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	if config.DefaultMaxLines != file.DefaultMaxLines || config.DefaultMultiline != file.DefaultMultiline {
		t.Error("the defaults of multiline differ")
	}
}
