package main

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/actiontrail/actiontrail/plugins/bucket"
)

// importProgressEvery is how often the log tells how far an import is.
const importProgressEvery = 10 * time.Second

// importProgress tells how far a source of archives is: with a bar on a terminal, if it is read
// once, else in the log.
func importProgress(source string, once bool, out *os.File, log *slog.Logger, now func() time.Time) func(bucket.Progress) {
	if info, err := out.Stat(); once && err == nil && info.Mode()&os.ModeCharDevice != 0 {
		bar := progressbar.NewOptions64(0, progressbar.OptionSetWriter(out), progressbar.OptionShowBytes(true), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionOnCompletion(func() { fmt.Fprintln(out) }), progressbar.OptionSetDescription(source), progressbar.OptionSetPredictTime(true))
		return func(p bucket.Progress) {
			bar.ChangeMax64(max(p.Bytes, 1))
			bar.Describe(fmt.Sprintf("%s: %d records, %d of %d objects", source, p.Records, p.DoneObjects, p.Objects))
			_ = bar.Set64(p.DoneBytes) // a terminal that is gone is no reason to stop
		}
	}
	told, last := now(), bucket.Progress{}
	return func(p bucket.Progress) {
		idle := p.Current == ""
		if p.Records == last.Records && p.DoneObjects == last.DoneObjects || !idle && now().Sub(told) < importProgressEvery {
			return
		}
		told, last = now(), p
		log.Info("archives are read", "records", p.Records, "objects", p.DoneObjects, "of", p.Objects, "bytes", p.DoneBytes)
	}
}
