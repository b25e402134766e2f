package signed

import (
	"testing"
	"time"
)

// The value was made with: printf '1760000000.{"a":1}' | openssl dgst -sha256 -hmac secret-of-tests
func TestSign(t *testing.T) {
	const want = "t=1760000000,v1=b6a285995343d67ab602aeb6d2009b58005cb57972644c252267936827a6d1f8"
	if got := Sign([]byte("secret-of-tests"), time.Unix(1_760_000_000, 5), []byte(`{"a":1}`)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
