package auditevents

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	algorithm = "AWS4-HMAC-SHA256"
	service   = "cloudtrail-data"
	stampForm = "20060102T150405Z"
	// signatureAge is how old, or how far ahead, a signature may be.
	signatureAge = 15 * time.Minute
)

// signature is what the Authorization header of a call says (Signature Version 4).
type signature struct {
	key, day, region string
	headers          []string
	value            []byte
	stamp            time.Time
}

// signatureOf reads the header; what is wrong is told without a word of what would be right.
func signatureOf(r *http.Request) (s signature, p *problem) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return s, refuse(http.StatusForbidden, "MissingAuthenticationTokenException", "the request has no Authorization: sign it with Signature Version 4")
	}
	bad := refuse(http.StatusForbidden, "IncompleteSignatureException", "the Authorization header is not one of Signature Version 4")
	fields, ok := strings.CutPrefix(header, algorithm+" ")
	if !ok {
		return s, bad
	}
	var credential, headers, value string
	for field := range strings.SplitSeq(fields, ",") {
		name, text, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch name {
		case "Credential":
			credential = text
		case "SignedHeaders":
			headers = text
		case "Signature":
			value = text
		}
	}
	scope := strings.Split(credential, "/")
	var err error
	if s.value, err = hex.DecodeString(value); err != nil || len(scope) != 5 || scope[4] != "aws4_request" {
		return s, bad
	}
	if scope[3] != service {
		return s, refuse(http.StatusForbidden, "InvalidSignatureException", "the credential is for service "+scope[3]+", and this is "+service)
	}
	s.key, s.day, s.region, s.headers = scope[0], scope[1], scope[2], strings.Split(headers, ";")
	for _, must := range []string{"host", "x-amz-date"} {
		if !slices.Contains(s.headers, must) {
			return s, refuse(http.StatusForbidden, "InvalidSignatureException", must+" is not among the signed headers")
		}
	}
	if s.stamp, err = time.Parse(stampForm, r.Header.Get("X-Amz-Date")); err != nil || s.stamp.Format("20060102") != s.day {
		return s, refuse(http.StatusForbidden, "InvalidSignatureException", "X-Amz-Date is missing, or not of the day of the credential")
	}
	return s, nil
}

// check compares the signature with that of the secret, over the request and its body.
func (s *signature) check(r *http.Request, body []byte, secret string, now time.Time) *problem {
	if age := now.Sub(s.stamp); age > signatureAge || age < -signatureAge {
		return refuse(http.StatusForbidden, "InvalidSignatureException", "the signature is too old, or the clocks differ: it is of "+s.stamp.Format(time.RFC3339)+", and here it is "+now.UTC().Format(time.RFC3339))
	}
	if !hmac.Equal(s.value, s.sign(r, body, secret)) {
		return refuse(http.StatusForbidden, "InvalidSignatureException", "the signature does not match: is it the right secret, and does the Host header come here unchanged?")
	}
	return nil
}

// sign is the signature that the request should have.
func (s *signature) sign(r *http.Request, body []byte, secret string) []byte {
	var canonical strings.Builder
	canonical.WriteString(r.Method + "\n" + escape(r.URL.EscapedPath(), true) + "\n" + canonicalQuery(r.URL.Query()) + "\n")
	for _, name := range s.headers {
		value := r.Host
		if name != "host" {
			value = strings.Join(r.Header.Values(name), ",")
		}
		canonical.WriteString(name + ":" + strings.Join(strings.Fields(value), " ") + "\n")
	}
	payload := sha256.Sum256(body)
	canonical.WriteString("\n" + strings.Join(s.headers, ";") + "\n" + hex.EncodeToString(payload[:]))
	whole := sha256.Sum256([]byte(canonical.String()))
	scope := s.day + "/" + s.region + "/" + service + "/aws4_request"
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.day, s.region, service, "aws4_request"} {
		key = mac(key, part)
	}
	return mac(key, algorithm+"\n"+s.stamp.Format(stampForm)+"\n"+scope+"\n"+hex.EncodeToString(whole[:]))
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// canonicalQuery has the parameters in the order of their names, and of the values of one.
func canonicalQuery(q url.Values) string {
	var all []string
	for name, values := range q {
		for _, v := range values {
			all = append(all, escape(name, false)+"="+escape(v, false))
		}
	}
	slices.Sort(all)
	return strings.Join(all, "&")
}

// escape writes all bytes but A-Z a-z 0-9 - . _ ~ as %XX.
func escape(s string, path bool) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', strings.IndexByte("-._~", c) >= 0, path && c == '/':
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}
