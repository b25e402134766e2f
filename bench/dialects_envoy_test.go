package bench

import (
	"testing"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// dialectLines are a line of each form of a dialect, with what a mapper of it needs to know.
var dialectLines = []struct{ name, format, logFormat, line string }{
	{"nginx-combined", "nginx-combined", "", `192.0.2.7 - alice [21/Nov/2026:01:26:57 +0000] "POST /v1/instances/i-0123456789/stop?page=3 HTTP/1.1" 200 312 "-" "aliyun-cli/3.0.1"`},
	{"nginx-json", "nginx-json", "", `{"time_iso8601":"2026-11-21T01:26:57+00:00","msec":"1795224417.404","remote_addr":"192.0.2.7","remote_user":"alice","request_method":"POST","request_uri":"/v1/instances/i-0123456789/stop?page=3","status":"200","body_bytes_sent":"312","request_time":"0.012","http_host":"api.shop.example","http_user_agent":"aliyun-cli/3.0.1","http_referer":"-","request_id":"4f3c2b1a99887766"}`},
	{"envoy-text", "envoy", "", `[2026-11-21T01:26:57.404Z] "POST /v1/instances/i-0123456789/stop?page=3 HTTP/1.1" 200 - 0 312 12 11 "192.0.2.7" "aliyun-cli/3.0.1" "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "api.shop.example" "10.0.2.1:80"`},
	{"istio-text", "envoy", "", `[2026-11-21T01:26:57.404Z] "POST /v1/instances/i-0123456789/stop?page=3 HTTP/1.1" 200 - via_upstream - "-" 0 312 12 11 "-" "aliyun-cli/3.0.1" "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "api.shop.example" "10.44.1.27:80" outbound|8000||ecs.shop.svc.cluster.local 10.44.1.23:37652 10.0.45.184:8000 192.0.2.7:46520 - default`},
	{"istio-json", "envoy", "", `{"authority":"api.shop.example","bytes_received":0,"bytes_sent":312,"connection_termination_details":null,"downstream_local_address":"10.0.45.184:8000","downstream_remote_address":"192.0.2.7:46520","duration":12,"method":"POST","path":"/v1/instances/i-0123456789/stop?page=3","protocol":"HTTP/1.1","request_id":"cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2","requested_server_name":null,"response_code":200,"response_code_details":"via_upstream","response_flags":"-","route_name":"default","start_time":"2026-11-21T01:26:57.404Z","upstream_cluster":"outbound|8000||ecs.shop.svc.cluster.local","upstream_host":"10.44.1.27:80","upstream_local_address":"10.44.1.23:37652","upstream_service_time":"11","upstream_transport_failure_reason":null,"user_agent":"aliyun-cli/3.0.1","x_forwarded_for":null}`},
	{"envoy-own-text", "envoy", `[%START_TIME(%Y-%m-%dT%H:%M:%S.%3f%z)%] %DOWNSTREAM_REMOTE_ADDRESS% "%REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_SENT% %DURATION% "%REQ(USER-AGENT)%"`,
		`[2026-11-21T01:26:57.404+0000] 192.0.2.7:46520 "POST /v1/instances/i-0123456789/stop?page=3 HTTP/1.1" 200 - 312 12 "aliyun-cli/3.0.1"`},
	{"envoy-own-json", "envoy", `{"when":"%START_TIME%","m":"%REQ(:METHOD)%","p":"%REQ(:PATH)%","code":"%RESPONSE_CODE%","peer":"%DOWNSTREAM_REMOTE_ADDRESS%","agent":"%REQ(USER-AGENT)%","jwt":"%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:payload)%"}`,
		`{"when":"2026-11-21T01:26:57.404Z","m":"POST","p":"/v1/instances/i-0123456789/stop?page=3","code":200,"peer":"192.0.2.7:46520","agent":"aliyun-cli/3.0.1","jwt":{"iss":"https://id.example","sub":"u-42","exp":1795228017}}`},
	{"traefik-common", "traefik", "", `192.0.2.7 - alice [21/Nov/2026:01:26:57 +0000] "POST /v1/instances/i-0123456789/stop?page=3 HTTP/1.1" 200 312 "-" "aliyun-cli/3.0.1" 42 "ecs-web@docker" "http://10.0.1.15:3000" 12ms`},
	{"traefik-json", "traefik", "", `{"ClientAddr":"192.0.2.7:56732","ClientHost":"192.0.2.7","ClientPort":"56732","ClientUsername":"alice","DownstreamContentSize":312,"DownstreamStatus":200,"Duration":12729375,"OriginContentSize":312,"OriginDuration":12051833,"OriginStatus":200,"Overhead":677542,"RequestAddr":"api.shop.example","RequestContentSize":0,"RequestCount":122,"RequestHost":"api.shop.example","RequestMethod":"POST","RequestPath":"/v1/instances/i-0123456789/stop?page=3","RequestPort":"-","RequestProtocol":"HTTP/1.1","RequestScheme":"http","RetryAttempts":0,"RouterName":"ecs-web@docker","ServiceAddr":"10.0.1.15:3000","ServiceName":"ecs@docker","ServiceURL":"http://10.0.1.15:3000","StartLocal":"2026-11-21T01:26:57.306691884Z","StartUTC":"2026-11-21T01:26:57.306691884Z","entryPointName":"web","level":"info","msg":"","request_User-Agent":"aliyun-cli/3.0.1","time":"2026-11-21T01:26:57Z"}`},
}

// BenchmarkDialects maps a line of each form again and again, by its name and, where
// it can be recognised, with format auto: ns and allocations of a line.
func BenchmarkDialects(b *testing.B) {
	for _, d := range dialectLines {
		b.Run(d.name, func(b *testing.B) {
			mapLine(b, mapper.Options{Format: d.format, LogFormat: d.logFormat}, d.line)
		})
	}
	for _, d := range dialectLines {
		if d.logFormat == "" {
			b.Run("auto-"+d.name, func(b *testing.B) { mapLine(b, mapper.Options{Format: "auto"}, d.line) })
		}
	}
}

func mapLine(b *testing.B, opt mapper.Options, line string) {
	m, err := mapper.New(opt)
	if err != nil {
		b.Fatal(err)
	}
	r := plugins.Record{Data: []byte(line)}
	b.ReportAllocs()
	b.SetBytes(int64(len(line)))
	var e event.Event
	for b.Loop() {
		e = event.Event{}
		if err := m.Map(&r, &e); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
