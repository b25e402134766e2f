package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// line is one line of the access log. Names and forms are those of nginx
// variables in a log_format with escape=json, as docs/guide/nginx.md shows it.
type line struct {
	Time          string      `json:"time_iso8601"`
	Msec          string      `json:"msec"`
	RemoteAddr    string      `json:"remote_addr"`
	RemoteUser    string      `json:"remote_user"`
	RequestID     string      `json:"request_id"`
	Method        string      `json:"request_method"`
	RequestURI    string      `json:"request_uri"`
	URI           string      `json:"uri"`
	Args          string      `json:"args"`
	Protocol      string      `json:"server_protocol"`
	Status        int         `json:"status"`
	BodyBytesSent int64       `json:"body_bytes_sent"`
	RequestTime   json.Number `json:"request_time"`
	Host          string      `json:"http_host"`
	ServerName    string      `json:"server_name"`
	Referer       string      `json:"http_referer"`
	UserAgent     string      `json:"http_user_agent"`
	ForwardedFor  string      `json:"http_x_forwarded_for"`
	Consumer      string      `json:"consumer"`       // who the gateway says it was; empty: it does not know
	APIKey        string      `json:"http_x_api_key"` // as it came: the agent makes a hash of it
}

// accessLog is the gateway's log file. It is rotated by renaming once it has
// max bytes: FILE becomes FILE.1, and so on up to FILE.keep.
type accessLog struct {
	path string
	max  int64
	keep int

	mu   sync.Mutex
	file *os.File
	size int64
	buf  bytes.Buffer
}

func openAccessLog(path string, max int64, keep int) (*accessLog, error) {
	l := &accessLog{path: path, max: max, keep: keep}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return l, l.open()
}

func (l *accessLog) open() error {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return err
	}
	l.file, l.size = f, info.Size()
	return nil
}

// write appends the line with one write, so that a reader sees whole lines.
func (l *accessLog) write(entry *line) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf.Reset()
	enc := json.NewEncoder(&l.buf)
	enc.SetEscapeHTML(false) // nginx does not either
	if err := enc.Encode(entry); err != nil {
		return err
	}
	if l.size > 0 && l.size+int64(l.buf.Len()) > l.max {
		if err := l.rotate(); err != nil {
			return err
		}
	}
	n, err := l.file.Write(l.buf.Bytes())
	l.size += int64(n)
	return err
}

func (l *accessLog) rotate() error {
	for i := l.keep; i > 0; i-- {
		from := l.path
		if i > 1 {
			from = fmt.Sprint(l.path, ".", i-1)
		}
		if err := os.Rename(from, fmt.Sprint(l.path, ".", i)); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	old := l.file
	if err := l.open(); err != nil {
		return err
	}
	return old.Close()
}

func (l *accessLog) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}
