package wire

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// gatewayEvents are events as the nginx mapper makes them of JSON access lines:
// 5,000 users, ten resources, request ids of 32 digits.
func gatewayEvents(n int) []event.Event {
	r := rand.New(rand.NewPCG(1, 2))
	agents := []string{
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15",
		"aws-sdk-go-v2/1.36.3 os/linux lang/go#1.24.2 md/GOOS#linux md/GOARCH#amd64",
		"curl/8.5.0", "python-requests/2.32.3", "kubectl/v1.33.1 (linux/amd64) kubernetes/8adc0f0", "okhttp/4.12.0",
		"Terraform/1.9.8 (+https://www.terraform.io) terraform-provider-gateway/2.11.0",
	}
	verbs := []string{"Get", "Get", "Get", "Get", "Create", "Create", "Put", "Patch", "Delete"}
	nouns := []string{"Order", "User", "Invoice", "Cluster", "Bucket", "Secret", "Policy", "Role", "Token", "Route"}
	states := []int{200, 200, 200, 200, 200, 201, 204, 304, 400, 401, 403, 404, 500, 502}
	base := event.NewIDBase("UKEY", "edge", "2049:131:5d41402abc4b2a76", 0)
	at := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	offset := int64(0)
	events := make([]event.Event, n)
	for i := range events {
		at = at.Add(time.Duration(r.IntN(2000)) * time.Microsecond)
		u := r.IntN(5000)
		verb, noun, state := verbs[r.IntN(len(verbs))], nouns[r.IntN(len(nouns))], states[r.IntN(len(states))]
		name := fmt.Sprintf("%s-%06d", strings.ToLower(noun[:3]), r.IntN(200000))
		length := int64(520 + r.IntN(30))
		e := event.Event{
			ID: base.ID(offset), Category: event.CategoryManagement, Type: event.TypeAPICall, Name: verb + noun, RW: event.Write,
			Source: "api.prod.example.com", Service: noun, APIVersion: "v1", Time: event.At(at, 3), Region: "cn-hangzhou",
			SourceIP:  fmt.Sprintf("10.%d.%d.%d", u%200, (u/200)%250, r.IntN(255)),
			UserAgent: agents[(u+r.IntN(2))%len(agents)], RequestID: fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64()),
			RequestParameters: event.Object(fmt.Sprintf(`{"id":"%s","limit":"50","page":"%d"}`, name, r.IntN(40))),
			ResourceType:      "ACS::Shop::" + noun, ResourceName: name,
			Identity: event.Identity{Type: "basic", PrincipalID: fmt.Sprintf("u-%08x", u*7919), UserName: fmt.Sprintf("u-%08x", u*7919), Trust: event.TrustClaimed, Source: "remote_user"},
			Origin: event.Origin{File: "/var/log/nginx/access.log", FileID: "2049:131:5d41402abc4b2a76", Offset: offset, Length: length,
				Observed: event.At(at.Truncate(50*time.Millisecond), 6), Mapper: "shop " + verb + noun},
		}
		if verb == "Get" {
			e.RW = event.Read
		}
		if state >= 400 {
			e.ErrorCode = fmt.Sprint(state)
		}
		offset += length + 1
		events[i] = e
	}
	return events
}
