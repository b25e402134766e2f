// Package slstest is a double of Alibaba Cloud's Log Service on the wire, for tests:
// nobody but Alibaba Cloud has a real one. It was written from the public description
// of PutLogs, shares no code with the sink that is tested against it, checks signature,
// digest, compression and protobuf by itself, and refuses what it does not know.
package slstest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Log is a log as it was taken.
type Log struct {
	Time   time.Time
	Topic  string
	Source string
	Fields map[string]string
	Shard  string // "lb", or the hash that it was put by
	Order  []string
}

// Fault is what the service does to a request.
type Fault int

// Faults. After Cut and those with a code nothing of the request was taken, after Lost all was.
const (
	Fine  Fault = iota
	Cut         // the connection is closed
	Lost        // the connection is closed after the logs were taken
	Busy        // 503 ServerBusy
	Quota       // 403 WriteQuotaExceed
	Wrong       // 500 InternalServerError, and what is no JSON
	Hang        // there is no answer until the client gives up
	Slow        // the answer comes late
)

// Service is the service in one region, with one user and one project.
type Service struct {
	URL       string // of the server; requests are for the host Project.HOST
	Region    string
	Project   string
	Key       string
	Secret    string
	Token     string // of temporary keys; "": the key is none
	MostBytes int    // of a group, before compression
	MostLogs  int
	Now       func() time.Time

	mu        sync.Mutex
	logstores map[string][]Log
	schemes   map[string]int // of signatures, that were right
	forms     map[string]int // of compression
	choose    func() Fault
	requests  int
	refused   []string
	refuse    func(Log) string // the code with which a request with this log is refused; "": it is not
}

// Start runs a service until the test ends.
func Start(t testing.TB, logstores ...string) *Service {
	t.Helper()
	s := &Service{
		Region: "cn-hangzhou", Project: "audit-1", Key: "key-of-tests", Secret: "secret-of-tests", MostBytes: 10 << 20, MostLogs: 40960, Now: time.Now,
		logstores: map[string][]Log{}, schemes: map[string]int{}, forms: map[string]int{}, choose: func() Fault { return Fine },
	}
	for _, name := range logstores {
		s.logstores[name] = nil
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		if t.Failed() {
			s.mu.Lock()
			defer s.mu.Unlock()
			t.Logf("log service refused:\n%s", strings.Join(s.refused, "\n"))
		}
	})
	s.URL = server.URL
	return s
}

