package httpsource

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// zstdWindow is how far back a zstd frame may refer: what RFC 8878 has every reader support.
const zstdWindow = 8 << 20

// splitOf is how a body of this type is split, before it is looked at.
func splitOf(split, contentType string) (string, *problem) {
	if contentType == "" {
		return split, nil
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", refuse(http.StatusUnsupportedMediaType, "content-type", "The type of the body cannot be read", fmt.Sprintf("Content-Type %q: %v", contentType, err), "")
	}
	if c := params["charset"]; c != "" && !strings.EqualFold(c, "utf-8") && !strings.EqualFold(c, "us-ascii") {
		return "", refuse(http.StatusUnsupportedMediaType, "charset", "The body is not in UTF-8", fmt.Sprintf("charset %q is not read", c), "send it in UTF-8")
	}
	switch {
	case kind == "application/json", kind == "text/json", kind == "text/plain", strings.HasSuffix(kind, "+json"):
		return split, nil
	case kind == "application/x-ndjson", kind == "application/ndjson", kind == "application/jsonl", kind == "application/x-jsonlines":
		if split == SplitAuto {
			split = SplitLines
		}
		return split, nil
	}
	return "", refuse(http.StatusUnsupportedMediaType, "content-type", "A body of this type is not read", fmt.Sprintf("Content-Type %q", contentType),
		"send application/json, application/x-ndjson or text/plain; with curl: -H 'Content-Type: application/json' --data-binary @file")
}

// body reads and unpacks the body of a request. The bytes that it holds of the budget
// are the caller's, also beside a problem.
func (in *inlet) body(ctx context.Context, r *http.Request) (text []byte, held int64, p *problem) {
	encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding")))
	limit := in.config.MaxBody
	plain := encoding == "" || encoding == "identity"
	if r.ContentLength > limit {
		return nil, 0, in.tooLarge()
	}
	held = limit
	if plain && r.ContentLength >= 0 {
		held = r.ContentLength
	}
	waits, stop := context.WithTimeout(ctx, in.config.Wait)
	defer stop()
	if err := in.budget.acquire(waits, held); err != nil {
		return nil, 0, busy("requests that are not durable yet fill max_inflight")
	}
	if plain && r.ContentLength >= 0 {
		text = make([]byte, held)
		if n, err := io.ReadFull(r.Body, text); err != nil {
			return nil, held, unread(err, fmt.Sprintf("it ended after %d of %d bytes", n, held))
		}
		return text, held, ended(text, r.Body)
	}
	src, end, p := unpacked(encoding, io.LimitReader(r.Body, limit+1))
	if p != nil {
		return nil, held, p
	}
	defer end()
	var all bytes.Buffer
	_, err := all.ReadFrom(io.LimitReader(src, limit+1))
	switch {
	case err == nil && int64(all.Len()) > limit:
		return nil, held, in.tooLarge()
	case err != nil:
		return nil, held, unread(err, fmt.Sprintf("after %d unpacked bytes: %v", all.Len(), err))
	}
	if more := held - int64(all.Cap()); more > 0 {
		in.budget.release(more)
		held -= more
	}
	return all.Bytes(), held, ended(all.Bytes(), r.Body)
}

// ended reads the end of a body: without it nobody is told that its client has left.
func ended(text []byte, body io.Reader) *problem {
	n, err := io.CopyN(io.Discard, body, 1)
	switch {
	case n > 0:
		return refuse(http.StatusBadRequest, "body", "The body cannot be read", "there is much more behind what was packed", "")
	case err != nil && !errors.Is(err, io.EOF):
		return unread(err, err.Error())
	case len(text) == 0:
		return refuse(http.StatusBadRequest, "body", "The body is empty", "there are no records in it", "")
	}
	return nil
}

func (in *inlet) tooLarge() *problem {
	return refuse(http.StatusRequestEntityTooLarge, "body-too-large", "The body is too large", fmt.Sprintf("max_body is %d bytes, unpacked", in.config.MaxBody), "send fewer records at a time")
}

// unread tells why a body could not be read to its end.
func unread(err error, text string) *problem {
	var network net.Error
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &network) && network.Timeout() {
		return refuse(http.StatusRequestTimeout, "timeout", "The body did not come in time", fmt.Sprintf("it may take %s", bodyTimeout), "")
	}
	return refuse(http.StatusBadRequest, "body", "The body cannot be read", text, "")
}

// unpacked is what comes out of a body. end is to be called when it was read.
func unpacked(encoding string, body io.Reader) (src io.Reader, end func(), p *problem) {
	var err error
	end = func() {}
	switch encoding {
	case "", "identity":
		return body, end, nil
	case "gzip", "x-gzip":
		src, err = gzip.NewReader(body)
	case "deflate":
		src, err = inflate(bufio.NewReader(body))
	case "zstd":
		var z *zstd.Decoder
		if z, err = zstd.NewReader(body, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindow)); err == nil {
			src, end = z, z.Close
		}
	default:
		return nil, nil, refuse(http.StatusUnsupportedMediaType, "content-encoding", "A body in this encoding is not read", fmt.Sprintf("Content-Encoding %q", encoding), "use gzip, zstd, deflate or none")
	}
	if err != nil {
		return nil, nil, unread(err, fmt.Sprintf("%s: %v", encoding, err))
	}
	return src, end, nil
}

// inflate reads deflate, which RFC 9110 says is the format of zlib; some send it bare.
func inflate(body *bufio.Reader) (io.Reader, error) {
	head, err := body.Peek(2)
	if err == nil && head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
		return zlib.NewReader(body)
	}
	return flate.NewReader(body), nil
}
