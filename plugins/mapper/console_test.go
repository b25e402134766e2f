package mapper

import (
	"testing"

	"github.com/actiontrail/actiontrail/event"
)

func TestConsole(t *testing.T) {
	m := newMapper(t, Options{Format: "nginx-json", Rules: &Rules{Console: Console{
		When: apply(t, "contains", value(t, "headers.cookie"), Literal("console_session")), Hosts: []string{"console.shop.example", "*.ops.example"}, UserAgents: []string{"ShopConsole", "Shop Desk"},
	}}})
	for members, want := range map[string]bool{
		`"http_referer":"https://console.shop.example/ecs?x=1"`:       true,
		`"http_referer":"HTTPS://Console.Shop.Example.:8443#x"`:       true,
		`"http_referer":"http://console.shop.example"`:                true,
		`"http_origin":"https://console.shop.example"`:                true,
		`"http_origin":"https://a.b.ops.example"`:                     true,
		`"http_host":"console.shop.example:443"`:                      true,
		`"http_user_agent":"ShopConsole"`:                             true,
		`"http_user_agent":"ShopConsole/2.1 (x)"`:                     true,
		`"http_user_agent":"Shop Desk 2"`:                             true,
		`"http_cookie":"a=b; console_session=x"`:                      true,
		`"http_referer":"https://console.shop.example.evil/"`:         false,
		`"http_referer":"https://console.shop.example@evil/"`:         false,
		`"http_referer":"https://evil/https://console.shop.example/"`: false,
		`"http_referer":"https://evil?https://console.shop.example/"`: false,
		`"http_referer":"https://evil\\\\console.shop.example/"`:      false,
		`"http_referer":"https://console.shop.example\\@evil/"`:       false,
		`"http_referer":"https://console.shop.example\u0000.evil/"`:   false,
		`"http_referer":"https://xconsole.shop.example/"`:             false,
		`"http_referer":"https://console.shop.example:443@evil/"`:     false,
		`"http_referer":"https:/console.shop.example/"`:               false,
		`"http_referer":"//console.shop.example/"`:                    false,
		`"http_referer":"javascript://console.shop.example/"`:         false,
		`"http_referer":"https://"`:                                   false,
		`"http_referer":"https://ops.example/"`:                       false,
		`"http_origin":"null"`:                                        false,
		`"http_host":"console.shop.example.evil"`:                     false,
		`"http_user_agent":"ShopConsole2"`:                            false,
		`"http_user_agent":"x ShopConsole/2"`:                         false,
		`"http_user_agent":"curl"`:                                    false,
	} {
		got := mapOne(t, m, `{"msec":"1.5","uri":"/a","status":200,`+members+`}`).Type
		if (got == event.TypeConsoleOperation) != want {
			t.Errorf("%s: %s", members, got)
		}
	}
	for _, wrong := range []Console{{Hosts: []string{""}}, {Hosts: []string{"https://console.example"}}, {Hosts: []string{"a/b"}}, {Hosts: []string{"*."}}, {Hosts: []string{"a*"}}, {UserAgents: []string{" "}}} {
		if wrong.Check() == nil {
			t.Errorf("%+v passes", wrong)
		}
	}
}

// Signing in is no operation of a console, and who fails is only who they said.
func TestSignIn(t *testing.T) {
	m := newMapper(t, Options{Format: "nginx-json", Rules: &Rules{
		Console: Console{Hosts: []string{"signin.shop.example"}},
		Routes: []Route{
			{Pattern: pattern(t, "POST /login"), Service: Literal("AasSub"), Type: event.TypeConsoleSignin, ErrorCode: value(t, "fields.error"), Additional: []Named{{"mfaChecked", value(t, "fields.mfa")}}},
			{Pattern: pattern(t, "POST /logout"), Service: Literal("AasSub"), Type: event.TypeConsoleSignout},
		},
		Identity: Identity{Trust: map[string]string{"remote_user": event.TrustVerified}},
	}})
	record := func(path, status, members string) string {
		return `{"msec":"1.5","request_method":"POST","request_uri":"` + path + `","status":` + status + `,"http_host":"signin.shop.example","remote_user":"alice"` + members + `}`
	}
	e := mapOne(t, m, record("/login", "302", `,"mfa":"true"`))
	if e.Name != "ConsoleSignin" || e.Type != event.TypeConsoleSignin || e.Service != "AasSub" || e.RW != event.Write || e.ErrorCode != "" || e.Source != "signin.shop.example" ||
		e.Identity.Trust != event.TrustVerified || e.Additional != `{"httpMethod":"POST","httpPath":"/login","httpStatus":302,"mfaChecked":"true"}` {
		t.Errorf("%s", e.AppendJSON(nil))
	}
	e = mapOne(t, m, record("/login", "200", `,"error":"WrongPassword"`))
	if e.ErrorCode != "WrongPassword" || e.Identity.Trust != event.TrustClaimed {
		t.Errorf("%s", e.AppendJSON(nil))
	}
	e = mapOne(t, m, record("/logout", "302", ""))
	if e.Name != "ConsoleSignout" || e.Type != event.TypeConsoleSignout || e.Identity.Trust != event.TrustVerified {
		t.Errorf("%s", e.AppendJSON(nil))
	}
	if e = mapOne(t, m, record("/other", "200", "")); e.Type != event.TypeConsoleOperation {
		t.Errorf("%s", e.AppendJSON(nil))
	}
}
