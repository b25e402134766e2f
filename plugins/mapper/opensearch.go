package mapper

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// Slots of OpenSearch's security audit.
const (
	opensearchCategory = iota
	opensearchTime
	opensearchOldTime
	opensearchCluster
	opensearchNode
	opensearchOrigin
	opensearchLayer
	opensearchAddress
	opensearchEffective
	opensearchInitiating
	opensearchAdmin
	opensearchMethod
	opensearchPath
	opensearchParams
	opensearchHeaders
	opensearchPrivilege
	opensearchAction
	opensearchIndices
	opensearchResolved
	opensearchDocument
	opensearchTask
	opensearchOperation
	opensearchBody
	opensearchDiff
	opensearchException
	opensearchTransportHeaders
)

// opensearchForm is AuditMessage of the security plugin, format versions 3 and 4.
func opensearchForm() []wanted {
	return []wanted{
		opensearchCategory: {"audit_category", plainBranch}, opensearchTime: {"@timestamp", plainBranch}, opensearchOldTime: {"audit_utc_timestamp", plainBranch},
		opensearchCluster: {"audit_cluster_name", plainBranch}, opensearchNode: {"audit_node_name", plainBranch}, opensearchOrigin: {"audit_request_origin", plainBranch}, opensearchLayer: {"audit_request_layer", plainBranch},
		opensearchAddress: {"audit_request_remote_address", plainBranch}, opensearchEffective: {"audit_request_effective_user", plainBranch}, opensearchInitiating: {"audit_request_initiating_user", plainBranch},
		opensearchAdmin: {"audit_request_effective_user_is_admin", plainBranch}, opensearchMethod: {"audit_rest_request_method", plainBranch}, opensearchPath: {"audit_rest_request_path", plainBranch},
		opensearchParams: {"audit_rest_request_params", hiddenBranch}, opensearchHeaders: {"audit_rest_request_headers", headersBranch},
		opensearchPrivilege: {"audit_request_privilege", plainBranch}, opensearchAction: {"audit_transport_action", plainBranch},
		opensearchIndices: {"audit_trace_indices", plainBranch}, opensearchResolved: {"audit_trace_resolved_indices", plainBranch}, opensearchDocument: {"audit_trace_doc_id", plainBranch},
		opensearchTask: {"audit_trace_task_id", plainBranch}, opensearchOperation: {"audit_compliance_operation", plainBranch},
		opensearchBody: {"audit_request_body", hiddenBranch}, opensearchDiff: {"audit_compliance_diff_content", hiddenBranch}, opensearchException: {"audit_request_exception_stacktrace", hiddenBranch},
		opensearchTransportHeaders: {"audit_transport_headers", hiddenBranch},
	}
}

// opensearch reads the audit of OpenSearch's security plugin (and of its ancestors),
// one object a record. Bodies and what documents held are not read.
func opensearch(opt *Options) (reader, error) {
	return auditJSON(opensearchForm(), (*Mapper).opensearch)(opt)
}

// Facts of OpenSearch.
var (
	factCategory  = newKey("category")
	factNode      = newKey("node")
	factLayer     = newKey("layer")
	factPrivilege = newKey("privilege")
	factDocument  = newKey("document")
	factTask      = newKey("taskId")
)

