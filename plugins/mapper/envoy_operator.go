package mapper

import (
	"fmt"
	"strings"
)

// envoyKind is what the value of a command operator of Envoy's access log means
// to the mapper.
type envoyKind uint8

const (
	envoyField envoyKind = iota // only rules name it
	envoyStart
	envoyMethod
	envoyPath
	envoyStatus
	envoySent
	envoyDuration
	envoyRemote
	envoyDirect
	envoyForwarded
	envoyAgent
	envoyReferer
	envoyRequestID
	envoyAuthority
	envoyServer
	envoyRoute
	envoyCluster
	envoySubject
	envoySAN
	envoyFlags
	envoyGRPC
	envoyClaim  // of a token that Envoy checked
	envoyClaims // all of them, an object
	envoyText   // several operators in one value
	envoyObject // of a JSON format
)

// envoyOperator is a value of a record, as the operator's format gives it.
type envoyOperator struct {
	kind   envoyKind
	name   string      // of the field, as rules know it
	key    string      // its key in a JSON format, when that is another name
	local  bool        // of envoyStart: in the gateway's zone, not UTC
	time   *timeForm   // of envoyStart; nil: RFC 3339
	line   *envoyLine  // of envoyText
	object *envoyNames // of envoyObject
	wild   bool        // a client or a backend can write anything there, also what separates values
}

// jwtFilter is the name under which Envoy's own filter for JSON web tokens keeps
// the payloads of those that it has verified.
const jwtFilter = "envoy.filters.http.jwt_authn"

// newEnvoyOperator is the meaning of %name(args)%. The names are those of
// Envoy's documentation ("Access logging", command operators).
func newEnvoyOperator(name, args string) (envoyOperator, error) {
	switch name {
	case "START_TIME", "START_TIME_LOCAL":
		op := envoyOperator{kind: envoyStart, name: "start_time", local: name == "START_TIME_LOCAL"}
		if args != "" {
			var err error
			if op.time, err = parseTimeForm(args); err != nil {
				return op, fmt.Errorf("%%%s(%s)%%: %w", name, args, err)
			}
		}
		return op, nil
	case "REQ", "REQUEST_HEADER":
		return envoyHeader(args), nil
	case "RESP", "RESPONSE_HEADER":
		return envoyOperator{name: "sent_" + headerKey(firstHeader(args)), wild: true}, nil
	case "TRAILER", "RESPONSE_TRAILER":
		return envoyOperator{name: "sent_trailer_" + strings.TrimPrefix(headerKey(firstHeader(args)), "http_"), wild: true}, nil
	case "DYNAMIC_METADATA":
		return envoyMetadata(args), nil
	case "GRPC_STATUS", "GRPC_STATUS_NUMBER":
		return envoyOperator{kind: envoyGRPC, name: "grpc_status"}, nil
	case "":
		return envoyOperator{}, fmt.Errorf("%%%% is not understood: write operators as %%NAME%% or %%NAME(…)%%")
	}
	lower := strings.ToLower(name)
	op := envoyOperator{kind: envoyKindOf(lower), name: lower}
	if args != "" {
		op.name += "_" + fieldName(args)
	}
	return op, nil
}

// envoyKindOf is what a value of this name means, of the operator or, without a
// format, of a key of a JSON record: lower case, underscores for hyphens.
func envoyKindOf(name string) envoyKind {
	switch name {
	case "start_time", "time", "timestamp", "@timestamp":
		return envoyStart
	case "method", "request_method", ":method":
		return envoyMethod
	case "path", ":path", "request_path", "x_envoy_original_path", "x_envoy_origin_path", "uri", "request_uri":
		return envoyPath
	case "response_code", "status", "status_code":
		return envoyStatus
	case "bytes_sent":
		return envoySent
	case "duration":
		return envoyDuration
	case "downstream_remote_address", "downstream_remote_address_without_port":
		return envoyRemote
	case "downstream_direct_remote_address", "downstream_direct_remote_address_without_port":
		return envoyDirect
	case "x_forwarded_for":
		return envoyForwarded
	case "user_agent":
		return envoyAgent
	case "referer":
		return envoyReferer
	case "request_id", "x_request_id":
		return envoyRequestID
	case "authority", ":authority", "host":
		return envoyAuthority
	case "requested_server_name":
		return envoyServer
	case "route_name":
		return envoyRoute
	case "upstream_cluster", "upstream_cluster_raw":
		return envoyCluster
	case "downstream_peer_subject":
		return envoySubject
	case "downstream_peer_uri_san":
		return envoySAN
	case "response_flags":
		return envoyFlags
	case "grpc_status":
		return envoyGRPC
	}
	return envoyField
}

// envoyKeys are the names that envoyKindOf knows.
func envoyKeys() []string {
	return []string{"start_time", "time", "timestamp", "@timestamp", "method", "request_method", ":method", "path", ":path", "request_path", "x_envoy_original_path", "x_envoy_origin_path",
		"uri", "request_uri", "response_code", "status", "status_code", "bytes_sent", "duration", "downstream_remote_address", "downstream_remote_address_without_port",
		"downstream_direct_remote_address", "downstream_direct_remote_address_without_port", "x_forwarded_for", "user_agent", "referer", "request_id", "x_request_id",
		"authority", ":authority", "host", "requested_server_name", "route_name", "upstream_cluster", "upstream_cluster_raw", "downstream_peer_subject", "downstream_peer_uri_san",
		"response_flags", "grpc_status"}
}

// envoyHeader is %REQ(X?Y)%: the header X, or Y when the request has no X.
func envoyHeader(args string) envoyOperator {
	first, second, _ := strings.Cut(args, "?")
	for _, name := range [...]string{second, first} {
		switch strings.ToLower(name) {
		case ":method":
			return envoyOperator{kind: envoyMethod, name: "method"}
		case ":path", "x-envoy-original-path":
			return envoyOperator{kind: envoyPath, name: "path"}
		case ":authority", "host":
			return envoyOperator{kind: envoyAuthority, name: "authority", wild: true}
		case "x-forwarded-for":
			return envoyOperator{kind: envoyForwarded, name: "http_x_forwarded_for", wild: true}
		case "user-agent":
			return envoyOperator{kind: envoyAgent, name: "http_user_agent", wild: true}
		case "referer":
			return envoyOperator{kind: envoyReferer, name: "http_referer", wild: true}
		case "x-request-id":
			return envoyOperator{kind: envoyRequestID, name: "http_x_request_id", wild: true}
		}
	}
	return envoyOperator{name: headerKey(strings.TrimPrefix(first, ":")), wild: true}
}

func firstHeader(args string) string {
	name, _, _ := strings.Cut(args, "?")
	return name
}

// envoyMetadata is %DYNAMIC_METADATA(filter:key:…)%. Of the filter for JSON web
// tokens the first key is that of the payload, the next the claim.
func envoyMetadata(args string) envoyOperator {
	filter, path, _ := strings.Cut(args, ":")
	if filter != jwtFilter {
		return envoyOperator{name: "metadata_" + fieldName(args)}
	}
	_, claim, ok := strings.Cut(path, ":")
	if !ok {
		return envoyOperator{kind: envoyClaims, name: "jwt_payload"}
	}
	return envoyOperator{kind: envoyClaim, name: "jwt_claim_" + strings.ReplaceAll(claim, ":", ".")}
}

// fieldName is text as a part of the name of a field.
func fieldName(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (isLetter(byte(r)) || r >= '0' && r <= '9') {
			return r
		}
		return '_'
	}, strings.ToLower(s))
}
