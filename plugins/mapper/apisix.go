package mapper

import (
	"cmp"
	"fmt"
)

// Slots of APISIX's records.
const (
	apisixStarted = iota
	apisixClient
	apisixMethod
	apisixURI
	apisixURL
	apisixHeaders
	apisixStatus
	apisixSize
	apisixLatency
	apisixRoute
	apisixService
	apisixConsumer
	apisixReplyID
	apisixBody
	apisixReplyBody
	apisixSetCookie
)

// apisixForm is what APISIX's logger plugins write when they have no log_format.
// Headers stand there as they were sent.
func apisixForm() []wanted {
	return []wanted{
		apisixStarted: {"start_time", plainBranch}, apisixClient: {"client_ip", plainBranch},
		apisixMethod: {"request.method", plainBranch}, apisixURI: {"request.uri", plainBranch}, apisixURL: {"request.url", plainBranch},
		apisixHeaders: {"request.headers", headersBranch}, apisixStatus: {"response.status", plainBranch}, apisixSize: {"response.size", plainBranch},
		apisixLatency: {"latency", plainBranch}, apisixRoute: {"route_id", plainBranch}, apisixService: {"service_id", plainBranch},
		apisixConsumer: {"consumer.username", plainBranch}, apisixReplyID: {"response.headers.x-request-id", plainBranch},
		apisixBody: {"request.body", hiddenBranch}, apisixReplyBody: {"response.body", hiddenBranch}, apisixSetCookie: {"response.headers.set-cookie", hiddenBranch},
	}
}

// apisix reads the records of APISIX's logger plugins and the lines of its access
// log, which log_format describes where it is not APISIX's own.
func apisix(opt *Options) (reader, error) {
	line, err := nginxFormat(cmp.Or(opt.LogFormat, apisixLog))
	if err != nil {
		return nil, err
	}
	flat := line
	if opt.LogFormat == "" {
		flat = (*Mapper).readNginxJSON
	}
	n := newNested(apisixForm(), opt)
	return func(m *Mapper, record []byte) error {
		q := &m.request
		if !isObject(record) {
			return line(m, record)
		}
		if err := n.read(record, m.text.escapes, &q.scratch); err != nil {
			return fmt.Errorf("not a JSON record: %w", err)
		}
		v := n.text
		if v[apisixMethod] == "" && v[apisixStarted] == "" { // a log_format of the operator's own, which is flat
			q.route, q.upstream = v[apisixRoute], v[apisixService]
			q.add(factRoute, q.route)
			return flat(m, record)
		}
		n.fill(q)
		return m.takeAPISIX(v)
	}, nil
}

func (m *Mapper) takeAPISIX(v []string) error {
	q := &m.request
	var err error
	if q.time, err = millis(v[apisixStarted]); err != nil {
		return err
	}
	if !q.setStatus(v[apisixStatus]) {
		return errNoStatus
	}
	q.setMethod(v[apisixMethod])
	if url := v[apisixURL]; url != "" {
		q.setTarget(url)
	}
	if uri := v[apisixURI]; uri != "" {
		q.setTarget(uri)
	}
	q.setHeaders()
	q.peer, q.requestID = v[apisixClient], v[apisixReplyID]
	if q.requestID == "" {
		q.requestID = q.sent("http_x_request_id")
	}
	q.setSize(v[apisixSize])
	q.setMillis(v[apisixLatency])
	// Where no route was taken, and in none that has no service, it is not one.
	q.route = v[apisixRoute]
	q.add(factRoute, q.route)
	if q.route != "" {
		q.upstream = v[apisixService]
	}
	q.consumer, q.checked.consumer = v[apisixConsumer], v[apisixConsumer] != ""
	return nil
}
