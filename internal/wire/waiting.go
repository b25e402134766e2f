package wire

import (
	"unsafe"

	"github.com/actiontrail/actiontrail/event"
)

// waitFor is for how many events the columns wait that most events have a value of
// their own in. Then each column takes those of all in one loop: while a record is
// mapped and added the code of neither is thrown out of the core's nearest cache by
// the other's.
const waitFor = 32

// waitingColumns are the columns of strings that wait. Of the others it is mostly
// seen at once that there is nothing to do: they are empty, or as in the event
// before, or a kind stands for them.
var waitingColumns = [...]uint8{9, 10, 12, 13, 20, 25, 27, exchangeMethod, exchangePath, exchangeReferer}

// longest is how long a string may be that is kept while its column waits.
const longest = 1 << 10

// waiting is what has been added and is not in its columns yet. The zero value is ready.
type waiting struct {
	n       int // events
	strings [len(waitingColumns)][waitFor]string
	numbers [nWaitingNumbers][waitFor]int64
	times   [waitFor]event.Time
	text    []byte // copies of strings that are no part of a record
	long    bool   // one was too long to be copied
}

// Numbers that wait.
const (
	waitingOffset = iota
	waitingLength
	waitingStatus
	waitingBytes
	waitingDuration
	nWaitingNumbers
)

// AddRecord is AddKinds of an event that was made of this record, which stays as it
// is until Settle: strings of the event that are part of it are not copied before.
func (c *Encoder) AddRecord(record []byte, generation uint64, e *event.Event, kinds event.Kinds) {
	w, o, x := &c.waiting, &e.Origin, e.Exchange
	c.size += c.addGroup(groupAction, kinds.Action, e) + c.addGroup(groupWho, kinds.Who, e) + c.addGroup(groupOutcome, kinds.Outcome, e)
	c.addSteady(generation, e)
	if len(x.Method)+len(x.Path)+len(x.Referer) > maxExchange || x.Status == 0 || !c.strings[additional].empty("") {
		c.addAdditional(&x, string(e.Additional))
	}
	i := w.n % waitFor
	first := uintptr(unsafe.Pointer(unsafe.SliceData(record)))
	for k, p := range [len(waitingColumns)]*string{&e.SourceIP, &e.UserAgent, &e.RequestID, (*string)(&e.RequestParameters), &e.ResourceName,
		&e.Identity.PrincipalID, &e.Identity.UserName, &x.Method, &x.Path, &x.Referer} {
		s := *p
		if uintptr(unsafe.Pointer(unsafe.StringData(s)))-first >= uintptr(len(record)) && len(s) > 0 {
			s = w.clone(s)
		}
		w.strings[k][i] = s
	}
	w.numbers[waitingStatus][i], w.numbers[waitingBytes][i], w.numbers[waitingDuration][i] = x.Status-c.exchange.last, max(x.Bytes, -1)+1, max(x.DurationMs, -1)+1
	w.numbers[waitingOffset][i], w.numbers[waitingLength][i] = o.Offset-c.end, o.Length-c.lastLen
	w.times[i] = e.Time
	c.exchange.last, c.end, c.lastLen = x.Status, o.Offset+o.Length+1, o.Length
	c.n++
	if w.n++; w.n == waitFor || w.long {
		c.Settle()
	}
}

// clone makes a string live until Settle. One that is too long lives until the end
// of AddRecord, and so do those that wait.
func (w *waiting) clone(s string) string {
	if len(s) > longest {
		w.long = true
		return s
	}
	from := len(w.text)
	w.text = append(w.text, s...) // where it grows, what was kept before stays where it is
	return view(w.text[from:])
}

// addAdditional adds additionalEventData as text. That is what travels where there
// is no exchange, or too long a one: x is made what its columns get then.
func (c *Encoder) addAdditional(x *event.Exchange, text string) {
	if long := len(x.Method)+len(x.Path)+len(x.Referer) > maxExchange; long || x.Status == 0 {
		if long && x.Status != 0 {
			c.exchange.text = x.AppendJSON(c.exchange.text[:0])
			text = view(c.exchange.text)
		}
		*x = event.Exchange{Bytes: -1, DurationMs: -1}
	} else {
		text = ""
	}
	c.size += c.strings[additional].addText(text, c.n)
}

// addSteady adds what mostly is as in the event before.
func (c *Encoder) addSteady(generation uint64, e *event.Event) {
	s, o := &c.strings, &e.Origin
	if !s[5].same(e.Source) {
		c.size += s[5].addText(e.Source, c.n)
	}
	if !s[34].same(o.File) || !s[35].same(o.FileID) {
		c.size += s[34].addText(o.File, c.n) + s[35].addText(o.FileID, c.n)
	}
	if seldom := len(e.ID) | len(e.RequestParameterJSON) | len(e.Identity.AccountID) | len(e.Identity.AccessKeyID) | len(e.Raw); seldom != 0 || !c.bare {
		c.addSeldom(e, seldom == 0)
	}
	if e.Global || c.anyTrue {
		c.addGlobal(e.Global)
	}
	c.size += c.observed.addAgain(o.Observed) + c.gen.add(int64(generation-c.lastGen))
	c.lastGen = generation
}

// addSeldom adds what most events do not have; empty tells that this one has none of it.
func (c *Encoder) addSeldom(e *event.Event, empty bool) {
	c.bare = c.n == 0 && empty
	for _, v := range [...]struct {
		column int
		value  string
	}{{0, e.ID}, {14, e.RequestParameterJSON}, {26, e.Identity.AccountID}, {28, e.Identity.AccessKeyID}, {38, e.Raw}} {
		col := &c.strings[v.column]
		c.size += col.addText(v.value, c.n)
		c.bare = c.bare && col.form == one // not foreseen to be plain
	}
}

// Settle puts what waits into its columns. The records of all events added may
// change then.
func (c *Encoder) Settle() {
	w := &c.waiting
	if w.n == 0 {
		return
	}
	n := c.n - w.n
	for i, k := range waitingColumns {
		c.size += c.strings[k].addAll(w.strings[i][:w.n], n)
	}
	for i, col := range [nWaitingNumbers]*numberColumn{&c.offset, &c.length, &c.exchange.status, &c.exchange.bytes, &c.exchange.duration} {
		c.size += col.addAll(w.numbers[i][:w.n])
	}
	for _, t := range w.times[:w.n] {
		c.size += c.time.add(t)
	}
	w.reset()
}

func (w *waiting) reset() { w.n, w.text, w.long = 0, w.text[:0], false }

// addAll is addText of these values, the first of which is of event n.
func (c *stringColumn) addAll(values []string, n int) (size int) {
	for i, s := range values {
		if c.form == plain {
			return size + c.addAllPlain(values[i:])
		}
		size += c.addText(s, n+i)
	}
	return size
}
