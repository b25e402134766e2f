// Package layout names the objects of an archive, so that other tools find them
// by account, region and time. What it names depends on the events and on the seal
// alone, never on the clock: an object that is built again gets the same key.
package layout

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// Layout is a way to name objects. Its name stands in seals.
type Layout string

// Layouts.
const (
	// ActionTrail names as archives did first:
	// AuditLog/ACCOUNT/REGION/YYYY/MM/DD/TRAIL_REGION_SEAL_COUNT_HASH.SUFFIX.
	ActionTrail Layout = "actiontrail"
	// OSS names as ActionTrail delivers into OSS:
	// AliyunLogs/Actiontrail/REGION/YYYY/MM/DD/Actiontrail_REGION_YYYYMMDDHHMMSS_1002_COUNT_BYTES_HASH.SUFFIX.
	OSS Layout = "oss"
	// CloudTrail names as CloudTrail does:
	// AWSLogs/ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHmmZ_HASH.SUFFIX.
	CloudTrail Layout = "cloudtrail"
	// Hive names partitions, as Athena, Spark, Trino and DuckDB read them:
	// events/account=ACCOUNT/region=REGION/dt=YYYY-MM-DD/hour=HH/TRAIL_SEAL_HASH.SUFFIX.
	Hive Layout = "hive"
)

// Known tells whether there is such a layout.
func (l Layout) Known() bool {
	return l == ActionTrail || l == OSS || l == CloudTrail || l == Hive
}

// Root is what the keys of all objects begin with.
func (l Layout) Root() string {
	switch l {
	case OSS:
		return "AliyunLogs/"
	case CloudTrail:
		return "AWSLogs/"
	case Hive:
		return "events/"
	}
	return "AuditLog/"
}

// Folder is what the events of one object have in common. It is comparable. What
// a layout does not part by is empty.
type Folder struct {
	Account string
	Region  string
	Day     string // YYYY/MM/DD of the events in UTC, or Undated
	Hour    string // HH, or Undated
}

// Undated stands for the day of an event that tells no time.
const Undated = "undated"

// Folder is where an event of a lane belongs: by its recipient account, else by
// the account of the agent that read it.
func (l Layout) Folder(lane event.Lane, e *event.Event) Folder {
	f := Folder{Region: safe(e.Region)}
	if l != OSS {
		account := e.RecipientAccountID
		if account == "" {
			account = lane.Account
		}
		f.Account = safe(account)
	}
	if l == OSS || l == CloudTrail {
		return f // by the time of delivery
	}
	t := e.Time
	if t.IsZero() {
		t = e.Origin.Observed
	}
	f.Day = Undated
	if !t.IsZero() {
		f.Day = t.Std().Format("2006/01/02")
	}
	if l == Hive {
		f.Hour = Undated
		if !t.IsZero() {
			f.Hour = t.Std().Format("15")
		}
	}
	return f
}

// Object is what a key tells of an object.
type Object struct {
	Trail   string
	Seal    uint64    // number
	Time    time.Time // of the seal
	Count   uint64    // events
	Bytes   int64     // of their lines, before compression
	Logical event.Hash
	Codec   string // such as ndjson.gz
}

// Key is the key of an object.
func (l Layout) Key(f Folder, o Object) string {
	t := o.Time.UTC()
	_, suffix, _ := strings.Cut(o.Codec, ".") // without the form of what is compressed
	if strings.HasPrefix(o.Codec, "parquet") {
		suffix = o.Codec // which is all one
	}
	switch l {
	case OSS:
		return fmt.Sprintf("AliyunLogs/Actiontrail/%s/%s/Actiontrail_%s_%s_1002_%d_%d_%x.%s", f.Region, t.Format("2006/01/02"), f.Region, t.Format("20060102150405"), o.Count, o.Bytes, o.hash()[:16], suffix)
	case CloudTrail:
		return fmt.Sprintf("AWSLogs/%s/CloudTrail/%s/%s/%[1]s_CloudTrail_%[2]s_%[4]s_%[5]s.%[6]s", f.Account, f.Region, t.Format("2006/01/02"), t.Format("20060102T1504Z"), base32.StdEncoding.EncodeToString(o.hash()[:10]), suffix)
	case Hive:
		day, hour := strings.ReplaceAll(f.Day, "/", "-"), f.Hour
		if f.Day == Undated {
			day, hour = hiveNull, hiveNull
		}
		return fmt.Sprintf("events/account=%s/region=%s/dt=%s/hour=%s/%s_%012d_%x.%s", f.Account, f.Region, day, hour, safe(o.Trail), o.Seal, o.Logical[:4], o.Codec)
	}
	return fmt.Sprintf("AuditLog/%s/%s/%s/%s_%s_%012d_%d_%x.%s", f.Account, f.Region, f.Day, safe(o.Trail), f.Region, o.Seal, o.Count, o.Logical[:4], o.Codec)
}

// hiveNull is the value of a partition that has none.
const hiveNull = "__HIVE_DEFAULT_PARTITION__"

// hash stands for what others draw at random: it is no other object's of the archive.
func (o *Object) hash() []byte {
	h := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, o.Seal), o.Logical[:]...))
	return h[:]
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
