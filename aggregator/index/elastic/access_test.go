package elastic_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/index/elastic"
	"github.com/actiontrail/actiontrail/aggregator/index/indextest"
	"github.com/actiontrail/actiontrail/event"
)

// access puts a proxy before the node that asks for TLS and for who it is, as a
// node with security does.
func (n *node) access(t *testing.T) {
	target, err := url.Parse(n.url)
	if err != nil {
		t.Fatal(err)
	}
	const key = "aWQ6c2VjcmV0"
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		user, password, _ := r.BasicAuth()
		switch auth := r.Header.Get("Authorization"); {
		case user == "trail" && password == "pass:word", len(auth) > 7 && strings.EqualFold(auth[:7], "ApiKey ") && auth[7:] == key:
			r.Header.Del("Authorization")
			w.Header().Del("X-Elastic-Product")
			proxy.ServeHTTP(w, r)
		case user == "reader":
			fail(w, http.StatusForbidden, "security_exception")
		default:
			fail(w, http.StatusUnauthorized, "security_exception")
		}
	}))
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	server.StartTLS()
	defer server.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	for name, c := range map[string]struct {
		access elastic.Access
		want   string // in the error; empty: there is none
	}{
		"basic":            {elastic.Access{Username: "trail", Password: "pass:word", CA: ca}, ""},
		"API key":          {elastic.Access{APIKey: key, CA: ca}, ""},
		"wrong password":   {elastic.Access{Username: "trail", Password: "other", CA: ca}, "answers 401"},
		"wrong key":        {elastic.Access{APIKey: base64.StdEncoding.EncodeToString([]byte("id:other")), CA: ca}, "answers 401"},
		"nobody":           {elastic.Access{CA: ca}, "answers 401"},
		"without a right":  {elastic.Access{Username: "reader", Password: "x", CA: ca}, "answers 403"},
		"other authority":  {elastic.Access{APIKey: key}, "certificate"},
		"not a certficate": {elastic.Access{APIKey: key, CA: []byte("x")}, "no certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := n.config(t.TempDir())
			c.access.Addresses = []string{server.URL}
			cfg.Access = c.access
			x, err := elastic.Open(cfg)
			if err == nil {
				err = x.Ready(context.Background())
			}
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("%v, want %s", err, c.want)
				}
				if strings.Contains(err.Error(), "other") || strings.Contains(err.Error(), key) {
					t.Fatalf("the error tells the secret: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var lanes indextest.Lanes
			if err := x.Write(context.Background(), []event.Batch{lanes.Batch("a", indextest.Events(9, 3)...)}); err != nil {
				t.Fatal(err)
			}
		})
	}
}
