package event

import "strconv"

// Exchange is a request and its answer as a gateway tells of them: what a mapper
// would else write into Additional for each record, as one text. The zero value is
// none. There is one when Status is not 0, and then it is additionalEventData:
// AppendJSON and Fields write it there, in place of Additional. Whoever reads a
// batch finds it in Additional already, as that text: internal/wire carries the
// fields, and its reader settles them.
type Exchange struct {
	Method     string // httpMethod; empty: absent, as in the next two
	Path       string // httpPath
	Referer    string // referer
	Status     int64  // httpStatus
	Bytes      int64  // responseBytes; negative: absent
	DurationMs int64  // durationMs; negative: absent
}

// Object is the exchange as additionalEventData; absent when there is none.
func (x *Exchange) Object() Object { return Object(x.AppendJSON(nil)) }

// AppendJSON appends Object. Without an exchange it appends nothing.
func (x *Exchange) AppendJSON(b []byte) []byte {
	if x.Status == 0 {
		return b
	}
	b = append(b, '{')
	if x.DurationMs >= 0 {
		b = append(strconv.AppendInt(append(b, `"durationMs":`...), x.DurationMs, 10), ',')
	}
	if x.Method != "" {
		b = append(AppendString(append(b, `"httpMethod":`...), x.Method), ',')
	}
	if x.Path != "" {
		b = append(AppendString(append(b, `"httpPath":`...), x.Path), ',')
	}
	b = strconv.AppendInt(append(b, `"httpStatus":`...), x.Status, 10)
	if x.Referer != "" {
		b = AppendString(append(b, `,"referer":`...), x.Referer)
	}
	if x.Bytes >= 0 {
		b = strconv.AppendInt(append(b, `,"responseBytes":`...), x.Bytes, 10)
	}
	return append(b, '}')
}

// additional is additionalEventData, from whichever field it is in.
func (e *Event) additional() Object {
	if e.Exchange.Status != 0 {
		return e.Exchange.Object()
	}
	return e.Additional
}
