package mapper

import (
	"math/rand/v2"
	"testing"
)

// Ids are what an audit is searched by: whatever systems draw is not taken for a secret.
func TestIdsAreNoSecrets(t *testing.T) {
	const hex, capital, small, digits = "0123456789abcdef", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", "0123456789"
	const base62 = digits + capital + small
	r := rand.New(rand.NewPCG(3, 4))
	draw := func(n int, alphabet string) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = alphabet[r.IntN(len(alphabet))]
		}
		return string(b)
	}
	for kind, id := range map[string]func() string{
		"uuid": func() string {
			return draw(8, hex) + "-" + draw(4, hex) + "-4" + draw(3, hex) + "-a" + draw(3, hex) + "-" + draw(12, hex)
		},
		"upper uuid":  func() string { return draw(8, "0123456789ABCDEF") + "-" + draw(4, "0123456789ABCDEF") },
		"ulid":        func() string { return "01" + draw(24, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") },
		"ksuid":       func() string { return draw(27, base62) },
		"nanoid":      func() string { return draw(21, base62+"_-") },
		"md5":         func() string { return draw(32, hex) },
		"sha1":        func() string { return draw(40, hex) },
		"sha256":      func() string { return "sha256:" + draw(64, hex) },
		"object id":   func() string { return draw(24, hex) },
		"snowflake":   func() string { return draw(19, digits) },
		"trace":       func() string { return "00-" + draw(32, hex) + "-" + draw(16, hex) + "-01" },
		"pod":         func() string { return "orders-api-" + draw(10, digits+small) + "-" + draw(5, digits+small) },
		"pods of old": func() string { return "task-manager-disk-" + draw(10, digits+small) + "-" + draw(5, digits+small) },
		"instance":    func() string { return "i-bp1" + draw(17, digits+small) },
		"file":        func() string { return draw(33, base62+"_-") },
		"document":    func() string { return draw(44, base62+"_-") },
		"fingerprint": func() string { return "ED25519 SHA256:" + draw(43, base62+"+/") },
		"base64 md5":  func() string { return draw(22, base62+"+/") + "==" },
		"etag":        func() string { return `W/"` + draw(27, base62) + `"` },
		"video":       func() string { return draw(11, base62+"_-") },
	} {
		const n = 20_000
		wrong := 0
		for range n {
			if looksSecret(id()) {
				wrong++
			}
		}
		if wrong > n/1000 {
			t.Errorf("%s: %d of %d", kind, wrong, n)
		}
	}
	for range 100 { // what only stands behind the same word is no fingerprint
		s := "SHA256:" + draw(40, base62)
		if isRandom(s[len("SHA256:"):]) && !looksSecret(s) {
			t.Errorf("%s does not look secret", s)
		}
	}
	for _, s := range []string{
		"arn:aws:iam::123456789012:role/ReadOnly", "acs:ram::123456789:role/admin", "projects/x/secrets/y:access", "accounts:resetPassword", "application/x-www-form-urlencoded",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36", "aws-sdk-go-v2/1.24.0 os/linux lang/go#1.21.4 md/GOOS#linux md/GOARCH#amd64 api/s3#1.47.5",
		"https://console.shop.example/EcsInstances/DescribeInstancesInRegionList2/Overview", "CN=alice,OU=Platform Engineering,O=Example GmbH,C=DE", "https://console.example:8443/a@b",
		"kubectl/v1.28.2 (linux/amd64) kubernetes/89a4ea3", "system:serviceaccount:kube-system:token-cleaner", "GetConsoleScreenshotOfInstanceVersion2Beta", "page=2", "sort=name", "a=b",
	} {
		if looksSecret(s) {
			t.Errorf("%s looks secret", s)
		}
		if got := maskText(s); got != s {
			t.Errorf("%s becomes %s", s, got)
		}
	}
}
