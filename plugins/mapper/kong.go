package mapper

import (
	"cmp"
	"errors"
	"fmt"
)

// Slots of Kong's records.
const (
	kongStarted = iota
	kongClient
	kongMethod
	kongURI
	kongURL
	kongID
	kongHeaders
	kongStatus
	kongSize
	kongLatency
	kongRoute
	kongRouteID
	kongService
	kongServiceHost
	kongConsumer
	kongCustomID
	kongConsumerID
	kongEntity
	kongWorkspace
	kongWorkspaceName
	kongSession
	kongAdminTime
	kongAdminMethod
	kongAdminPath
	kongAdminStatus
	kongAdminUser
	kongAdminID
	kongAdminName
	kongAdminSource
	kongBody
	kongReplyBody
	kongPayload
	kongSetCookie
)

// kongForm is what Kong's log plugins write (kong.log.serialize), and the rows of
// the Enterprise edition's /audit/requests.
func kongForm() []wanted {
	return []wanted{
		kongStarted: {"started_at", plainBranch}, kongClient: {"client_ip", plainBranch},
		kongMethod: {"request.method", plainBranch}, kongURI: {"request.uri", plainBranch}, kongURL: {"request.url", plainBranch},
		kongID: {"request.id", plainBranch}, kongHeaders: {"request.headers", headersBranch},
		kongStatus: {"response.status", plainBranch}, kongSize: {"response.size", plainBranch}, kongLatency: {"latencies.request", plainBranch},
		kongRoute: {"route.name", plainBranch}, kongRouteID: {"route.id", plainBranch},
		kongService: {"service.name", plainBranch}, kongServiceHost: {"service.host", plainBranch},
		kongConsumer: {"consumer.username", plainBranch}, kongCustomID: {"consumer.custom_id", plainBranch}, kongConsumerID: {"consumer.id", plainBranch},
		kongEntity: {"authenticated_entity.id", plainBranch}, kongWorkspace: {"workspace", plainBranch}, kongWorkspaceName: {"workspace_name", plainBranch},
		kongSession: {"session", rawBranch}, kongAdminTime: {"request_timestamp", plainBranch},
		kongAdminMethod: {"method", plainBranch}, kongAdminPath: {"path", plainBranch}, kongAdminStatus: {"status", plainBranch},
		kongAdminUser: {"rbac_user_id", plainBranch}, kongAdminID: {"request_id", plainBranch}, kongAdminName: {"rbac_user_name", plainBranch}, kongAdminSource: {"request_source", plainBranch},
		kongBody: {"request.body", hiddenBranch}, kongReplyBody: {"response.body", hiddenBranch}, kongPayload: {"payload", hiddenBranch},
		kongSetCookie: {"response.headers.set-cookie", hiddenBranch},
	}
}

// kong reads the records of Kong's log plugins, of its admin audit, and the lines
// of its access log, which log_format describes where it is not Kong's own.
func kong(opt *Options) (reader, error) {
	line, err := nginxFormat(cmp.Or(opt.LogFormat, kongLog))
	if err != nil {
		return nil, err
	}
	older := opt.LogFormat == "" // its access log is combined
	flat := line
	if opt.LogFormat == "" {
		flat = (*Mapper).readNginxJSON
	}
	n := newNested(kongForm(), opt)
	return func(m *Mapper, record []byte) error {
		q := &m.request
		if !isObject(record) {
			err := line(m, record)
			if err != nil && older {
				q.reset()
				return m.readCombined(record)
			}
			return err
		}
		if err := n.read(record, m.text.escapes, &q.scratch); err != nil {
			return fmt.Errorf("not a JSON record: %w", err)
		}
		n.fill(q)
		switch v := n.text; {
		case v[kongStarted] != "" && v[kongMethod] != "":
			return m.takeKong(v)
		case v[kongAdminTime] != "":
			return m.takeKongAdmin(v)
		case v[kongSession] != "":
			return errors.New("not a request: it is the record of a TCP session")
		default:
			return flat(m, record) // of a log_format with escape=json
		}
	}, nil
}

// takeKong takes a record of the log plugins.
func (m *Mapper) takeKong(v []string) error {
	q := &m.request
	var err error
	if q.time, err = millis(v[kongStarted]); err != nil {
		return err
	}
	if !q.setStatus(v[kongStatus]) {
		return errNoStatus
	}
	q.setMethod(v[kongMethod])
	if url := v[kongURL]; url != "" {
		q.setTarget(url)
	}
	if uri := v[kongURI]; uri != "" {
		q.setTarget(uri)
	}
	q.setHeaders()
	q.peer, q.requestID = v[kongClient], v[kongID]
	q.setSize(v[kongSize])
	q.setMillis(v[kongLatency])
	q.route, q.upstream = cmp.Or(v[kongRoute], v[kongRouteID]), cmp.Or(v[kongService], v[kongServiceHost])
	// The consumer of requests without a credential is there too, where a plugin
	// names one for them. The credential is what shows that it was checked.
	q.consumer, q.consumerID = cmp.Or(v[kongConsumer], v[kongCustomID], v[kongConsumerID], v[kongEntity]), v[kongConsumerID]
	q.consumerKey, q.checked.consumer = v[kongEntity], v[kongEntity] != ""
	q.add(factRoute, q.route)
	q.add(factWorkspace, cmp.Or(v[kongWorkspaceName], v[kongWorkspace]))
	return nil
}

// takeKongAdmin takes a row of /audit/requests: a call of the Admin API.
func (m *Mapper) takeKongAdmin(v []string) error {
	q := &m.request
	var err error
	if q.time, err = m.clock.epoch(v[kongAdminTime]); err != nil {
		return err
	}
	if !q.setStatus(v[kongAdminStatus]) {
		return errNoStatus
	}
	q.setMethod(v[kongAdminMethod])
	q.setTarget(v[kongAdminPath])
	q.peer, q.requestID, q.upstream = v[kongClient], v[kongAdminID], "KongAdmin"
	// Of a request that was refused, rbac_user_id is empty.
	q.consumer, q.consumerID, q.checked.consumer = cmp.Or(v[kongAdminName], v[kongAdminUser]), v[kongAdminUser], v[kongAdminUser] != ""
	if v[kongAdminSource] != "" {
		q.fields = append(q.fields, field{"request_source", v[kongAdminSource]}) // kong-manager, or nothing
	}
	q.add(factWorkspace, cmp.Or(v[kongWorkspaceName], v[kongWorkspace]))
	return nil
}
