package mapper

import (
	"slices"
	"strings"
)

// What nginx was told to write, in its own language; the first is the ingress
// controller's own, then those of nginx-proxy-manager and BunkerWeb.
const (
	ingressFormat = `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time ` +
		`[$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id`
	npmProxyFormat = `[$time_local] $upstream_cache_status $upstream_status $status - $request_method $scheme $host "$request_uri" [Client $remote_addr] ` +
		`[Length $body_bytes_sent] [Gzip $gzip_ratio] [Sent-to $server] "$http_user_agent" "$http_referer"`
	npmStandardFormat = `[$time_local] $status - $request_method $scheme $host "$request_uri" [Client $remote_addr] [Length $body_bytes_sent] [Gzip $gzip_ratio] ` +
		`"$http_user_agent" "$http_referer"`
	bunkerFormat = `$host $remote_addr - $request_id $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"`
	vhostFormat  = `$host $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"`
	// Behind proxies, as operators write it.
	vhostMainFormat      = vhostFormat + ` "$http_x_forwarded_for"`
	vhostQuotedFormat    = `$host "$http_x_forwarded_for" $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"`
	vhostForwardedFormat = `$host $http_x_forwarded_for - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"`
	vhostForwardedMain   = vhostForwardedFormat + ` "-"`
	npmUnnamedFormat     = `$remote_addr - [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"`
)

// examination are the files of the corpus that a dialect has to read.
func examination() []examined {
	combined := []Options{{Format: "nginx-combined"}}
	format := func(texts ...string) (all []Options) {
		for _, text := range texts {
			all = append(all, Options{Format: "nginx", LogFormat: text})
		}
		return all
	}
	apache := []Options{{Format: "apache"}}
	caddy, kube := []Options{{Format: "caddy"}}, []Options{{Format: "kubernetes"}}
	var all []examined
	for _, file := range []string{
		"http-admin-interface-probing__http-admin-interface-probing", "http-cve-probing__http-cve-probing",
		"http-dos-invalid-http-versions__http-dos-invalid-http-versions", "http-dos-random-uri__http_dos_random_uri", "http-dos-switching-ua__http-dos-switching-ua",
		"nginx-bad-user-agent__nginx-bad-user-agent", "nginx-http-sensitive-files__nginx-http-sensitive-files", "nginx-http-sqli-probing__nginx-http-sqli-probing",
		"litespeed-http-sensitive-files__litespeed-http-sensitive-files",
		"http-bf-wordpress-bf__http-bf-wordpress-bf", "http-wordpress_wpconfig__http-wordpress_wpconfig",
	} {
		all = append(all, examined{file: "gateway/crowdsec/" + file + ".log", formats: combined, answers: byRegexp})
	}
	return slices.Concat(all, cloudExamination(), genericExamination(), auditExamination(), []examined{
		{file: "gateway/crowdsec/nginx-http-malformed__nginx_http-logs.log", formats: combined, answers: crowdsec},
		{file: "gateway/crowdsec/nginx-proxy-manager-malformed__nginx_http-logs.log", formats: combined, answers: crowdsec},
		{file: "gateway/crowdsec/apache2-malformed__apache2-logs.log", formats: apache, answers: crowdsec},
		{file: "gateway/crowdsec/nginx_http-logs__nginx_http-logs.log", formats: append(combined, format(npmUnnamedFormat, vhostFormat)...), answers: crowdsec,
			refused: []refusal{{isErrorLog, "a line of nginx's error log", true}}},
		{file: "gateway/crowdsec/bunkerweb-http-malformed__bunkerweb-http-malformed.log", formats: format(bunkerFormat, vhostFormat), answers: crowdsec},
		{file: "gateway/crowdsec/bunkerweb-http-sensitive-files__bunkerweb-http-sensitive-files.log", formats: format(bunkerFormat, vhostFormat)},
		{file: "gateway/crowdsec/nginx-proxy-manager-logs__nginx-proxy-manager-logs.log", formats: append(format(npmProxyFormat, npmStandardFormat), combined...), answers: crowdsec,
			refused: []refusal{{isErrorLog, "a line of nginx's error log", true}}},
		{file: "gateway/crowdsec/apache-cve-2021-41773__apache-cve-2021-41773.log", formats: apache, answers: byRegexp,
			refused: []refusal{{has("[core:error]"), "a line of Apache's error log", true}}},
		{file: "gateway/nginx.access/beats__test-with-host.log", formats: format(vhostFormat, vhostMainFormat, vhostQuotedFormat, vhostForwardedFormat, vhostForwardedMain), answers: ecs},
		{file: "gateway/nginx.ingress_controller/beats__test.log", formats: format(ingressFormat), answers: ecs},
		{file: "gateway/apache.access/beats__ubuntu-2.2.22.log", formats: apache, answers: ecs},
		{file: "gateway/apache.access/beats__test-vhost.log", formats: []Options{{Format: "apache", LogFormat: `%v %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"`}}, answers: ecs},
		{file: "gateway/mtail/apache-common.log", formats: []Options{{Format: "apache", LogFormat: `LogFormat "%h %l %u %t \"%r\" %>s %O %I \"%{Referer}i\" \"%{User-Agent}i\"" traffic`}}},
		{file: "gateway/lnav/logfile_access_log_dupe.0", formats: combined, answers: byRegexp},
		{file: "gateway/lnav/logfile_shop_access_log.0", formats: combined, answers: byRegexp},
		{file: "gateway/opensearch-catalog/apache__raw.log", formats: apache, answers: byRegexp,
			refused: []refusal{{func(line string) bool { return strings.Count(line, `"`) == 5 }, "the line was cut off in its user agent", false}}},
		{file: "gateway/opensearch-catalog/nginx__sample.json", formats: combined, lines: inner("body"), answers: byRegexp},
		{file: "gateway/opensearch-catalog/haproxy__sample.json", lines: inner("body"),
			formats: []Options{{Format: "haproxy", LogFormat: `%ci:%cp %ft %b/<STATS>%TR/%Tw/%Tc/%Tr/%Ta %ac/%fc/%bc/%sc/0%sq/%bq--%tsc[%trg] "%r" %ST %B "%hr"`}},
			refused: []refusal{{has("<NOSRV>"), "a format that its owner made up without spaces between the fields", false}}},
		{file: "gateway/haproxy.log/beats__tcplog.log", formats: []Options{{Format: "haproxy"}}, refused: []refusal{{has("haproxy[25457]"), "a connection in mode tcp, not a request", true}}},
		{file: "gateway/crowdsec/envoy-logs__envoy.log", formats: []Options{{Format: "envoy"}}, answers: crowdsec},
		{file: "gateway/crowdsec/tcpudp-flood-traefik__tcpudp-flood-traefik.log", formats: []Options{{Format: "traefik"}},
			refused: []refusal{{has("level=debug"), "Traefik's own log, not that of requests", true}}},
		{file: "gateway/crowdsec/caddy-logs__caddy-logs.log", formats: caddy, answers: byJSON,
			refused: []refusal{{has(`"selected upstream"`), "Caddy's own log, not that of requests", true}}},
		{file: "gateway/crowdsec/caddy-basic-auth-bf__caddy-logs.log", formats: caddy, answers: byJSON},
		{file: "gateway/lnav/logfile_caddy_log.1", formats: caddy, answers: byJSON},
		{file: "service/lnav/logfile_json3.json", formats: []Options{{Format: "kong"}}, answers: byJSON},
		{file: "audit/panther/Amazon.EKS.Audit.ndjson", formats: kube, lines: completed, answers: byJSON},
		{file: "audit/crowdsec/k8s-audit-pod-exec-file__k8s-audit-pod-exec-file.log", formats: kube, answers: byJSON},
		{file: "audit/crowdsec/k8s-audit-priv-pod-file__k8s-audit-priv-pod-file.log", formats: kube, answers: byJSON},
	})
}