func (m *Mapper) opensearch(n *nested) error {
	q, v := &m.request, n.text
	if v[opensearchCategory] == "" {
		return errors.New("not a record of OpenSearch's audit: audit_category is needed")
	}
	var err error
	if q.time, err = m.clock.iso(or(v[opensearchTime], v[opensearchOldTime]), m.opt.TimeZone); err != nil {
		return fmt.Errorf("@timestamp: %w", err)
	}
	q.setMethod(v[opensearchMethod])
	if v[opensearchPath] != "" {
		q.setTarget(v[opensearchPath])
	}
	q.setHeaders()
	q.peer, q.server = v[opensearchAddress], v[opensearchCluster]
	privilege := or(v[opensearchPrivilege], v[opensearchAction])
	t := &q.told
	t.service = "OpenSearch"
	q.done(m.opensearchName(v, privilege), opensearchRW(privilege, v[opensearchMethod], v[opensearchCategory]))
	if t.action == "" {
		return errors.New("a record of OpenSearch's audit whose category is no name")
	}
	if indices := cmp.Or(v[opensearchResolved], v[opensearchIndices]); indices != "" {
		t.resourceType, t.resourceName = "OpenSearch::Index", indices
	}
	a := &t.actor
	a.source, a.kind = sourceNative, "user"
	a.name = or(v[opensearchInitiating], v[opensearchEffective])
	if as := v[opensearchEffective]; as != "" && as != a.name {
		q.session.role, q.session.roleType = as, "user"
	}
	if a.name == "<NONE>" || a.name == "anonymous" || a.name == "opendistro_security_anonymous" {
		a.name = ""
	}
	switch v[opensearchCategory] {
	case "FAILED_LOGIN":
		t.errorCode, t.errorMessage, a.claimed = "FailedLogin", "user or password are wrong", true
	case "MISSING_PRIVILEGES":
		t.errorCode, t.errorMessage = "MissingPrivileges", q.joined("no permission for", " ", privilege)
	case "BAD_HEADERS", "SSL_EXCEPTION", "OPENDISTRO_SECURITY_INDEX_ATTEMPT", "OPENSEARCH_SECURITY_INDEX_ATTEMPT":
		t.errorCode, a.claimed = m.named(v[opensearchCategory]), true
		t.errorMessage = "refused before it was known who it is"
	}
	if t.errorCode != "" && a.claimed {
		q.session.role = ""
	}
	q.add(factCategory, v[opensearchCategory])
	q.add(factLayer, v[opensearchLayer])
	q.add(factNode, v[opensearchNode])
	q.add(factPrivilege, privilege)
	q.add(factDocument, v[opensearchDocument])
	q.add(factTask, v[opensearchTask])
	return nil
}

// opensearchName names an act by the privilege that it needs: indices:admin/mapping/put
// is PutMapping, indices:data/write/delete DeleteDocument, cluster:monitor/nodes/stats
// NodesStats; without one by what the compliance log says, the request, or the category.
func (m *Mapper) opensearchName(v []string, privilege string) string {
	if privilege != "" {
		if name := m.opensearchPrivilege(privilege); name != "" {
			return name
		}
	}
	switch v[opensearchCategory] {
	case "COMPLIANCE_DOC_READ":
		return "ReadDocument"
	case "COMPLIANCE_DOC_WRITE":
		return or(m.named(v[opensearchOperation]), "Write") + "Document"
	case "COMPLIANCE_INTERNAL_CONFIG_READ":
		return "ReadSecurityConfig"
	case "COMPLIANCE_INTERNAL_CONFIG_WRITE":
		return "UpdateSecurityConfig"
	case "COMPLIANCE_EXTERNAL_CONFIG":
		return "ReadExternalConfig"
	case "AUTHENTICATED", "FAILED_LOGIN":
		return "Authenticate"
	}
	return m.named(v[opensearchCategory])
}

func (m *Mapper) opensearchPrivilege(privilege string) string {
	scope, rest, ok := cut(privilege, ':')
	if !ok {
		return m.named(privilege)
	}
	rest, _, _ = cut(rest, '[') // [s], [r]: of a shard
	kind, rest, ok := cut(rest, '/')
	if !ok {
		return m.named(scope + " " + kind)
	}
	end := strings.LastIndexByte(rest, '/')
	verb, noun := rest[end+1:], strings.Trim(rest[:max(end, 0)], "/")
	switch {
	case scope == "indices" && kind == "data":
		return m.named(verb) + "Document"
	case noun == "" && scope == "indices":
		noun = "index"
	case noun == "":
		noun = scope
	}
	switch verb {
	case "get", "put", "create", "delete", "update", "close", "open", "restore", "clone", "resize", "rollover", "refresh", "flush", "forcemerge", "exists", "list", "cancel", "start", "stop", "add", "remove", "reroute", "execute":
		return m.named(verb) + m.named(noun)
	}
	return m.named(noun) + m.named(verb)
}

// opensearchRW is Read for what needs a privilege to read or to watch.
func opensearchRW(privilege, method, category string) string {
	switch {
	case strings.Contains(privilege, ":data/read/"), strings.Contains(privilege, ":monitor/"), strings.HasSuffix(privilege, "/get"), strings.HasSuffix(privilege, "/exists"):
		return event.Read
	case privilege == "" && (method == "GET" || method == "HEAD"), strings.HasSuffix(category, "_READ"):
		return event.Read
	}
	return event.Write
}
