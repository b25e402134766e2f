package mapper

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// linesOf are the lines of a file that are not empty.
func linesOf(t *testing.T, file string) (lines []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// inner are the values of a member of all objects of a file: one object a line, or a list of them.
func inner(member string) func(*testing.T, string) []string {
	return func(t *testing.T, file string) (lines []string) {
		t.Helper()
		for _, o := range objectsOf(t, file) {
			text := string(o[member])
			if s := ""; json.Unmarshal(o[member], &s) == nil {
				text = s
			}
			lines = append(lines, text)
		}
		return lines
	}
}

// completed are the events of Kubernetes in examples of rules: what each event has
// but the examples leave out is put back.
func completed(t *testing.T, file string) (lines []string) {
	t.Helper()
	for _, o := range objectsOf(t, file) {
		var event map[string]json.RawMessage
		if err := json.Unmarshal(o["log"], &event); err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{"auditID": `"a"`, "stage": `"ResponseComplete"`, "requestURI": `"/api"`, "requestReceivedTimestamp": `"2026-11-21T01:26:57.000000Z"`} {
			if event[name] == nil {
				event[name] = json.RawMessage(value)
			}
		}
		line, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
	return lines
}

func objectsOf(t *testing.T, file string) (all []map[string]json.RawMessage) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if json.Unmarshal(text, &all) == nil {
		return all
	}
	for _, line := range linesOf(t, file) {
		var o map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, o)
	}
	return all
}

// ecs are the answers of Filebeat: one object of ECS a line.
func ecs(t *testing.T, file string) func(string, int) reading {
	t.Helper()
	all, lines := objectsOf(t, file+"-expected.json"), linesOf(t, file)
	if len(all) != len(lines) {
		t.Fatalf("%d answers for %d lines", len(all), len(lines))
	}
	names := map[string]string{
		"@timestamp": "time", "source.address": "ip", "user.name": "user", "http.request.method": "method", "url.original": "target",
		"http.response.status_code": "status", "http.response.body.bytes": "bytes", "user_agent.original": "agent", "url.domain": "host",
	}
	return func(_ string, nth int) reading {
		a := reading{}
		for theirs, ours := range names {
			if raw, ok := all[nth][theirs]; ok {
				if s := ""; json.Unmarshal(raw, &s) == nil {
					a[ours] = s
				} else {
					a[ours] = string(raw)
				}
			}
		}
		return a
	}
}

// sawLine is a line of CrowdSec's assertions on the stage that parses.
var sawLine = regexp.MustCompile(`^results\["s01-parse"\]\["[^"]+"\]\[(\d+)\]\.Evt\.(?:Parsed|Meta)\["(\w+)"\] == (".*")$`)

// crowdsec are the answers of CrowdSec, found by the line that they are about.
func crowdsec(t *testing.T, file string) func(string, int) reading {
	t.Helper()
	folder, name := file[:strings.LastIndexByte(file, '/')+1], file[strings.LastIndexByte(file, '/')+1:]
	test, _, _ := strings.Cut(name, "__")
	names := map[string]string{
		"time_local": "time", "time": "time", "source_ip": "ip", "remote_user": "user", "verb": "method", "request": "target", "http_status": "status", "status": "status",
		"body_bytes_sent": "bytes", "http_user_agent": "agent", "target_fqdn": "host",
	}
	byNumber, byLine := map[string]reading{}, map[string]reading{}
	messages := map[string]string{}
	for _, line := range linesOf(t, folder+test+"__parser.assert") {
		saw := sawLine.FindStringSubmatch(line)
		if saw == nil {
			continue
		}
		value, err := strconv.Unquote(saw[3])
		if err != nil {
			t.Fatal(err)
		}
		if byNumber[saw[1]] == nil {
			byNumber[saw[1]] = reading{}
		}
		switch ours := names[saw[2]]; {
		case saw[2] == "message":
			messages[saw[1]] = value
		case ours == "time":
			byNumber[saw[1]][ours] = stampOf(t, value)
		case ours != "":
			byNumber[saw[1]][ours] = value
		}
	}
	for n, message := range messages {
		byLine[message] = byNumber[n]
	}
	if len(byLine) == 0 {
		t.Fatal("the file of assertions tells nothing")
	}
	return func(line string, _ int) reading {
		for message, a := range byLine {
			if strings.HasSuffix(line, message) {
				return maps.Clone(a)
			}
		}
		return nil
	}
}

