package bench

// nginxLines are lines of each form of nginx and HAProxy.
func nginxLines() []dialectLine {
	const combined = `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"`
	const combinedLine = `192.0.2.7 - alice [21/Nov/2026:01:26:57 +0000] "POST /v1/instances/i-0123456789/stop?page=3 HTTP/1.1" 200 312 "-" "aliyun-cli/3.0.1"`
	const httpLine = `192.0.2.7:38420 [21/Nov/2026:01:26:57.404] edge~ api/s1 0/0/1/11/12 200 312 - - ---- 1/1/0/0/0 0/0 {aliyun-cli/3.0.1|api.shop.example} "POST /v1/instances/i-0123456789/stop?page=3 HTTP/1.1"`
	return []dialectLine{
		{"nginx-combined", "nginx-combined", "", `192.0.2.7 - alice [21/Nov/2026:01:26:57 +0000] "POST /v1/instances/i-0123456789/stop?page=3 HTTP/1.1" 200 312 "-" "aliyun-cli/3.0.1"`},
		{"nginx-json", "nginx-json", "", `{"time_iso8601":"2026-11-21T01:26:57+00:00","msec":"1795224417.404","remote_addr":"192.0.2.7","remote_user":"alice","request_method":"POST","request_uri":"/v1/instances/i-0123456789/stop?page=3","status":"200","body_bytes_sent":"312","request_time":"0.012","http_host":"api.shop.example","http_user_agent":"aliyun-cli/3.0.1","http_referer":"-","request_id":"4f3c2b1a99887766"}`},
		{"nginx-own-combined", "nginx", combined, combinedLine},
		{"nginx-own-text", "nginx", `$remote_addr:$remote_port $remote_user $msec $request_method $scheme://$host$request_uri $status $body_bytes_sent "$http_user_agent" $request_time $upstream_addr $upstream_status`,
			`192.0.2.7:4711 alice 1795224417.404 POST https://api.shop.example/v1/instances/i-0123456789/stop?page=3 200 312 "aliyun-cli/3.0.1" 0.012 10.0.0.1:80, 10.0.0.2:80 502, 200`},
		{"nginx-own-json", "nginx", `escape=json {"at":"$msec","ip":"$remote_addr","who":"$remote_user","request":"$request","code":$status,"size":$body_bytes_sent,"agent":"$http_user_agent"}`,
			`{"at":"1795224417.404","ip":"192.0.2.7","who":"alice","request":"POST /v1/instances/i-0123456789/stop?page=3 HTTP/1.1","code":200,"size":312,"agent":"aliyun-cli/3.0.1"}`},
		{"haproxy-httplog", "haproxy", "", httpLine},
		{"haproxy-httplog-syslog", "haproxy", "", "<134>Nov 21 01:26:57 edge-1 haproxy[812]: " + httpLine},
		{"haproxy-httpslog", "haproxy", "", httpLine + " 0/0/0/0/0 api.shop.example/TLSv1.3/TLS_AES_256_GCM_SHA384"},
		{"haproxy-clf", "haproxy", "", `192.0.2.7 - - [21/Nov/2026:01:26:57 +0000] "POST /v1/instances/i-0123456789/stop?page=3 HTTP/1.1" 200 312 "" "" 50832 404 "edge" "api" "s1" 0 0 1 11 12 ---- 1 1 0 0 0 0 0 "" "" `},
		{"haproxy-own", "haproxy", `%ci [%tr] %HM %HU %ST %B %Ta %{+Q,+E}[capture.req.hdr(0)] %ID`,
			`192.0.2.7 [21/Nov/2026:01:26:57.404] POST /v1/instances/i-0123456789/stop?page=3 200 312 12 "aliyun-cli/3.0.1" 4f3c2b1a99887766`},
	}
}
