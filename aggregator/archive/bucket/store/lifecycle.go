package store

import (
	"encoding/xml"
	"net/http"
	"strings"
)

// Lifecycle is what a store is to do with the objects of an archive as they grow
// old. Seals are no such objects: an archive cannot do without one.
type Lifecycle struct {
	ExpireDays  int // after which an object is removed; 0: never
	Transitions []Transition
}

// Transition moves objects into another storage class.
type Transition struct {
	AfterDays    int
	StorageClass string
}

// None tells whether the store has nothing to do.
func (l *Lifecycle) None() bool { return l.ExpireDays == 0 && len(l.Transitions) == 0 }

// abandonedDays is after how many days the parts of an upload that never ended are removed.
const abandonedDays = 7

// Form is how a kind of store writes its rules.
type Form struct {
	root     string          // the element around them, as it begins: its name, and its namespace
	complete func(*ruleText) // puts what no two kinds write alike
}

// FormOfS3 is that of S3's PutBucketLifecycleConfiguration.
func FormOfS3() Form {
	return Form{`LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`, func(r *ruleText) {
		r.Filter, r.Prefix = &filter{*r.Prefix}, nil
		r.AbandonedS3 = &afterInitiation{abandonedDays}
	}}
}

// FormOfOSS is that of OSS's PutBucketLifecycle.
func FormOfOSS() Form {
	return Form{"LifecycleConfiguration", func(r *ruleText) { r.AbandonedOSS = &days{abandonedDays} }}
}

// ruleText is a rule in either form: what is nil is not written.
type ruleText struct {
	XMLName      xml.Name         `xml:"Rule"`
	ID           string           `xml:"ID"`
	Prefix       *string          `xml:"Prefix"`
	Filter       *filter          `xml:"Filter"`
	Status       string           `xml:"Status"`
	Transitions  []transition     `xml:"Transition"`
	Expiration   *days            `xml:"Expiration"`
	AbandonedS3  *afterInitiation `xml:"AbortIncompleteMultipartUpload"`
	AbandonedOSS *days            `xml:"AbortMultipartUpload"`
}

type filter struct {
	Prefix string `xml:"Prefix"`
}

type transition struct {
	Days         int    `xml:"Days"`
	StorageClass string `xml:"StorageClass"`
}

type days struct {
	Days int `xml:"Days"`
}

type afterInitiation struct {
	Days int `xml:"DaysAfterInitiation"`
}

// Change is the request by which a bucket comes to have our rule for the objects of
// an archive, whose keys begin with prefix and then under, and none when there is
// nothing to do; the rules of others stay. Without a method there is nothing to ask.
func (r *Rules) Change(f Form, l *Lifecycle, prefix, under string) (method string, body []byte, err error) {
	id := "actiontrail " + prefix // one rule for each prefix
	ours := ""
	if !l.None() {
		if ours, err = f.rule(l, id, prefix+under); err != nil {
			return "", nil, err
		}
	}
	all, changed := r.With(id, ours)
	switch {
	case !changed:
		return "", nil, nil
	case all == "": // a set without rules is refused
		return http.MethodDelete, nil, nil
	}
	name, _, _ := strings.Cut(f.root, " ")
	return http.MethodPut, []byte("<" + f.root + ">" + all + "</" + name + ">"), nil
}

// rule is the text in our Rule.
func (f Form) rule(l *Lifecycle, id, prefix string) (string, error) {
	r := ruleText{ID: id, Prefix: &prefix, Status: "Enabled"}
	for _, t := range l.Transitions {
		r.Transitions = append(r.Transitions, transition{t.AfterDays, t.StorageClass})
	}
	if l.ExpireDays > 0 {
		r.Expiration = &days{l.ExpireDays}
	}
	f.complete(&r)
	text, err := xml.Marshal(r)
	return strings.TrimSuffix(strings.TrimPrefix(string(text), "<Rule>"), "</Rule>"), err
}
