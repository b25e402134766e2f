package local

// valueColumn are the values that the events of a block have in a column. The
// memory enters each value of a block once, whatever the number of events that have it.
type valueColumn struct {
	values  []blockValue // each once, but for those beyond maxKnown
	events  []uint8      // within the block; one may come several times
	numbers []uint16     // of their values
}

// blockValue is a value of a block, whose text is among others.
type blockValue struct{ from, to, hash uint32 }

func newBlockValue(s string, hash uint32, texts *[]byte) blockValue {
	from := len(*texts)
	*texts = append(*texts, s...)
	return blockValue{uint32(from), uint32(len(*texts)), hash}
}

func (v *blockValue) of(texts []byte) []byte { return texts[v.from:v.to] }

func (v *blockValue) is(s string, texts []byte) bool {
	return int(v.to-v.from) == len(s) && string(texts[v.from:v.to]) == s
}

// note notes that an event has the value with this number.
func (c *valueColumn) note(i, number int) {
	c.events = append(c.events, uint8(i))
	c.numbers = append(c.numbers, uint16(number))
}

// only notes that an event has the one value that the column can have.
func (c *valueColumn) only(i int, value string, texts *[]byte) {
	if len(c.values) == 0 {
		c.values = append(c.values, newBlockValue(value, quickHash(value), texts))
	}
	c.note(i, 0)
}

func (c *valueColumn) reset() {
	c.values, c.events, c.numbers = c.values[:0], c.events[:0], c.numbers[:0]
}

// isGlobalValue is the value of isGlobal, which an event has or not.
const isGlobalValue = "true"

// looseLeaf is a leaf of an object that could not be taken apart.
type looseLeaf struct {
	object int // its place in docObjects
	event  int // within the block
	path   string
	value  string
}

// gathered is what a memory takes in of the events of a block.
type gathered struct {
	texts   []byte
	columns []gatheredColumn
	loose   []looseLeaf
}

type gatheredColumn struct {
	field int
	path  string
	valueColumn
}

func (g *gathered) reset() {
	for i := range g.columns {
		g.columns[i].reset()
	}
	clear(g.loose)
	g.texts, g.columns, g.loose = g.texts[:0], g.columns[:0], g.loose[:0]
	if cap(g.texts) > keepBuffer {
		g.texts = nil
	}
}

// take takes the values of a column, which gets the room of another that was reset.
func (g *gathered) take(field int, path string, c *valueColumn) {
	if len(c.events) == 0 {
		return
	}
	n := len(g.columns)
	if n < cap(g.columns) {
		g.columns = g.columns[:n+1]
	} else {
		g.columns = append(g.columns, gatheredColumn{})
	}
	to := &g.columns[n]
	to.field, to.path = field, path
	to.valueColumn, *c = *c, to.valueColumn
}

// gather moves the values of the events that were added into g, which is empty.
// It comes before take or reset, and the block is as it would be without; but no event may be added between.
func (w *docWriter) gather(g *gathered) {
	g.texts, w.known = w.known, g.texts
	for i := range w.texts {
		g.take(textFields[i], "", &w.texts[i].valueColumn)
	}
	g.take(isGlobal, "", &w.global)
	for i, no := range objectFields {
		c := &w.objects[i]
		for k, name := range c.names {
			g.take(no, name, &c.leaves[k].valueColumn)
		}
	}
	for _, l := range w.loose {
		if l.object < len(objectFields) {
			g.loose = append(g.loose, l)
		}
	}
}

// The fields of docTexts, and of docObjects without those that are no fields.
var (
	isGlobal   = fieldNo["isGlobal"]
	textFields = fieldsOf("eventId", "eventCategory", "eventType", "eventName", "eventRW", "eventSource", "serviceName", "apiVersion", "acsRegion",
		"sourceIpAddress", "userAgent", "vpcId", "requestId", "requestParameterJson", "errorCode", "errorMessage", "resourceType", "resourceName",
		"recipientAccountId", "userIdentity.type", "userIdentity.principalId", "userIdentity.accountId", "userIdentity.userName", "userIdentity.accessKeyId",
		"userIdentity.trust", "userIdentity.source", "origin.agent", "origin.source", "origin.file", "origin.fileId", "origin.mapper", "duplicateOf", "raw")
	objectFields = fieldsOf("requestParameters", "responseElements", "referencedResources", "eventAttributes", "additionalEventData",
		"userIdentity.sessionContext.attributes", "userIdentity.sessionContext.sessionIssuer")
)

func fieldsOf(names ...string) []int {
	out := make([]int, len(names))
	for i, name := range names {
		out[i] = fieldNo[name]
	}
	return out
}
