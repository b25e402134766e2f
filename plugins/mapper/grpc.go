package mapper

import "strings"

// grpcCodes are the names of gRPC's status codes, by their numbers
// (grpc/doc/statuscodes.md), as Envoy writes them.
var grpcCodes = [...]string{"OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists", "PermissionDenied",
	"ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented", "Internal", "Unavailable", "DataLoss", "Unauthenticated"}

// grpc takes the status of a call of gRPC, as a number or by its name in any of
// the ways that it is written. The path of a call, /package.Service/Method, is its
// name; its HTTP status is 200 even when it failed.
func (q *request) grpc(status string) {
	code := status
	if n, ok := whole(status); ok && n < int64(len(grpcCodes)) {
		code = grpcCodes[n]
	} else {
		for _, name := range grpcCodes {
			if sameCode(name, status) {
				code = name
			}
		}
	}
	if code != grpcCodes[0] {
		q.told.errorCode, q.told.errorMessage = code, "gRPC status "+code
	}
	service, method, ok := cut(strings.TrimPrefix(q.path, "/"), '/')
	if ok && q.method == "POST" && isGRPCName(service) && isGRPCName(method) && strings.IndexByte(method, '.') < 0 {
		q.told.action = method
		q.told.service = service
	}
}

// sameCode tells whether s is PermissionDenied, PERMISSION_DENIED or the like.
func sameCode(name, s string) bool {
	for i := range len(s) {
		if s[i] == '_' {
			continue
		}
		if name == "" || name[0]|0x20 != s[i]|0x20 {
			return false
		}
		name = name[1:]
	}
	return name == ""
}

// isGRPCName tells whether s may be a name of protobuf, with dots.
func isGRPCName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && (c < '0' || c > '9') && c != '_' && c != '.' {
			return false
		}
	}
	return s != "" && isLetter(s[0])
}
