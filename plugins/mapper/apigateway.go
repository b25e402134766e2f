package mapper

import (
	"cmp"
	"strings"
)

// The formats that Amazon API Gateway proposes ("Set up CloudWatch logging for
// REST APIs"), and the keys that people give its variables.
const (
	apiGatewayCLF = `$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" ` +
		`$context.status $context.responseLength $context.requestId`
	apiGatewayLongCLF = apiGatewayCLF + ` $context.extendedRequestId`
)

// apiGatewayKeys are the variables behind the keys of its proposed JSON, and others in use.
func apiGatewayKeys() (leaves []wanted, names []string) {
	for _, k := range [...][2]string{
		{"requestId", "requestId"}, {"extendedRequestId", "extendedRequestId"}, {"ip", "identity.sourceIp"}, {"sourceIp", "identity.sourceIp"}, {"caller", "identity.caller"}, {"user", "identity.user"},
		{"userArn", "identity.userArn"}, {"userAgent", "identity.userAgent"}, {"requestTime", "requestTime"}, {"requestTimeEpoch", "requestTimeEpoch"}, {"httpMethod", "httpMethod"},
		{"resourcePath", "resourcePath"}, {"routeKey", "routeKey"}, {"path", "path"}, {"status", "status"}, {"responseLength", "responseLength"}, {"responseLatency", "responseLatency"},
		{"domainName", "domainName"}, {"apiId", "apiId"}, {"stage", "stage"}, {"accountId", "accountId"}, {"apiKeyId", "identity.apiKeyId"}, {"principalId", "authorizer.principalId"},
		{"sub", "authorizer.claims.sub"}, {"errorMessage", "error.message"}, {"errorResponseType", "error.responseType"}, {"integrationStatus", "integrationStatus"}, {"wafResponseCode", "wafResponseCode"},
	} {
		leaves, names = append(leaves, wanted{k[0], plainBranch}), append(names, k[1])
	}
	return leaves, names
}

// apiGateway reads the access log of Amazon API Gateway: the format that the
// operator gave it, or without one the two that it proposes.
func apiGateway(opt *Options) (reader, error) {
	v := &variables{cut: cutContext, means: apiGatewayMeaning, form: apiGatewayForm, take: takeAPIGateway, settle: settleAPIGateway}
	if strings.TrimSpace(opt.LogFormat) != "" {
		return v.open(opt.LogFormat, "ms", opt)
	}
	short, err := v.lines(apiGatewayCLF, "ms")
	if err != nil {
		return nil, err
	}
	long, err := v.lines(apiGatewayLongCLF, "ms")
	if err != nil {
		return nil, err
	}
	leaves, names := apiGatewayKeys()
	objects := v.named(leaves, names, &meant{unit: "ms"}, opt)
	return func(m *Mapper, record []byte) error {
		if isObject(record) {
			return objects(m, record)
		}
		err := short(m, record)
		if err != nil {
			m.request.reset()
			if long(m, record) == nil {
				return nil
			}
		}
		return err
	}, nil
}

// cutContext finds $context.identity.sourceIp.
func cutContext(s string) (at int, name, rest string) {
	const prefix = "$context."
	if at = strings.Index(s, prefix); at < 0 {
		return -1, "", ""
	}
	rest = s[at+len(prefix):]
	n := 0
	for n < len(rest) && (isLetter(rest[n]) || isDigit(rest[n]) || rest[n] == '_' || rest[n] == ':' || rest[n] == '.' && n+1 < len(rest) && isLetter(rest[n+1])) {
		n++
	}
	return at, rest[:n], rest[n:]
}

func apiGatewayMeaning(name string) (meaning, bool) {
	switch name {
	case "identity.sourceIp":
		return meansAddress, true
	case "identity.clientCert.subjectDN":
		return meansCertificate, true
	case "requestTime", "requestTimeEpoch":
		return meansTime, true
	case "httpMethod":
		return meansMethod, true
	case "path":
		return meansURL, true
	case "resourcePath":
		return meansPath, true
	case "routeKey":
		return meansRequest, true
	case "domainName":
		return meansHost, true
	case "status":
		return meansStatus, true
	case "responseLength":
		return meansBytes, true
	case "responseLatency":
		return meansDuration, true
	case "identity.userAgent":
		return meansAgent, true
	case "requestId":
		return meansRequestID, true
	case "error.message":
		return meansErrorMessage, true
	}
	return 0, false
}

func apiGatewayForm(name string) valueForm {
	switch name {
	case "identity.sourceIp":
		return formAddress
	case "requestTime":
		return formLocal
	case "requestTimeEpoch", "status", "responseLength", "responseLatency", "integrationStatus":
		return formNumber
	case "httpMethod", "protocol", "requestId", "extendedRequestId", "apiId", "stage", "accountId", "domainName", "identity.apiKeyId":
		return formWord
	}
	return formText
}

// takeAPIGateway takes what more a variable says: the template of the path as the
// route, the more exact of two times, and claims of a token that was checked.
func takeAPIGateway(m *meant, q *request, name, value string) {
	claim, ok := strings.CutPrefix(name, "authorizer.claims.")
	if !ok {
		claim, ok = strings.CutPrefix(name, "authorizer.jwt.claims.")
	}
	switch {
	case ok:
		q.fields = append(q.fields, field{toldClaim + claim, value})
		q.checked.claims = true
	case name == "resourcePath" || name == "routeKey" && q.route == "":
		q.route = value
	case name == "requestTimeEpoch":
		m.text[meansTime] = value
	case name == "identity.apiKeyId":
		q.consumerKey = value
	case name == "apiId":
		q.upstream = value
	}
}

// settleAPIGateway: who is named by IAM, an authorizer or a certificate that was
// checked against the operator's own authorities.
func settleAPIGateway(q *request) {
	q.consumer = cmp.Or(q.field("authorizer.principalId"), q.field("identity.userArn"), q.field("identity.user"), q.field("identity.caller"))
	q.checked.consumer, q.verified = q.consumer != "", q.clientDN != ""
}

// isAPIGatewayLine tells a line in the CLF that API Gateway proposes by its end: a
// request id, which is a UUID, behind status and length.
func isAPIGatewayLine(s string) bool {
	quote := strings.LastIndexByte(s, '"')
	if quote < 0 || strings.IndexByte(s, '[') < 0 {
		return false
	}
	words := strings.Fields(s[quote+1:])
	if len(words) != 3 && len(words) != 4 || len(words[0]) != 3 || !number(words[0], false) || !number(words[1], false) && words[1] != "-" {
		return false
	}
	id := words[2]
	return len(id) == 36 && id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-' && strings.Trim(id, "0123456789abcdef-") == ""
}
