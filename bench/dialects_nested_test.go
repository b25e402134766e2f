package bench

import (
	"testing"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// BenchmarkNestedDialects maps one record of each dialect whose records are
// objects within objects, without rules.
func BenchmarkNestedDialects(b *testing.B) {
	for _, d := range []struct{ name, format, record string }{
		{"kong", "kong", kongRecord},
		{"kong-line", "kong", kongLine},
		{"apisix", "apisix", apisixRecord},
		{"apisix-line", "apisix", apisixLine},
		{"caddy", "caddy", caddyRecord},
		{"kubernetes", "kubernetes", kubeRecord},
	} {
		b.Run(d.name, func(b *testing.B) {
			m, err := mapper.New(mapper.Options{Format: d.format})
			if err != nil {
				b.Fatal(err)
			}
			r := plugins.Record{Data: []byte(d.record)}
			b.ReportAllocs()
			b.SetBytes(int64(len(d.record)))
			var e event.Event
			for b.Loop() {
				e = event.Event{}
				if err := m.Map(&r, &e); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

const (
	kongRecord   = `{"latencies":{"request":515,"kong":58,"receive":0,"proxy":457},"service":{"host":"orders.internal","created_at":1614232642,"connect_timeout":60000,"id":"167290ee-c682-4ebf-bdea-e49a3ac5e260","protocol":"http","read_timeout":60000,"port":80,"path":"/v1","updated_at":1614232642,"write_timeout":60000,"retries":5,"ws_id":"54baa5a9-23d6-41e0-9c9a-02434b010b25","name":"orders"},"request":{"querystring":{"page":"3"},"size":138,"uri":"/v1/orders/17/cancel?page=3","url":"https://api.shop.example:8443/v1/orders/17/cancel?page=3","headers":{"host":"api.shop.example:8443","accept-encoding":"gzip, deflate","user-agent":"aliyun-cli/3.0.1","accept":"*/*","connection":"keep-alive","authorization":"REDACTED","x-forwarded-for":"203.0.113.9"},"method":"POST","id":"4f3c2b1a99887766","tls":{"version":"TLSv1.3","cipher":"TLS_AES_256_GCM_SHA384","client_verify":"NONE"}},"tries":[{"balancer_latency":0,"port":80,"balancer_start":1795224417399,"ip":"10.0.0.9"}],"client_ip":"192.0.2.7","workspace":"54baa5a9","workspace_name":"default","upstream_uri":"/orders/17/cancel","response":{"headers":{"content-type":"application/json","date":"Sat, 21 Nov 2026 01:26:57 GMT","connection":"close","x-kong-proxy-latency":"58","via":"kong/3.9.0"},"status":200,"size":503},"route":{"id":"c6bfff8c","paths":["/v1/orders"],"protocols":["http","https"],"strip_path":true,"name":"cancel-order","methods":null,"tags":null,"https_redirect_status_code":426},"consumer":{"id":"8a21c0fa","username":"alice","custom_id":"u-42","created_at":1614232000},"authenticated_entity":{"id":"c62c1455-9b1d-4f2d-8797-509ba83b8ae8"},"started_at":1795224417404,"source":"upstream","upstream_status":"200"}`
	kongLine     = `192.0.2.7 - alice [21/Nov/2026:01:26:57 +0000] "POST /v1/orders/17/cancel?page=3 HTTP/1.1" 200 312 "-" "aliyun-cli/3.0.1" kong_request_id: "4f3c2b1a99887766"`
	apisixRecord = `{"response":{"status":200,"headers":{"content-type":"text/plain","connection":"close","server":"APISIX/3.9.0"},"size":190},"route_id":"cancel-order","request":{"url":"http://api.shop.example:9080/v1/orders/17/cancel?page=3","uri":"/v1/orders/17/cancel?page=3","method":"POST","headers":{"host":"api.shop.example","user-agent":"aliyun-cli/3.0.1","accept":"*/*","authorization":"Basic YWxpY2U6czNjcmV0","x-forwarded-for":"203.0.113.9"},"querystring":{"page":"3"},"size":76},"server":{"hostname":"gw-1","version":"3.9.0"},"upstream":"127.0.0.1:1980","upstream_latency":2,"apisix_latency":100.99999237061,"latency":102.99999237061,"service_id":"orders","consumer":{"username":"alice"},"client_ip":"192.0.2.7","start_time":1795224417404}`
	apisixLine   = `192.0.2.7 - alice [21/Nov/2026:01:26:57 +0000] api.shop.example "POST /v1/orders/17/cancel?page=3 HTTP/1.1" 200 312 0.012 "-" "aliyun-cli/3.0.1" 127.0.0.1:1980 200 0.011 "http://api.shop.example/v1/orders/17/cancel" "4f3c2b1a99887766"`
	caddyRecord  = `{"level":"info","ts":1795224420.6676762,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"192.0.2.7","remote_port":"51548","client_ip":"192.0.2.7","proto":"HTTP/2.0","method":"POST","host":"api.shop.example","uri":"/v1/orders/17/cancel?page=3","headers":{"User-Agent":["aliyun-cli/3.0.1"],"Accept":["*/*"],"Authorization":["REDACTED"],"Accept-Encoding":["gzip"],"Content-Length":["17"]},"tls":{"resumed":false,"version":772,"cipher_suite":4865,"proto":"h2","server_name":"api.shop.example"}},"bytes_read":17,"user_id":"alice","duration":0.012397413,"size":312,"status":200,"resp_headers":{"Server":["Caddy"],"Content-Type":["application/json"],"Date":["Sat, 21 Nov 2026 01:27:00 GMT"]}}`
	kubeRecord   = `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"9ac5187c-29a2-4bf8-ba6e-21dc887f5d34","stage":"ResponseComplete","requestURI":"/apis/apps/v1/namespaces/shop/deployments/orders/scale?fieldManager=kubectl","verb":"patch","user":{"username":"alice","uid":"u-1","groups":["devs","system:authenticated"],"extra":{"authentication.kubernetes.io/credential-id":["X509SHA256=0e12"]}},"sourceIPs":["192.0.2.7"],"userAgent":"kubectl/v1.33.0 (linux/amd64) kubernetes/b46a3f8","objectRef":{"resource":"deployments","namespace":"shop","name":"orders","apiGroup":"apps","apiVersion":"v1","subresource":"scale"},"responseStatus":{"metadata":{},"code":200},"requestReceivedTimestamp":"2026-11-21T01:26:57.756152Z","stageTimestamp":"2026-11-21T01:26:57.759439Z","annotations":{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"RBAC: allowed by RoleBinding"}}`
)
