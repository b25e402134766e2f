package event

import "strconv"

// AppendJSON appends the canonical JSON of the event: the keys in the order of
// docs/format/event.md, absent ones left out, no white space, no line end. The
// same event always gives the same bytes.
func (e *Event) AppendJSON(b []byte) []byte {
	w := jsonWriter{b: append(b, '{')}
	w.text("eventId", e.ID)
	w.number("eventVersion", Version)
	w.text("eventCategory", e.Category)
	w.text("eventType", e.Type)
	w.text("eventName", e.Name)
	w.text("eventRW", e.RW)
	w.text("eventSource", e.Source)
	w.text("serviceName", e.Service)
	w.text("apiVersion", e.APIVersion)
	w.time("eventTime", e.Time)
	w.text("acsRegion", e.Region)
	if e.Global {
		w.object("isGlobal", "true")
	}
	w.text("sourceIpAddress", e.SourceIP)
	w.text("userAgent", e.UserAgent)
	w.text("vpcId", e.VPCID)
	w.text("requestId", e.RequestID)
	w.object("requestParameters", e.RequestParameters)
	w.text("requestParameterJson", e.RequestParameterJSON)
	w.object("responseElements", e.ResponseElements)
	w.text("errorCode", e.ErrorCode)
	w.text("errorMessage", e.ErrorMessage)
	w.object("referencedResources", e.ReferencedResources)
	w.text("resourceType", e.ResourceType)
	w.text("resourceName", e.ResourceName)
	w.text("recipientAccountId", e.RecipientAccountID)
	w.object("eventAttributes", e.Attributes)
	if e.Exchange.Status != 0 {
		w.key("additionalEventData")
		w.b = e.Exchange.AppendJSON(w.b)
	} else {
		w.object("additionalEventData", e.Additional)
	}
	if e.Identity != (Identity{}) {
		w.key("userIdentity")
		e.Identity.append(&w)
	}
	if e.Origin != (Origin{}) {
		w.key("origin")
		e.Origin.append(&w)
	}
	w.text("duplicateOf", e.DuplicateOf)
	w.text("raw", e.Raw)
	w.members(e.Extra)
	return append(w.b, '}')
}

func (u *Identity) append(w *jsonWriter) {
	w.b = append(w.b, '{')
	w.text("type", u.Type)
	w.text("principalId", u.PrincipalID)
	w.text("accountId", u.AccountID)
	w.text("userName", u.UserName)
	w.text("accessKeyId", u.AccessKeyID)
	if u.SessionAttributes != "" || u.SessionIssuer != "" {
		w.key("sessionContext")
		w.b = append(w.b, '{')
		w.object("attributes", u.SessionAttributes)
		w.object("sessionIssuer", u.SessionIssuer)
		w.b = append(w.b, '}')
	}
	w.text("trust", u.Trust)
	w.text("source", u.Source)
	w.members(u.Extra)
	w.b = append(w.b, '}')
}

func (o *Origin) append(w *jsonWriter) {
	w.b = append(w.b, '{')
	w.text("agent", o.Agent)
	w.text("source", o.Source)
	w.number("epoch", o.Epoch)
	w.number("batch", o.Batch)
	w.number("index", o.Index)
	w.text("file", o.File)
	w.text("fileId", o.FileID)
	w.number("offset", uint64(max(o.Offset, 0)))
	w.number("length", uint64(max(o.Length, 0)))
	w.time("observedTime", o.Observed)
	w.text("mapper", o.Mapper)
	w.b = append(w.b, '}')
}

// jsonWriter appends the members of objects; an absent value writes nothing.
type jsonWriter struct{ b []byte }

func (w *jsonWriter) key(k string) {
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
	w.b = append(w.b, '"')
	w.b = append(w.b, k...)
	w.b = append(w.b, '"', ':')
}

func (w *jsonWriter) text(k, v string) {
	if v != "" {
		w.key(k)
		w.b = AppendString(w.b, v)
	}
}

func (w *jsonWriter) object(k string, o Object) {
	if o != "" {
		w.key(k)
		w.b = append(w.b, o...)
	}
}

func (w *jsonWriter) number(k string, n uint64) {
	w.key(k)
	w.b = strconv.AppendUint(w.b, n, 10)
}

func (w *jsonWriter) time(k string, t Time) {
	if !t.IsZero() {
		w.key(k)
		w.b = append(t.Append(append(w.b, '"')), '"')
	}
}

// members writes the members of o into the object that is open.
func (w *jsonWriter) members(o Object) {
	if o == "" {
		return
	}
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
	w.b = append(w.b, o[1:len(o)-1]...)
}
