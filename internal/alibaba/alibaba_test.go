package alibaba

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// alone takes away what the machine of the test has.
func alone(t *testing.T) {
	for _, v := range []string{"ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN", "ROLE_ARN", "OIDC_PROVIDER_ARN", "OIDC_TOKEN_FILE", "PROFILE", "ECS_METADATA", "STS_REGION"} {
		t.Setenv("ALIBABA_CLOUD_"+v, "")
	}
	t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
	t.Setenv("ALIBABA_CLOUD_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
}

func TestEnvironment(t *testing.T) {
	alone(t)
	c := New(Config{Variables: [3]string{"OSS_ID", "OSS_SECRET", "OSS_TOKEN"}})
	if _, err := c.Get(t.Context()); err == nil || !strings.Contains(err.Error(), "no credentials") {
		t.Errorf("nothing is set: %v", err)
	}
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "a")
	if _, err := c.Get(t.Context()); err == nil || !strings.Contains(err.Error(), "one is set") {
		t.Errorf("half is set: %v", err)
	}
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "b")
	t.Setenv("ALIBABA_CLOUD_SECURITY_TOKEN", "c")
	if i, err := c.Get(t.Context()); err != nil || i != (Identity{ID: "a", Secret: "b", Token: "c"}) {
		t.Errorf("%+v, %v", i, err)
	}
	t.Setenv("OSS_ID", "d")
	t.Setenv("OSS_SECRET", "e")
	if i, err := c.Get(t.Context()); err != nil || i != (Identity{ID: "d", Secret: "e"}) {
		t.Errorf("%+v, %v", i, err)
	}
}

func TestFile(t *testing.T) {
	alone(t)
	file := filepath.Join(t.TempDir(), "credentials")
	for _, c := range []struct{ text, profile, want string }{
		{"# a comment\n[default]\naccess_key_id = a\naccess_key_secret = b=\n[other]\naccess_key_id=c\naccess_key_secret=d", "", "a b= "},
		{"[default]\naccess_key_id = a\naccess_key_secret = b\n[other]\ntype = sts\naccess_key_id=c\naccess_key_secret=d\nsecurity_token=e\n", "other", "c d e"},
		{"[default]\n", "other", "has no profile [other]"},
		{"[default]\ntype = rsa_key_pair\n", "", ":2: credentials of type \"rsa_key_pair\" are not read"},
		{"[default]\naccess_key_id = a\n", "", "needs access_key_id and access_key_secret"},
		{"[default]\ntype = sts\naccess_key_id = a\naccess_key_secret = b\n", "", "needs security_token"},
		{"[default\n", "", ":1: the name"},
		{"[default]\nsecret\n", "", ":2: it is neither"},
		{"[default]\ntype = ecs_ram_role\n", "", "this machine has no RAM role"},
	} {
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		all := New(Config{File: file, Profile: c.profile})
		all.metadata = "http://127.0.0.1:1"
		i, err := all.Get(t.Context())
		if err != nil {
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q: %v, want %q", c.text, err, c.want)
			}
		} else if got := i.ID + " " + i.Secret + " " + i.Token; got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
	if _, err := New(Config{File: file + "x"}).Get(t.Context()); err == nil || !strings.Contains(err.Error(), "no file of credentials") {
		t.Errorf("no file: %v", err)
	}
	// A file that is renewed holds from then on.
	c := New(Config{File: file})
	for n := range 2 {
		if err := os.WriteFile(file, fmt.Appendf(nil, "[default]\naccess_key_id = a%d\naccess_key_secret = b\n", n), 0o600); err != nil {
			t.Fatal(err)
		}
		if i, err := c.Get(t.Context()); err != nil || i.ID != fmt.Sprint("a", n) {
			t.Errorf("%+v, %v", i, err)
		}
	}
}

// metadata is that of a machine with the role "writer".
type metadata struct {
	keys    int
	expires time.Time
	down    bool
}

