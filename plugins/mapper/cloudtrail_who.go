package mapper

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// ownMember is the member of additionalEventData in which render.CloudTrail keeps
// what a record has no place for.
const ownMember = "actiontrail"

// sourceNative is userIdentity.source of a record that is an event of an audit
// system, which has checked who acted.
const sourceNative = "native"

// cloudFurther are members of a record that additionalEventData keeps.
var cloudFurther = [...]string{"addendum", "edgeDeviceDetails", "eventContext", "insightDetails", "serviceEventDetails", "sessionCredentialFromConsole", "sharedEventID",
	"tlsDetails", "vpcEndpointAccountId", "vpcEndpointId"}

// Words of records and ours; others are the same in both. Never changed.
var (
	cloudTypes = map[string]string{
		"AwsApiCall": event.TypeAPICall, "AwsConsoleAction": event.TypeConsoleOperation, "AwsConsoleSignIn": event.TypeConsoleSignin, "AwsServiceEvent": event.TypeServiceEvent,
	}
	cloudWho = map[string]string{
		"Root": "root-account", "IAMUser": "ram-user", "AssumedRole": "assumed-role", "AWSService": "system", "Role": "role", "FederatedUser": "federated-user",
		"AWSAccount": "aws-account", "SAMLUser": "saml-user", "WebIdentityUser": "web-identity-user", "IdentityCenterUser": "identity-center-user",
		"Directory": "directory", "Unknown": "unknown",
	}
)

func ourWord(words map[string]string, theirs, instead string) string {
	if w, ok := words[theirs]; ok {
		return w
	}
	return or(theirs, instead)
}

// identity tells who acted: CloudTrail knows it from the credentials of the call.
// A record without anybody (an event of a service) says so.
func (r *cloudRecord) identity(e *event.Event) {
	e.Identity = event.Identity{Type: "unknown", Trust: event.TrustNone}
	d, ok := r.d.object("userIdentity")
	if !ok {
		if v := r.d.take("userIdentity"); v != nil {
			r.additional["userIdentity"] = v
		}
		return
	}
	kind := d.text("type")
	u := event.Identity{Type: ourWord(cloudWho, kind, "unknown"), Trust: event.TrustVerified, Source: sourceNative}
	u.PrincipalID, u.AccountID, u.UserName, u.AccessKeyID = d.text("principalId"), d.text("accountId"), d.text("userName"), d.text("accessKeyId")
	session, _ := d.object("sessionContext")
	u.SessionAttributes, u.SessionIssuer = r.part(session, "attributes"), r.part(session, "sessionIssuer")
	if len(session) > 0 {
		if more := r.canonical(session); more != "" {
			d["sessionContextExtra"] = json.RawMessage(more)
		}
	}
	if u.UserName == "" {
		u.UserName = userOfRecord(&u, d)
	}
	u.Extra = r.canonical(d)
	switch {
	case u.Type == "aws-account" && strings.EqualFold(u.AccountID, "anonymous") || u.PrincipalID == "ANONYMOUS_PRINCIPAL":
		u.Type, u.Trust, u.Source = "anonymous", event.TrustNone, ""
	case unchecked(e.ErrorCode):
		u.Trust = event.TrustClaimed
	}
	e.Identity = u
	if !e.ValidExtra() {
		r.additional["userIdentity"] = json.RawMessage(u.Extra)
		e.Identity.Extra = ""
	}
}

// userOfRecord is the name of who has none in the record: role:session, as events
// have it, the owner of the account, or the service.
func userOfRecord(u *event.Identity, d document) string {
	switch u.Type {
	case "assumed-role":
		_, session, _ := strings.Cut(u.PrincipalID, ":")
		role, _ := u.SessionIssuer.Get("userName")
		if role == "" || session == "" {
			return or(session, role)
		}
		return role + ":" + session
	case "root-account":
		return "root"
	case "system":
		var by string
		_ = json.Unmarshal(d["invokedBy"], &by) // a name, or none
		return event.Text(by)
	}
	return ""
}

// unchecked tells of an errorCode that the caller's credentials were refused.
func unchecked(code string) bool {
	switch code {
	case "AuthFailure", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "InvalidClientTokenId", "InvalidIdentityToken", "InvalidIdentityTokenException",
		"MissingAuthenticationToken", "SignatureDoesNotMatch", "UnrecognizedClientException", "IDPRejectedClaim":
		return true
	}
	return false
}

// signIn says of a sign-in what all events of that type do: whether it was one, and
// with a second factor.
func (r *cloudRecord) signIn(e *event.Event) {
	if e.Type != event.TypeConsoleSignin {
		return
	}
	switch v := bytes.TrimSpace(r.additional["MFAUsed"]); string(v) {
	case `"Yes"`:
		r.additional.set("isMFAChecked", "true")
	case `"No"`:
		r.additional.set("isMFAChecked", "false")
	}
	for _, name := range [...]string{"ConsoleLogin", "SwitchRole", "CheckMfa"} {
		if v, ok := e.ResponseElements.Get(name); ok && v == "Failure" && e.ErrorCode == "" {
			e.ErrorCode = name + v
		}
	}
	if e.ErrorCode != "" && e.Identity.Trust == event.TrustVerified {
		e.Identity.Trust = event.TrustClaimed
	}
}
