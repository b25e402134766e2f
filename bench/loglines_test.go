package bench

import (
	"bufio"
	"math/rand/v2"
	"os"
	"strconv"
	"time"
)

// logLines makes the lines of a gateway's access log, in the JSON form of
// docs/guide/nginx.md, about 600 bytes each. The calls are those that
// deploy/quickstart/demo.hcl has routes for, but for one in twenty.
type logLines struct {
	random *rand.Rand
	now    time.Time
	line   []byte
}

func newLogLines() *logLines {
	return &logLines{random: rand.New(rand.NewPCG(1, 2)), now: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)}
}

// call is a kind of request. In its path * stands for an id, + for a name.
type call struct {
	method, path string
	weight       int
}

var calls = []call{
	{"GET", "/v1/instances", 12}, {"GET", "/v1/instances/i-*", 16}, {"POST", "/v1/instances", 3}, {"PATCH", "/v1/instances/i-*", 2},
	{"DELETE", "/v1/instances/i-*", 1}, {"POST", "/v1/instances/i-*/start", 2}, {"POST", "/v1/instances/i-*/stop", 2},
	{"GET", "/v1/security-groups", 3}, {"PUT", "/v1/security-groups/sg-*/rules/r-*", 1}, {"GET", "/v1/disks", 3}, {"POST", "/v1/disks/d-*/snapshots", 2},
	{"GET", "/v1/databases", 4}, {"GET", "/v1/databases/rm-*", 4}, {"POST", "/v1/databases/rm-*/backups", 1}, {"POST", "/v1/databases/rm-*/accounts/+/password", 1},
	{"GET", "/v1/users", 2}, {"GET", "/v1/users/+", 3}, {"POST", "/v1/users/+/access-keys", 1}, {"POST", "/v1/roles/+/assume", 3},
	{"GET", "/v1/buckets", 2}, {"GET", "/v1/buckets/+/objects/logs/2026/*.json", 14}, {"PUT", "/v1/buckets/+/objects/data/*.parquet", 6},
	{"GET", "/v1/trails", 1}, {"POST", "/console/signin", 2}, {"POST", "/console/signout", 1},
	{"GET", "/api/v2/reports/*", 3}, {"GET", "/api/v2/metrics", 2}, // no routes
}

var (
	weighted  = weigh(calls)
	logAgents = []string{
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15",
		"aws-sdk-go-v2/1.36.3 os/linux lang/go#1.24.2 md/GOOS#linux md/GOARCH#amd64", "curl/8.5.0", "python-requests/2.32.3",
		"kubectl/v1.33.1 (linux/amd64) kubernetes/8adc0f0", "okhttp/4.12.0",
		"Terraform/1.9.8 (+https://www.terraform.io) terraform-provider-gateway/2.11.0",
	}
	logStatuses = []int{200, 200, 200, 200, 200, 200, 200, 200, 200, 201, 204, 204, 304, 400, 403, 404, 500}
	logQueries  = []string{"", "", "", "?page=", "?status=running&page=", "?token=s3cret&page="}
)

func weigh(calls []call) []call {
	var all []call
	for _, c := range calls {
		for range c.weight {
			all = append(all, c)
		}
	}
	return all
}

// next is the next line with its newline, good until the call after.
func (l *logLines) next() []byte {
	l.now = l.now.Add(time.Duration(l.random.IntN(2000)) * time.Microsecond)
	return l.at(l.now)
}

