package mapper

// gatewayForms are the forms of gateways that are told by what nobody else writes.
func gatewayForms() []recordForm {
	return []recordForm{
		{format: "alb", line: isALB, why: "type, time and name of a load balancer, or time, client, target, durations and statuses of a Classic one"},
		{format: "krakend", line: isGin, why: "[GIN] time | status | latency | address |"},
		{format: "krakend", keys: []string{"statusCode", "latencyMs", "clientIP"}, why: "JSON with statusCode, latencyMs and clientIP"},
		{format: "spring", line: isSpring, why: "status, size and milliseconds at the end, with the unit"},
		{format: "apigateway", line: isAPIGatewayLine, why: "status, length and a UUID at the end"},
		{format: "apigateway", keys: []string{`requestId="`, `httpMethod="`, "status", "responseLength"}, why: "JSON with requestId, httpMethod, status and responseLength"},
		{format: "tyk", keys: []string{"api_id", "org_id", "response_code", `timestamp="`}, why: "JSON with api_id, org_id and response_code"},
		{format: "tyk", keys: []string{"tyk-analytics-record={"}, why: "tyk-analytics-record"},
	}
}