func (m *metadata) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case m.down:
		w.WriteHeader(http.StatusInternalServerError)
	case r.Method == http.MethodPut && r.URL.Path == "/latest/api/token" && r.Header.Get("X-aliyun-ecs-metadata-token-ttl-seconds") != "":
		fmt.Fprint(w, "a token")
	case r.Header.Get("X-aliyun-ecs-metadata-token") != "a token":
		w.WriteHeader(http.StatusForbidden)
	case r.URL.Path == "/latest/meta-data/ram/security-credentials/":
		fmt.Fprint(w, "writer\n")
	case r.URL.Path == "/latest/meta-data/ram/security-credentials/writer":
		m.keys++
		fmt.Fprintf(w, `{"Code":"Success","AccessKeyId":"STS.%d","AccessKeySecret":"s","SecurityToken":"t","Expiration":%q}`, m.keys, m.expires.Format(time.RFC3339))
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// The key of a role is used while it lasts, and renewed before its end.
func TestRoleOfTheMachine(t *testing.T) {
	alone(t)
	t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "")
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	m := &metadata{expires: now.Add(time.Hour)}
	server := httptest.NewServer(m)
	defer server.Close()
	c := New(Config{})
	c.metadata, c.now = server.URL, func() time.Time { return now }
	want := func(id string) {
		t.Helper()
		if i, err := c.Get(t.Context()); err != nil || i.ID != id || i.Secret != "s" || i.Token != "t" {
			t.Errorf("%+v, %v, want %s", i, err, id)
		}
	}
	want("STS.1")
	now = now.Add(45 * time.Minute)
	want("STS.1")
	now = now.Add(10 * time.Minute)
	m.down = true
	want("STS.1") // to its end
	m.down, m.expires = false, now.Add(time.Hour)
	want("STS.2")
	now, m.down = now.Add(2*time.Hour), true
	if i, err := c.Get(t.Context()); err == nil {
		t.Errorf("the key has ended, and there is %+v", i)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Get(ended); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("%v", err)
	}
}

func TestRoleOfThePod(t *testing.T) {
	alone(t)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("of the pod\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	refuse := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case refuse:
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"Code":"AuthenticationFail.OIDCToken.Expired","Message":"This JWT has expired."}`)
		case r.FormValue("Action") != "AssumeRoleWithOIDC" || r.FormValue("OIDCToken") != "of the pod" || r.FormValue("RoleArn") != "acs:ram::1:role/writer" || r.FormValue("OIDCProviderArn") != "acs:ram::1:oidc-provider/ack":
			w.WriteHeader(http.StatusBadRequest)
		default:
			fmt.Fprint(w, `{"Credentials":{"AccessKeyId":"STS.a","AccessKeySecret":"s","SecurityToken":"t","Expiration":"2126-01-01T00:00:00Z"}}`)
		}
	}))
	defer server.Close()
	t.Setenv("ALIBABA_CLOUD_ROLE_ARN", "acs:ram::1:role/writer")
	t.Setenv("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "acs:ram::1:oidc-provider/ack")
	t.Setenv("ALIBABA_CLOUD_OIDC_TOKEN_FILE", token)
	c := New(Config{})
	c.sts = server.URL
	if i, err := c.Get(t.Context()); err != nil || i.ID != "STS.a" || i.Token != "t" {
		t.Errorf("%+v, %v", i, err)
	}
	refuse, c = true, New(Config{})
	c.sts = server.URL
	if _, err := c.Get(t.Context()); err == nil || !strings.Contains(err.Error(), "This JWT has expired.") || strings.Contains(err.Error(), "of the pod") {
		t.Errorf("%v", err)
	}
}

// A file of credentials is what somebody wrote by hand.
func FuzzFile(f *testing.F) {
	f.Add([]byte("[default]\ntype = sts\naccess_key_id=c\naccess_key_secret=d\nsecurity_token=e\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if p, err := parseFile("f", text, "default"); err == nil && !p.machine && (p.ID == "" || p.Secret == "") {
			t.Errorf("%q is no identity: %+v", text, p)
		}
	})
}
