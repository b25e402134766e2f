// Package layout names the objects of an archive, so that other tools find them
// by account, region and day. What it names depends on the event alone, never on
// the clock: an object that is built again gets the same key.
package layout

import (
	"fmt"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// Layout is a way to name objects.
type Layout string

// ActionTrail is AuditLog/ACCOUNT/REGION/YYYY/MM/DD/TRAIL_REGION_SEAL_COUNT_HASH.ndjson.gz,
// after the folders in which ActionTrail delivers.
const ActionTrail Layout = "actiontrail"

// Folder is what the events of one object have in common. It is comparable.
type Folder struct {
	Account string
	Region  string
	Day     string // YYYY/MM/DD in UTC, or Undated
}

// Undated stands for the day of an event that tells no time.
const Undated = "undated"

// Folder is where an event of a lane belongs: by its recipient account, else by
// the account of the agent that read it.
func (Layout) Folder(lane event.Lane, e *event.Event) Folder {
	account := e.RecipientAccountID
	if account == "" {
		account = lane.Account
	}
	t := e.Time
	if t.IsZero() {
		t = e.Origin.Observed
	}
	day := Undated
	if !t.IsZero() {
		day = t.Std().Format("2006/01/02")
	}
	return Folder{safe(account), safe(e.Region), day}
}

// Key is the key of an object: suffix is that of its codec, such as ndjson.gz.
func (Layout) Key(f Folder, trail string, seal, count uint64, logical event.Hash, suffix string) string {
	return fmt.Sprintf("AuditLog/%s/%s/%s/%s_%s_%012d_%d_%x.%s", f.Account, f.Region, f.Day, safe(trail), f.Region, seal, count, logical[:4], suffix)
}

// longest is how many bytes of a name a key shows.
const longest = 64

// safe is a name as a part of a key: what is not a letter, digit, "-" or "_", or
// a dot within, is written as ~XX, and an absent name is "-". Names that are too
// long are cut, which only puts their events into one folder.
func safe(name string) string {
	if name == "" {
		return "-"
	}
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.' && i > 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "~%02X", c)
		}
		if b.Len() >= longest {
			break
		}
	}
	return b.String()
}
