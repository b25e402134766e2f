package mapper

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

func jwt(claims string) string {
	return "eyJhbGciOiJSUzI1NiJ9." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2lnbmF0dXJl"
}

// who is the identity of a record of nginx's JSON form with these members added.
func who(t testing.TB, m *Mapper, members string) event.Identity {
	t.Helper()
	return mapOne(t, m, `{"msec":"1.5","request_uri":"/a","request_method":"GET","status":200,`+members+`}`).Identity
}

func mapOne(t testing.TB, m *Mapper, record string) event.Event {
	t.Helper()
	var e event.Event
	if err := m.Map(&plugins.Record{Data: []byte(record)}, &e); err != nil {
		t.Fatalf("%v: %s", err, record)
	}
	return e
}

func TestTokenBecomesClaims(t *testing.T) {
	m := newMapper(t, Options{Format: "nginx-json"})
	long := strings.Repeat("x", maxClaim)
	for claims, want := range map[string]event.Identity{
		`{"sub":"u-1"}`: {UserName: "u-1", PrincipalID: "u-1", Type: "jwt"},
		`{"sub":"u-1","iss":"https://id.example","azp":"web","iat":1795224417.9,"amr":["pwd","otp"],"email":"a@b.example","jti":"secret","nonce":"n"}`: {
			UserName: "u-1", PrincipalID: "u-1", Type: "jwt",
			SessionAttributes: `{"clientId":"web","creationDate":"2026-11-21T01:26:57Z","issuer":"https://id.example","mfaAuthenticated":"true"}`},
		`{"sub":"u-1","auth_time":1795224400,"iat":1795224417,"client_id":"cli","azp":"web","amr":["pwd"]}`: {
			UserName: "u-1", PrincipalID: "u-1", Type: "jwt",
			SessionAttributes: `{"clientId":"cli","creationDate":"2026-11-21T01:26:40Z","mfaAuthenticated":"false"}`},
		`{"sub":"u-1","acr":"urn:x:MFA","iat":"no","auth_time":-4}`: {UserName: "u-1", PrincipalID: "u-1", Type: "jwt", SessionAttributes: `{"mfaAuthenticated":"true"}`},
		`{"sub":"u-1","acr":"1","amr":["mfax"]}`:                    {UserName: "u-1", PrincipalID: "u-1", Type: "jwt"},
		`{"act":{"sub":"svc-1","act":{"sub":"svc-0"}},"sub":"u-1"}`: {
			UserName: "u-1:svc-1", PrincipalID: "u-1:svc-1", Type: "assumed-role",
			SessionAttributes: `{"actor":"svc-1"}`, SessionIssuer: `{"principalId":"u-1","type":"jwt","userName":"u-1"}`},
		`{"sub":"u-1","act":"svc-1"}`:                 {UserName: "u-1", PrincipalID: "u-1", Type: "jwt"},
		`{"sub":"u-1","act":{"sub":"s"`:               {Type: "anonymous"},
		`{"sub":17}`:                                  {UserName: "17", PrincipalID: "17", Type: "jwt"},
		`{"sub":"` + long + `"}`:                      {UserName: long, PrincipalID: long, Type: "jwt"},
		`{"sub":"` + long + `x"}`:                     {Type: "anonymous"},
		`{"sub":["u-1"]}`:                             {Type: "anonymous"},
		`{"sub":"a","sub":"b\u00e9\n` + "\xff" + `"}`: {UserName: "bé\n\uFFFD", PrincipalID: "bé\n\uFFFD", Type: "jwt"},
		`{"sub":"` + jwt(`{}`) + `"}`:                 {UserName: "***", PrincipalID: "***", Type: "jwt"},
		`["sub"]`:                                     {Type: "anonymous"},
		``:                                            {Type: "anonymous"},
	} {
		if want.Trust, want.Source = event.TrustClaimed, "jwt.sub"; want.Type == "anonymous" {
			want.Trust, want.Source = event.TrustNone, ""
		}
		if got := who(t, m, fmt.Sprintf("%q:%q", "http_authorization", "Bearer "+jwt(claims))); got != want {
			t.Errorf("%s:\n%+v, want\n%+v", claims, got, want)
		}
	}
}

// What is not a token says nothing, and does not break the record.
func TestBrokenTokens(t *testing.T) {
	m := newMapper(t, Options{Format: "nginx-json"})
	whole := jwt(`{"sub":"u-1"}`)
	for _, credentials := range []string{
		"Bearer", "Bearer ", "Bearer .", "Bearer ..", "Bearer a.b", "Bearer a.!!.c", "Bearer " + whole[:len(whole)/2], "bearer\t" + whole, "Basic " + whole, "Token " + whole,
		"Bearer a." + strings.Repeat("e30", maxToken) + ".c", "Bearer " + strings.TrimSuffix(whole, ".c2lnbmF0dXJl"),
	} {
		if got := who(t, m, fmt.Sprintf("%q:%q", "http_authorization", credentials)); got.Type != "anonymous" {
			t.Errorf("%s: %+v", credentials, got)
		}
	}
	for _, credentials := range []string{"bearer " + whole, "DPoP " + whole, "Bearer  " + whole} {
		if got := who(t, m, fmt.Sprintf("%q:%q", "http_authorization", credentials)); got.UserName != "u-1" {
			t.Errorf("%s: %+v", credentials, got)
		}
	}
}