// accepted is one that is accepted, for the lines that it holds for.
type accepted struct {
	name string
	is   func(got, want, line string) bool
	why  string
}

func differences() []accepted {
	return []accepted{
		{"user", func(got, want, _ string) bool { return got == "" && want == "-" }, `CrowdSec keeps the "-" that stands for no user`},
		{"agent", func(got, want, _ string) bool { return got == "" && want == "-" }, `CrowdSec and Filebeat keep the "-" that stands for no user agent`},
		{"target", func(got, want, _ string) bool {
			return got == "" && !strings.Contains(want, " HTTP/") && !strings.HasPrefix(want, "/")
		}, "bytes that are no request line: the event names no path, where CrowdSec takes all of them for one"},
		{"host", func(got, want, _ string) bool { return strings.HasPrefix(got, want+":") }, "the record has the port too; the event's eventSource has not"},
		{"target", func(got, want, _ string) bool { return got+"?" == want }, "a question mark with nothing behind it"},
		{"ip", func(got, want, line string) bool { return got == "" && !strings.Contains(line, `"`+want) }, "only X-Forwarded-For is logged: the client writes it, so it is not believed without trusted_proxies"},
		{"ip", func(got, want, line string) bool {
			return strings.Contains(line, `"`+want+", ") && (strings.Contains(line, ", "+got+`"`) || strings.Contains(line, ", ["+got+"]:"))
		}, "CrowdSec takes the first address of X-Forwarded-For, which the client may have written; the event the last, which Envoy wrote"},
		{"ip", func(got, want, line string) bool { return got == "10.2.1.185" && strings.Contains(line, `, `+want+`,`) }, "Filebeat takes the first public address of X-Forwarded-For, the event the peer: no proxy is trusted here"},
		{"user", func(got, want, _ string) bool { return got == "" && want == "system:anonymous" }, "whom Kubernetes calls system:anonymous is anonymous"},
	}
}

// has is a test for a part of a line.
func has(part string) func(string) bool {
	return func(line string) bool { return strings.Contains(line, part) }
}

func isErrorLog(line string) bool { return strings.Contains(line, " [error] ") }

// excused is why a accepted is accepted; empty: it is not.
func excused(name, got, want, line string) string {
	for _, d := range differences() {
		if d.name == name && d.is(got, want, line) {
			return d.why
		}
	}
	return ""
}