// Environment has the key, and nothing of the user who runs the test.
func (s *Service) Environment() []string {
	return []string{"ALIBABA_CLOUD_ACCESS_KEY_ID=" + s.Key, "ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + s.Secret, "ALIBABA_CLOUD_SECURITY_TOKEN=" + s.Token, "ALIBABA_CLOUD_ECS_METADATA_DISABLED=true"}
}

// Choose sets what chooses the faults from now on; nil: there are none.
func (s *Service) Choose(choose func() Fault) {
	if choose == nil {
		choose = func() Fault { return Fine }
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.choose = choose
}

// Refuse has requests refused with a code for a log in them; nil: none are.
func (s *Service) Refuse(why func(Log) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = why
}

// Logs are those in a logstore, as they came.
func (s *Service) Logs(logstore string) []Log {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Log(nil), s.logstores[logstore]...)
}

// Seen is how many requests came, how many were signed in each way, and compressed in each way.
func (s *Service) Seen() (requests int, schemes, forms map[string]int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests, s.schemes, s.forms
}

// failure is an error as Log Service answers it.
type failure struct {
	status        int
	code, message string
}

func (f *failure) Error() string { return f.code + ": " + f.message }

func fail(status int, code, message string) error { return &failure{status, code, message} }

// ServeHTTP answers one request.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	s.mu.Lock()
	fault := s.choose()
	s.requests++
	s.mu.Unlock()
	switch fault {
	case Cut:
		panic(http.ErrAbortHandler)
	case Hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case Wrong:
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, "<html>")
		return
	}
	if fault == Slow {
		select {
		case <-time.After(200 * time.Millisecond):
		case <-r.Context().Done():
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch fault {
	case Busy:
		err = fail(http.StatusServiceUnavailable, "ServerBusy", "the server is busy, please try again later.")
	case Quota:
		err = fail(http.StatusForbidden, "WriteQuotaExceed", "Write quota is exceeded.")
	default:
		err = s.take(r, body)
	}
	if fault == Lost {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("x-log-requestid", fmt.Sprintf("5D4C0A%08d", s.requests))
	if err == nil {
		return
	}
	f, ok := err.(*failure)
	if !ok {
		f = &failure{http.StatusInternalServerError, "InternalServerError", err.Error()}
	}
	s.refused = append(s.refused, fmt.Sprintf("%s %s: %v", r.Method, r.URL.RequestURI(), f))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.status)
	json.NewEncoder(w).Encode(map[string]string{"errorCode": f.code, "errorMessage": f.message})
}

// take is PutLogs: all logs of a request, or none.
func (s *Service) take(r *http.Request, body []byte) error {
	project, _, _ := strings.Cut(r.Host, ".")
	path := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	shard := "lb"
	switch {
	case r.Method != http.MethodPost || len(path) < 2 || path[0] != "logstores":
		return fail(http.StatusNotFound, "NotSupported", "this double knows PutLogs alone")
	case len(path) == 2 && r.URL.RawQuery == "", len(path) == 4 && path[2] == "shards" && path[3] == "lb" && r.URL.RawQuery == "":
	case len(path) == 4 && path[2] == "shards" && path[3] == "route":
		if shard = r.URL.Query().Get("key"); len(shard) != 32 || strings.Trim(shard, "0123456789abcdef") != "" {
			return fail(http.StatusBadRequest, "ParameterInvalid", "key is not 32 hexadecimal digits")
		}
	default:
		return fail(http.StatusBadRequest, "ParameterInvalid", "the path is not understood")
	}
	if r.Header.Get("x-log-apiversion") != "0.6.0" {
		return fail(http.StatusBadRequest, "InvalidAPIVersion", "x-log-apiversion is unsupported")
	}
	if r.Header.Get("Content-Type") != "application/x-protobuf" {
		return fail(http.StatusUnsupportedMediaType, "InvalidContentType", "Content-Type is unsupported")
	}
	scheme, err := s.verify(r, body)
	if err != nil {
		return err
	}
	if project != s.Project {
		return fail(http.StatusNotFound, "ProjectNotExist", "The Project does not exist : "+project)
	}
	logs, there := s.logstores[path[1]]
	if !there {
		return fail(http.StatusNotFound, "LogStoreNotExist", "logstore "+path[1]+" does not exist")
	}
	size, err := strconv.Atoi(r.Header.Get("x-log-bodyrawsize"))
	if err != nil || size < 0 {
		return fail(http.StatusBadRequest, "InvalidBodyRawSize", "x-log-bodyrawsize is invalid")
	}
	if size > s.MostBytes {
		return fail(http.StatusBadRequest, "PostBodyTooLarge", fmt.Sprintf("body size %d is too large", size))
	}
	form := r.Header.Get("x-log-compresstype")
	raw, err := unpack(form, body, size)
	if err != nil {
		return fail(http.StatusBadRequest, "PostBodyUncompressError", err.Error())
	}
	came, err := decodeGroup(raw)
	if err != nil {
		return fail(http.StatusBadRequest, "PostBodyInvalid", err.Error())
	}
	if len(came) > s.MostLogs {
		return fail(http.StatusBadRequest, "PostBodyInvalid", fmt.Sprintf("%d logs are too many", len(came)))
	}
	for i := range came {
		came[i].Shard = shard
		if age := s.Now().Sub(came[i].Time); age > 7*24*time.Hour || age < -15*time.Minute {
			return fail(http.StatusBadRequest, "InvalidTimestamp", "the time of a log is out of range: "+came[i].Time.String())
		}
		for key, value := range came[i].Fields {
			if len(value) > 1<<20 {
				return fail(http.StatusBadRequest, "PostBodyInvalid", "the value of "+key+" is too long")
			}
		}
		if s.refuse != nil {
			if code := s.refuse(came[i]); code != "" {
				return fail(http.StatusBadRequest, code, "a log was refused")
			}
		}
	}
	s.schemes[scheme]++
	s.forms[form]++
	s.logstores[path[1]] = append(logs, came...)
	return nil
}
