package mapper

import "strings"

// grpc finds the action of a gRPC request: POST /package.Service/Method. Where the
// gateway logs the type of the content, that decides; where it does not, only a
// service in a package is taken for one, as /a/b may be anything.
func (m *Mapper) grpc(r *route, segments []string) bool {
	q := &m.request
	if len(segments) != 2 || q.method != "POST" || !isName(segments[1]) || m.path.secret {
		return false
	}
	full := segments[0]
	in, service := "", full
	i := strings.LastIndexByte(full, '.')
	if i >= 0 {
		in, service = full[:i], full[i+1:]
	}
	if i == 0 || !isName(service) {
		return false
	}
	for rest, more := in, in != ""; more; {
		var part string
		if part, rest, more = cut(rest, '.'); !isName(part) {
			return false
		}
	}
	content := q.field("http_content_type")
	if content == "" {
		content = q.field("content_type")
	}
	switch {
	case content == "":
		if in == "" || !isCapital(service[0]) || !isCapital(segments[1][0]) {
			return false
		}
	case !strings.HasPrefix(content, "application/grpc"):
		return false
	}
	m.matched = r
	m.answer = answer{action: segments[1], service: service, rw: verbRW(segments[1])}
	if v := in[strings.LastIndexByte(in, '.')+1:]; len(v) > 1 && v[0] == 'v' && v[1] >= '1' && v[1] <= '9' {
		m.answer.version = v
	}
	return true
}

func isCapital(c byte) bool { return c >= 'A' && c <= 'Z' }

// grpcError is the failure that a gRPC request had: its HTTP status is 200 even
// then. It is empty where the gateway does not log grpc-status.
func (m *Mapper) grpcError() string {
	for i := range m.request.fields {
		f := &m.request.fields[i]
		if strings.HasSuffix(f.name, "grpc_status") || f.name == "grpcStatus" {
			if name := grpcStatus(f.value); name != "" {
				return name
			}
		}
	}
	return ""
}

// grpcStatus is the name of a status code other than OK.
func grpcStatus(code string) string {
	if n, ok := whole(code); ok {
		switch {
		case n == 0:
			return ""
		case n < int64(len(grpcCodes)):
			return grpcCodes[n]
		}
		return "Unknown"
	}
	for _, name := range grpcCodes[1:] {
		if sameCode(name, code) {
			return name
		}
	}
	return ""
}
