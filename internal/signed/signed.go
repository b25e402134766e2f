// Package signed is how receivers know that what is posted to them comes from who
// knows the secret that they share, and when it was sent.
package signed

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"
)

const (
	// Header holds t=SECONDS,v1=HEX: HMAC-SHA-256 with the secret of "SECONDS.BODY".
	Header = "Actiontrail-Signature"
	// IDHeader holds what is the same each time the same is sent.
	IDHeader = "Actiontrail-Id"
)

// Sign is the value of Header.
func Sign(secret []byte, at time.Time, body []byte) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(seconds + "."))
	h.Write(body)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(h.Sum(nil))
}