// stampOf is a time of any of the forms of logs.
func stampOf(t *testing.T, value string) string {
	t.Helper()
	for _, form := range []string{"02/Jan/2006:15:04:05 -0700", time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006/01/02 15:04:05"} {
		if when, err := time.Parse(form, value); err == nil {
			return when.UTC().Format(readingTime)
		}
	}
	t.Fatalf("a time of no known form: %q", value)
	return ""
}

// combinedLine is a strict reading of the combined format, with what syslog puts
// before it and what may stand behind it.
var combinedLine = regexp.MustCompile(`^(?:\w{3} [ \d]\d \S+ \S+ \w+\[\d+\]: )?([0-9a-fA-F.:]+) - (.+?) \[([^\]]+)\] "((?:[^"\\]|\\.)*)" (\d{3}) (\d+|-)(?: "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"(?: .*)?)?$`)

// byRegexp is a second opinion on lines that nobody has answered.
func byRegexp(t *testing.T, _ string) func(string, int) reading {
	return func(line string, _ int) reading {
		m := combinedLine.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("not in the combined format: %s", line)
			return nil
		}
		none := func(s string) string {
			if s == "-" {
				return ""
			}
			return s
		}
		a := reading{"ip": m[1], "user": none(m[2]), "time": stampOf(t, m[3]), "status": m[5], "bytes": none(m[6]), "agent": unslashed(none(m[8]))}
		if words := strings.Split(unslashed(m[4]), " "); len(words) == 3 && strings.HasPrefix(words[2], "HTTP/") {
			a["method"], a["target"] = words[0], words[1]
		}
		return a
	}
}

var slashes = regexp.MustCompile(`\\x[0-9a-fA-F]{2}|\\.`)

// unslashed undoes the escapes of nginx and Apache.
func unslashed(s string) string {
	return slashes.ReplaceAllStringFunc(s, func(e string) string {
		if n, err := strconv.ParseUint(e[2:], 16, 8); err == nil && e[1] == 'x' {
			return string([]byte{byte(n)})
		}
		return e[1:]
	})
}

// byJSON reads a record of Caddy, Kong or Kubernetes with encoding/json.
func byJSON(t *testing.T, _ string) func(string, int) reading {
	return func(line string, _ int) reading {
		var r struct {
			TS      *json.Number
			Status  *int
			Size    *int64
			UserID  string `json:"user_id"`
			Request struct {
				ClientIP          string `json:"client_ip"`
				Method, Host, URI string
				Headers           map[string]any
			}
			StartedAt      float64 `json:"started_at"`
			ClientIP       string  `json:"client_ip"`
			Response       struct{ Status, Size int }
			RequestURI     string
			ResponseStatus struct{ Code int }
			User           struct{ Username string }
			Impersonated   struct{ Username string } `json:"impersonatedUser"`
			UserAgent      string
			SourceIPs      []string
			Received       string `json:"requestReceivedTimestamp"`
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Errorf("%v: %s", err, line)
			return nil
		}
		a := reading{}
		if r.TS != nil {
			seconds, err := r.TS.Float64()
			if err != nil {
				t.Fatal(err)
			}
			a["time"] = time.UnixMicro(int64(seconds * 1e6)).UTC().Format(readingTime)
			a["ip"], a["method"], a["target"], a["status"], a["bytes"], a["user"] = r.Request.ClientIP, r.Request.Method, r.Request.URI, fmt.Sprint(*r.Status), fmt.Sprint(*r.Size), r.UserID
			a["host"], a["agent"] = r.Request.Host, fmt.Sprint(r.Request.Headers["User-Agent"].([]any)...)
			return a
		}
		if r.StartedAt != 0 {
			a["time"] = time.UnixMilli(int64(r.StartedAt)).UTC().Format(readingTime)
			a["ip"], a["method"], a["target"], a["status"], a["bytes"] = r.ClientIP, r.Request.Method, r.Request.URI, fmt.Sprint(r.Response.Status), fmt.Sprint(r.Response.Size)
			return a
		}
		a["target"], a["status"], a["user"], a["agent"] = r.RequestURI, fmt.Sprint(r.ResponseStatus.Code), r.User.Username, r.UserAgent
		if r.Received != "" {
			a["time"] = stampOf(t, r.Received)
		}
		if len(r.SourceIPs) > 0 {
			a["ip"] = r.SourceIPs[0]
		}
		return a
	}
}
