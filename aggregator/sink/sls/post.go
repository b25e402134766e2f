package sls

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/pierrec/lz4/v4"
)

// refusal is an answer of Log Service.
type refusal struct {
	Code    string `json:"errorCode"`
	Message string `json:"errorMessage"`
	status  int
	request string
	advice  string
}

func (r *refusal) Error() string {
	text := fmt.Sprintf("it says %s (%s, status %d)", r.Message, r.Code, r.status)
	if r.request != "" {
		text += ", request " + r.request
	}
	if r.advice != "" {
		text += "; " + r.advice
	}
	return text
}

// content tells whether a request was refused for what is in it, and would be again.
func (r *refusal) content() bool {
	return r.status == http.StatusRequestEntityTooLarge ||
		r.status == http.StatusBadRequest && slices.Contains([]string{"PostBodyTooLarge", "PostBodyInvalid", "InvalidTimestamp", "InvalidKey", "InvalidEncoding"}, r.Code)
}

// longestAnswer bounds what is read of an answer: errors are a few hundred bytes.
const longestAnswer = 64 << 10

// post sends one log group. nil: it is durable there.
func (s *Sink) post(ctx context.Context, body []byte) error {
	sent, err := s.compress(body)
	if err != nil {
		return err
	}
	who, err := s.who.Get(ctx)
	if err != nil {
		return err
	}
	u := *s.base
	u.Path = "/logstores/" + s.cfg.Logstore + "/shards/lb"
	if s.cfg.Ordered {
		sum := md5.Sum([]byte(s.cfg.Source)) // what the API wants: a place among the shards; it protects nothing
		u.Path, u.RawQuery = "/logstores/"+s.cfg.Logstore+"/shards/route", url.Values{"key": {hex.EncodeToString(sum[:])}}.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(sent))
	if err != nil {
		return err
	}
	req.Host = s.host
	h := req.Header
	h.Set("Content-Type", "application/x-protobuf")
	h.Set("User-Agent", "actiontrail")
	h.Set("x-log-apiversion", "0.6.0")
	h.Set("x-log-bodyrawsize", strconv.Itoa(len(body)))
	if s.cfg.Compression != None {
		h.Set("x-log-compresstype", s.cfg.Compression)
	}
	if s.cfg.Signature == V1 {
		signV1(req, sent, who, s.now())
	} else {
		signV4(req, sent, who, s.cfg.Region, s.now())
	}
	res, err := s.client.Do(req)
	if e := (*url.Error)(nil); errors.As(err, &e) {
		err = e.Err // without the address
	}
	if e := ctx.Err(); e != nil {
		if err == nil {
			res.Body.Close()
		}
		return e
	}
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, longestAnswer))
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return err
	}
	if res.StatusCode == http.StatusOK {
		return nil
	}
	no := &refusal{}
	if json.Unmarshal(text, no) != nil || no.Code == "" {
		no.Code, no.Message = "no code", http.StatusText(res.StatusCode)
	}
	no.status, no.request = res.StatusCode, res.Header.Get("x-log-requestid")
	no.advice = s.advice(no)
	return no
}

// advice is what a user can do about a refusal.
func (s *Sink) advice(r *refusal) string {
	switch r.Code {
	case "ProjectNotExist":
		return "make the project " + s.cfg.Project + " in region " + s.cfg.Region + ", or name another one"
	case "LogStoreNotExist":
		return "make the logstore " + s.cfg.Logstore + ", or name another one"
	case "SignatureNotMatch", "InvalidAccessKeyId":
		return "see that the credentials are right"
	case "Unauthorized":
		return "see that the credentials are right, and have the right log:PostLogStoreLogs"
	case "RequestTimeTooSkewed", "RequestTimeExpired":
		return "set the clock of this machine"
	case "WriteQuotaExceed", "ShardWriteQuotaExceed":
		return "it is tried again; more shards take more"
	}
	return ""
}

// compress gives bytes of their own: a connection may still read them when the answer is there.
func (s *Sink) compress(body []byte) ([]byte, error) {
	switch s.cfg.Compression {
	case LZ4: // a block without a frame
		out := make([]byte, lz4.CompressBlockBound(len(body)))
		n, err := lz4.CompressBlock(body, out, nil)
		if err != nil || n == 0 {
			return nil, fmt.Errorf("compress %d bytes: %w", len(body), err)
		}
		return out[:n], nil
	case Zstd:
		return s.zstd.EncodeAll(body, nil), nil
	}
	return bytes.Clone(body), nil
}
