package bench

import (
	"testing"

	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// BenchmarkNginxAndHAProxy maps one line over and over, of each form of nginx and HAProxy.
func BenchmarkNginxAndHAProxy(b *testing.B) {
	const combined = `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"`
	const combinedLine = `192.0.2.7 - alice [21/Nov/2026:01:26:57 +0000] "POST /v1/instances/i-0123456789/stop?page=3 HTTP/1.1" 200 312 "-" "aliyun-cli/3.0.1"`
	const httpLine = `192.0.2.7:38420 [21/Nov/2026:01:26:57.404] edge~ api/s1 0/0/1/11/12 200 312 - - ---- 1/1/0/0/0 0/0 {aliyun-cli/3.0.1|api.shop.example} "POST /v1/instances/i-0123456789/stop?page=3 HTTP/1.1"`
	for _, c := range []struct{ name, format, logFormat, line string }{
		{"nginx/combined", "nginx", "", combinedLine},
		{"nginx/combined by log_format", "nginx", combined, combinedLine},
		{"nginx/custom", "nginx", `$remote_addr:$remote_port $remote_user $msec $request_method $scheme://$host$request_uri $status $body_bytes_sent "$http_user_agent" $request_time $upstream_addr $upstream_status`,
			`192.0.2.7:4711 alice 1795224417.404 POST https://api.shop.example/v1/instances/i-0123456789/stop?page=3 200 312 "aliyun-cli/3.0.1" 0.012 10.0.0.1:80, 10.0.0.2:80 502, 200`},
		{"nginx/object by log_format", "nginx", `escape=json {"at":"$msec","ip":"$remote_addr","who":"$remote_user","request":"$request","code":$status,"size":$body_bytes_sent,"agent":"$http_user_agent"}`,
			`{"at":"1795224417.404","ip":"192.0.2.7","who":"alice","request":"POST /v1/instances/i-0123456789/stop?page=3 HTTP/1.1","code":200,"size":312,"agent":"aliyun-cli/3.0.1"}`},
		{"haproxy/httplog", "haproxy", "", httpLine},
		{"haproxy/httplog behind syslog", "haproxy", "", "<134>Nov 21 01:26:57 edge-1 haproxy[812]: " + httpLine},
		{"haproxy/httpslog", "haproxy", "", httpLine + " 0/0/0/0/0 api.shop.example/TLSv1.3/TLS_AES_256_GCM_SHA384"},
		{"haproxy/clf", "haproxy", "", `192.0.2.7 - - [21/Nov/2026:01:26:57 +0000] "POST /v1/instances/i-0123456789/stop?page=3 HTTP/1.1" 200 312 "" "" 50832 404 "edge" "api" "s1" 0 0 1 11 12 ---- 1 1 0 0 0 0 0 "" "" `},
		{"haproxy/custom", "haproxy", `%ci [%tr] %HM %HU %ST %B %Ta %{+Q,+E}[capture.req.hdr(0)] %ID`,
			`192.0.2.7 [21/Nov/2026:01:26:57.404] POST /v1/instances/i-0123456789/stop?page=3 200 312 12 "aliyun-cli/3.0.1" 4f3c2b1a99887766`},
	} {
		b.Run(c.name, func(b *testing.B) {
			mapLine(b, mapper.Options{Format: c.format, LogFormat: c.logFormat}, c.line)
		})
	}
}