// at is the next line, of this time.
func (l *logLines) at(now time.Time) []byte {
	r, user := l.random, l.random.IntN(2000)
	c := weighted[r.IntN(len(weighted))]
	b := append(l.line[:0], `{"time_iso8601":"`...)
	b = now.UTC().AppendFormat(b, "2006-01-02T15:04:05-07:00")
	b = append(b, `","msec":"`...)
	b = strconv.AppendInt(b, now.Unix(), 10)
	b = append(b, '.')
	b = digits(b, now.Nanosecond()/1e6, 3)
	b = address(append(b, `","remote_addr":"`...), 10, user)
	b = address(append(b, `","http_x_forwarded_for":"`...), 203, user)
	b = append(b, `","remote_user":"","request_id":"`...)
	b = hex(b, r.Uint64(), 16)
	b = hex(b, r.Uint64(), 16)
	b = append(append(b, `","request_method":"`...), c.method...)
	b = l.path(append(b, `","request_uri":"`...), c.path)
	if q := logQueries[r.IntN(len(logQueries))]; q != "" {
		b = strconv.AppendInt(append(b, q...), int64(r.IntN(40)), 10)
	}
	b = append(b, `","server_protocol":"HTTP/1.1","status":`...)
	b = strconv.AppendInt(b, int64(logStatuses[r.IntN(len(logStatuses))]), 10)
	b = strconv.AppendInt(append(b, `,"body_bytes_sent":`...), int64(r.IntN(60000)), 10)
	b = digits(append(b, `,"request_time":0.`...), 1+r.IntN(900), 3)
	b = append(b, `,"http_host":"api.prod.example.com","server_name":"api","http_referer":"`...)
	if user%4 == 0 {
		b = append(b, "https://console.example.com/overview"...)
	}
	b = append(append(b, `","http_user_agent":"`...), logAgents[(user+r.IntN(2))%len(logAgents)]...)
	b = digits(append(b, `","consumer":"user-`...), user, 4)
	b = hex(append(b, `","http_x_api_key":"AK`...), uint64(user)*0x9E3779B97F4A7C15, 16)
	l.line = append(b, "\"}\n"...)
	return l.line
}

// short is a line as the peers get it, of 13 fields and 390 bytes.
func (l *logLines) short() []byte {
	l.now = l.now.Add(time.Duration(l.random.IntN(2000)) * time.Microsecond)
	r, user := l.random, l.random.IntN(2000)
	c := weighted[r.IntN(len(weighted))]
	b := strconv.AppendInt(append(l.line[:0], `{"msec":"`...), l.now.Unix(), 10)
	b = digits(append(b, '.'), l.now.Nanosecond()/1e6, 3)
	b = address(append(b, `","remote_addr":"`...), 10, user)
	b = address(append(b, `","x_forwarded_for":"`...), 203, user)
	b = hex(append(b, `","remote_user":"","request_id":"`...), r.Uint64(), 16)
	b = hex(b, r.Uint64(), 16)
	b = append(append(b, `","method":"`...), c.method...)
	b = l.path(append(b, `","request_uri":"`...), c.path)
	b = strconv.AppendInt(append(b, `","status":`...), int64(logStatuses[r.IntN(len(logStatuses))]), 10)
	b = strconv.AppendInt(append(b, `,"body_bytes_sent":`...), int64(r.IntN(60000)), 10)
	b = digits(append(b, `,"request_time":0.`...), 1+r.IntN(900), 3)
	b = append(append(b, `,"host":"api.example.com","user_agent":"`...), logAgents[(user+r.IntN(2))%len(logAgents)]...)
	b = digits(append(b, `","consumer":"user-`...), user, 4)
	l.line = append(b, "\"}\n"...)
	return l.line
}

// path appends a path whose ids and names are drawn.
func (l *logLines) path(b []byte, path string) []byte {
	for i := range len(path) {
		switch path[i] {
		case '*':
			b = hex(b, uint64(l.random.IntN(50000))*0x9E3779B97F4A7C15, 12)
		case '+':
			b = digits(append(b, "name-"...), l.random.IntN(500), 3)
		default:
			b = append(b, path[i])
		}
	}
	return b
}

func address(b []byte, first, n int) []byte {
	for i, part := range [4]int{first, n % 200, n / 200, 1 + n*7%250} {
		if i > 0 {
			b = append(b, '.')
		}
		b = strconv.AppendInt(b, int64(part), 10)
	}
	return b
}

func hex(b []byte, n uint64, width int) []byte {
	for i := range width {
		b = append(b, "0123456789abcdef"[n>>(60-4*i)&15])
	}
	return b
}

func digits(b []byte, n, width int) []byte {
	for i := range width {
		d := n
		for range width - 1 - i {
			d /= 10
		}
		b = append(b, byte('0'+d%10))
	}
	return b
}

// writeLog writes a log of n lines and tells its size.
func writeLog(path string, n int) (size int64, err error) {
	return writeLogOf(path, n, (*logLines).next)
}

// writeLogOf is writeLog of lines of this kind.
func writeLogOf(path string, n int, next func(*logLines) []byte) (size int64, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	lines, w := newLogLines(), bufio.NewWriterSize(f, 1<<20)
	for range n {
		k, err := w.Write(next(lines))
		if err != nil {
			return 0, err
		}
		size += int64(k)
	}
	if err := w.Flush(); err != nil {
		return 0, err
	}
	return size, f.Sync()
}