// What the gateway tells of a token and what the token says are not mixed.
func TestToldClaimsStandAlone(t *testing.T) {
	m := newMapper(t, Options{Format: "nginx-json"})
	forged := jwt(`{"sub":"root","act":{"sub":"mallory"},"amr":["mfa"],"iss":"evil"}`)
	got := who(t, m, `"jwt_claim_sub":"u-1","jwt_claim_iss":"https://id.example","jwt_claim_act":"{\"sub\":\"svc-1\"}","http_authorization":"Bearer `+forged+`"`)
	want := event.Identity{Type: "assumed-role", UserName: "u-1:svc-1", PrincipalID: "u-1:svc-1", Trust: event.TrustClaimed, Source: "jwt.sub",
		SessionAttributes: `{"actor":"svc-1","issuer":"https://id.example"}`, SessionIssuer: `{"principalId":"u-1","type":"jwt","userName":"u-1"}`}
	if got != want {
		t.Errorf("%+v, want\n%+v", got, want)
	}
}

// What a dialect knows of the session by itself stands in the event; so does who
// acted, beside whose rights they used.
func TestSessionOfADialect(t *testing.T) {
	m := newMapper(t, Options{Format: "nginx-json"})
	m.read = func(m *Mapper, _ []byte) error {
		q := &m.request
		q.user, q.checked.user, q.status = "alice", true, 200
		q.session = session{role: "system:admin", roleType: "ram-user", account: "c-1", mfa: "true"}
		return nil
	}
	want := event.Identity{Type: "assumed-role", UserName: "system:admin:alice", PrincipalID: "system:admin:alice", Trust: event.TrustVerified, Source: "remote_user",
		SessionAttributes: `{"actor":"alice","mfaAuthenticated":"true"}`, SessionIssuer: `{"accountId":"c-1","principalId":"system:admin","type":"ram-user","userName":"system:admin"}`}
	if got := mapOne(t, m, `{}`).Identity; got != want {
		t.Errorf("%+v, want\n%+v", got, want)
	}
}

// Whoever was refused is only claimed, whatever the gateway has checked.
func TestRefusedIsClaimed(t *testing.T) {
	for _, status := range []int{200, 401, 403, 407, 500} {
		for _, failed := range []bool{false, true} {
			m := newMapper(t, Options{Format: "nginx-json"})
			m.read = func(m *Mapper, _ []byte) error {
				q := &m.request
				q.consumer, q.checked.consumer, q.checked.failed, q.status = "shop", true, failed, status
				return nil
			}
			want := event.TrustVerified
			if failed || status == 401 || status == 407 {
				want = event.TrustClaimed
			}
			if got := mapOne(t, m, `{}`).Identity.Trust; got != want {
				t.Errorf("status %d, failed %v: %s, want %s", status, failed, got, want)
			}
		}
	}
}

// A token costs few allocations, and none that grow with it.
func TestTokenAllocatesLittle(t *testing.T) {
	m := newMapper(t, Options{Format: "nginx-json"})
	var claims strings.Builder
	for i := range 200 {
		fmt.Fprintf(&claims, `"claim-%d":["x",{"y":%d}],`, i, i)
	}
	r := plugins.Record{Data: []byte(`{"msec":"1.5","request_uri":"/a","status":200,"http_authorization":"Bearer ` + jwt(`{`+claims.String()+`"sub":"u-1","iss":"i"}`) + `"}`)}
	n := testing.AllocsPerRun(100, func() {
		var e event.Event
		if err := m.Map(&r, &e); err != nil || e.Identity.UserName != "u-1" {
			t.Fatalf("%v: %+v", err, e.Identity)
		}
	})
	if n > 4 {
		t.Errorf("%v allocations a record", n)
	}
}

// Whatever a client sends as a token, it becomes an identity of bounded names.
func FuzzToken(f *testing.F) {
	f.Add(`{"sub":"u-1","act":{"sub":"x"},"amr":["pwd","otp"],"iat":1.5e300}`)
	f.Add(`{"sub":"\ud83d\ude00","act":{"sub":"x"`)
	m := newMapper(f, Options{Format: "nginx-json"})
	f.Fuzz(func(t *testing.T, claims string) {
		for _, members := range []string{`"http_authorization":"Bearer ` + jwt(claims) + `"`, string(event.AppendString([]byte(`"http_authorization":`), "Bearer "+claims))} {
			e := mapOne(t, m, `{"msec":"1.5","request_uri":"/a","status":200,`+members+`}`)
			if len(e.Identity.UserName) > 6*maxClaim+1 {
				t.Fatalf("a name of %d bytes", len(e.Identity.UserName))
			}
			text := string(e.AppendJSON(nil))
			back, err := event.ParseJSON([]byte(text))
			if err != nil || string(back.AppendJSON(nil)) != text {
				t.Fatalf("%v: %s", err, text)
			}
		}
	})
}
