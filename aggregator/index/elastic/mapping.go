package elastic

import "github.com/actiontrail/actiontrail/event"

// mappingVersion counts the additions to the mapping. It stands in _meta of each
// index; one of an earlier version gets what was added since.
const mappingVersion = 1

type object = map[string]any

// aliases are names of ECS for our fields, so that dashboards made for it find them.
func aliases() map[string]string {
	return map[string]string{
		"@timestamp":          "eventTime",
		"event.action":        "eventName",
		"event.category":      "eventCategory",
		"event.code":          "errorCode",
		"event.created":       "origin.observedTime",
		"event.id":            "eventId",
		"event.outcome":       section + ".outcome",
		"event.provider":      "serviceName",
		"error.code":          "errorCode",
		"error.message":       "errorMessage",
		"user.id":             "userIdentity.principalId",
		"user.name":           "userIdentity.userName",
		"source.ip":           section + ".ip",
		"source.address":      "sourceIpAddress",
		"user_agent.original": "userAgent",
		"cloud.account.id":    "recipientAccountId",
		"cloud.region":        "acsRegion",
		"http.request.id":     "requestId",
		"agent.name":          "origin.agent",
		"log.file.path":       "origin.file",
	}
}

// mapping is what Elasticsearch is told of our documents. Nothing is mapped that
// is not named here: unknown members stay in _source and cannot make the mapping grow.
func mapping() object {
	top := object{}
	for _, f := range event.Fields() {
		var m object
		switch f.Kind {
		case event.Keyword, event.IP:
			m = object{"type": "keyword", "ignore_above": maxUnits, "copy_to": section + ".whole"}
			if f.Name == "eventId" { // sorted by, whatever its length
				m["doc_values"], m["copy_to"] = false, []string{section + ".whole", section + ".id"}
			}
		case event.Timestamp:
			// As text the values are counted: with the digits that the source gave.
			m = object{"type": "date", "format": "strict_date_optional_time", "fields": object{"text": object{"type": "keyword", "index": false}}}
		case event.Boolean:
			m = object{"type": "boolean"}
		case event.Prose:
			m = object{"type": "keyword", "ignore_above": maxUnits, "index": f.Name == "errorMessage"}
		default:
			continue // in the section
		}
		put(top, f.Name, m)
	}
	number, keyword := object{"type": "long"}, object{"type": "keyword"}
	words := object{"type": "text", "analyzer": "whitespace", "norms": false, "index_options": "positions"}
	put(top, section+".time", number)
	put(top, section+".observed", number)
	for _, f := range numberFields {
		put(top, section+"."+numberName(f.Name), number)
	}
	put(top, section+".id", object{"type": "keyword", "index": false, "ignore_above": maxID})
	put(top, section+".ip", object{"type": "ip"})
	put(top, section+".outcome", keyword)
	put(top, section+".whole", object{"type": "keyword", "ignore_above": maxUnits, "doc_values": false})
	put(top, section+".long", keyword)
	put(top, section+".leaf", keyword)
	put(top, section+".path", keyword)
	put(top, section+".text", words)
	for _, f := range proseFields {
		put(top, section+".words."+f.Name, words)
	}
	for name, path := range aliases() {
		put(top, name, object{"type": "alias", "path": path})
	}
	return object{"dynamic": false, "_meta": object{"actiontrail": mappingVersion}, "properties": top}
}

// put places the mapping of a field with dots in its name.
func put(properties object, name string, m object) {
	for i := range len(name) {
		if name[i] != '.' {
			continue
		}
		outer, ok := properties[name[:i]].(object)
		if !ok {
			outer = object{"properties": object{}}
			properties[name[:i]] = outer
		}
		put(outer["properties"].(object), name[i+1:], m)
		return
	}
	properties[name] = m
}
