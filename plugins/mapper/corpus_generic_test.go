package mapper

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// What an operator would write for logs that have no dialect of their own.
const (
	cloudflareJSON = `time = EdgeStartTimestamp; address = ClientIP; method = ClientRequestMethod; url = ClientRequestURI; host = ClientRequestHost; status = EdgeResponseStatus;
		bytes = EdgeResponseBytes; user_agent = ClientRequestUserAgent; referer = ClientRequestReferer; request_id = RayID`
	githubJSON   = `time = created_at | @timestamp | at_sign_timestamp; action = action; user = actor; resource_name = repo | org; user_agent = user_agent; address = actor_ip`
	zoraxyRegexp = `\S+ \S+ \[(?P<time>[^\]]+)\] \[router:(?P<route>[^\]]*)\] \[origin:(?P<host>[^\]]*)\] \[client: (?P<address>[^\]]*)\] \[useragent: (?P<user_agent>.*)\] (?P<method>\S+) (?P<url>\S+) (?P<status>\d+)`
	bucketRegexp = `\S+ (?P<bucket>\S+) \[(?P<time>[^\]]+)\] (?P<address>\S+) (?P<user>\S+) (?P<request_id>\S+) (?P<action>\S+) (?P<resource_name>\S+) "?(?P<request>-|[^"]*)"? (?P<status>\d+) (?P<error_code>\S+) (?P<bytes>\S+) .*`
	cloudfront   = "time %Y-%m-%d\t%H:%M:%S\n" + `(?P<time>\S+\t\S+)\t\S+\t(?P<bytes>\d+)\t(?P<address>\S+)\t(?P<method>\S+)\t(?P<host>\S+)\t(?P<path>\S+)\t(?P<status>\d+)\t(?P<referer>\S+)\t(?P<user_agent>\S+)\t(?P<query>\S+)\t.*`
)

// genericExamination are files of the corpus that are read without a dialect of
// their own, and those of Apache by its own.
func genericExamination() []examined {
	by := func(format, logFormat string) Options { return Options{Format: format, LogFormat: logFormat} }
	bucket := []Options{by("regexp", bucketRegexp)}
	cut := refusal{func(line string) bool { return strings.HasSuffix(line, "+0000]") }, "the line was cut off", false}
	isHeading := refusal{func(line string) bool { return line == "" || line[0] == '#' }, "a heading of the file", true}
	lost := func(names ...string) []refusal {
		return []refusal{{func(line string) bool { return !hasSome(line, names...) }, "an example of a rule, of which the time or another member was left out", true}}
	}
	return []examined{
		{file: "gateway/lnav/logfile_cloudflare.json", formats: []Options{by("json", cloudflareJSON)}},
		{file: "audit/panther/Cloudflare.HttpRequest.ndjson", formats: []Options{by("json", cloudflareJSON)}, lines: elements("log"), refused: lost("EdgeStartTimestamp")},
		{file: "audit/panther/GitHub.Audit.ndjson", formats: []Options{by("json", githubJSON)}, lines: elements("log"), refused: append(lost("created_at", "@timestamp", "at_sign_timestamp"),
			refusal{has("00:00:00000000"), "an example of a rule, with a time that is none", true})},
		{file: "gateway/crowdsec/zoraxy-http-logs__zoraxy.log", formats: []Options{by("regexp", zoraxyRegexp)}, answers: crowdsec},
		{file: "gateway/opensearch-catalog/amazon_s3__raw.log", formats: bucket},
		{file: "gateway/opensearch-catalog/amazon_s3__sample.json", formats: bucket, lines: inner("body")},
		{file: "gateway/opensearch-catalog/amazon_cloudfront__sample.json", formats: bucket, lines: inner("body")},
		{file: "gateway/crowdsec/aws-cloudfront-logs__aws-cloudfront-logs.log", formats: []Options{by("regexp", cloudfront)}, refused: []refusal{isHeading}},
		{file: "gateway/logstash-patterns/aws_spec.lines", formats: []Options{{Format: "alb"}, bucket[0], by("regexp", cloudfront)}, refused: []refusal{cut}},
	}
}

// hasSome tells whether an object has one of these members.
func hasSome(line string, names ...string) bool {
	for _, name := range names {
		if strings.Contains(line, `"`+name+`"`) {
			return true
		}
	}
	return false
}

// unread are the files of gateways and of audit logs that no dialect reads, by the
// beginning of their names, and why.
func unread() map[string]string {
	return map[string]string{
		"gateway/apache.error/":                              "error logs tell of no requests",
		"gateway/crowdsec/modsecurity-logs":                  "error logs tell of no requests",
		"gateway/crowdsec/pfsense-rfc5424-nginx":             "error logs tell of no requests",
		"gateway/crowdsec/apache-guacamole":                  "the log of a remote desktop's gateway, as people read it",
		"gateway/crowdsec/cpanel":                            "locked addresses of a hosting panel",
		"gateway/crowdsec/http-magento-bf":                   "failed sign-ins of a shop, as a plugin of it writes them",
		"gateway/crowdsec/litespeed-admin-bf":                "the log of a server, as people read it",
		"gateway/crs/":                                       "requests, which nginx and HAProxy are sent in another test",
		"gateway/iis":                                        "IIS and the extended format of W3C have headings that say what is where: not read",
		"gateway/lnav/logfile_w3c":                           "IIS and the extended format of W3C have headings that say what is where: not read",
		"gateway/logstash-patterns/squid":                    "a proxy of outgoing traffic",
		"gateway/opensearch-catalog/amazon_elb__sample.json": "records that somebody has mapped already: the lines are not there",
		"gateway/opensearch-catalog/aws_waf":                 "decisions of a firewall: which requests came to be is in the log of what it protects",
		"gateway/vjeantet-grok/":                             "lines out of the tests of a library, of no one log",
		"audit/auditd.log/":                                  "the audit of a kernel, several records to an event: not read",
		"audit/crowdsec/":                                    "logs of which those with a dialect are in auditExamination; the others are of systems without one",
		"audit/elasticsearch.audit/":                         "Elasticsearch's audit: not read; OpenSearch's is",
		"audit/kibana.audit/":                                "Kibana's audit: not read",
		"audit/opensearch-catalog/amazon_rds":                "logs of databases, of which those with a dialect are in auditExamination",
		"audit/otrf-aws/":                                    "a table of values separated by commas",
		"audit/panther/":                                     "audit logs of services in a cloud, of which those with a dialect are examined; the others are of systems without one, and can be read by json",
	}
}

// Every file of gateways and of audit logs is read by a dialect, or it is said why not.
func TestCorpusIsWhole(t *testing.T) {
	dir := corpus(t)
	read := map[string]bool{}
	for _, x := range examination() {
		read[x.file] = true
	}
	files, explained := 0, map[string]int{}
	for _, kind := range []string{"gateway", "audit"} {
		err := filepath.WalkDir(filepath.Join(dir, kind), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, "-expected.json") || strings.HasSuffix(path, ".assert") {
				return err
			}
			name, err := filepath.Rel(dir, path)
			if name = filepath.ToSlash(name); err != nil || read[name] {
				files++
				return err
			}
			why := ""
			for beginning, reason := range unread() {
				if strings.HasPrefix(name, beginning) {
					why = reason
				}
			}
			if explained[why]++; why == "" {
				t.Errorf("%s is read by no dialect, and nobody says why", name)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d files are read", files)
	for why, n := range explained {
		t.Logf("%4d are not: %s", n, why)
	}
}
