package mapper

import (
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// calls are rules whose actions stand in the records.
func calls(t testing.TB) *Rules {
	return &Rules{
		Name:    "calls",
		Routes:  []Route{{Pattern: pattern(t, "* /?Action=Special"), Action: Literal("ByRoute")}},
		OpenAPI: []Route{{Pattern: pattern(t, "POST /graphql/docs"), Action: Literal("ByDocument"), Operation: "docs"}},
		RPC: []RPC{
			{Route: Route{Pattern: pattern(t, "* /"), Service: Literal("Ecs"), ResourceName: value(t, "query.InstanceId")}},
			{Route: Route{Pattern: pattern(t, "POST /aws/{region}"), ResourceName: value(t, "path.region")}, Target: value(t, "headers.x-amz-target")},
			{Route: Route{Pattern: pattern(t, "POST /forced"), Action: value(t, "fields.op"), RW: event.Read}},
		},
		GraphQL: []GraphQL{{Route: Route{Pattern: pattern(t, "* /graphql/{tail...}"), Service: Literal("Graph")}, Operation: value(t, "fields.graphql_operation"), Kind: value(t, "fields.graphql_type")}},
		GRPC:    true,
		Default: Default{Service: Literal("rest")},
	}
}

func TestCalls(t *testing.T) {
	m := newMapper(t, Options{Format: "nginx", Rules: calls(t)})
	for _, test := range []struct {
		request, more string
		want          string // service, action, read or write, version, rule
	}{
		{"GET /?Action=StopInstance&Version=2014-05-26", "", "Ecs StopInstance Write 2014-05-26 calls/* /"},
		{"POST /?Version=2014-05-26&Action=DescribeInstances", "", "Ecs DescribeInstances Read 2014-05-26 calls/* /"},
		{"POST /?Action=Special", "", "rest ByRoute Write  calls/* /?Action=Special"},
		{"POST /", "", "rest POST / Write  calls/default"},
		{"POST /?Action=%22%3E%3Cscript", "", "rest POST / Write  calls/default"},
		{"POST /?Action=" + strings.Repeat("a", maxName+1), "", "rest POST / Write  calls/default"},
		{"POST /aws/eu", `"http_x_amz_target":"DynamoDB_20120810.PutItem"`, "DynamoDB PutItem Write 20120810 calls/POST /aws/{region}"},
		{"POST /aws/eu", `"http_x_amz_target":"com.example.AmazonEC2ContainerRegistry_V20150921.BatchGetImage"`, "AmazonEC2ContainerRegistry BatchGetImage Read 20150921 calls/POST /aws/{region}"},
		{"POST /aws/eu", `"http_x_amz_target":"TrentService.Encrypt"`, "TrentService Encrypt Write  calls/POST /aws/{region}"},
		{"POST /aws/eu", `"http_x_amz_target":"Encrypt"`, "rest Encrypt Write  calls/POST /aws/{region}"},
		{"POST /aws/eu", `"http_x_amz_target":"a b.Encrypt"`, "rest Encrypt Write  calls/POST /aws/{region}"},
		{"POST /aws/eu?Action=X", "", "rest POST /aws/eu Write  calls/default"},
		{"POST /forced", `"op":"drop_all"`, "rest drop_all Read  calls/POST /forced"},
		{"POST /graphql", `"graphql_operation":"getOrders","graphql_type":"query"`, "Graph GetOrders Read  calls/* /graphql/{tail...}"},
		{"POST /graphql", `"graphql_operation":"order_add","graphql_type":"MUTATION"`, "Graph OrderAdd Write  calls/* /graphql/{tail...}"},
		{"GET /graphql/a", `"graphql_operation":"getOrders"`, "Graph GetOrders Write  calls/* /graphql/{tail...}"}, // a client chose the name
		{"POST /graphql", `"graphql_type":"subscription"`, "Graph GraphqlSubscription Read  calls/* /graphql/{tail...}"},
		{"POST /graphql", `"graphql_operation":"a b","graphql_type":"query"`, "Graph GraphqlQuery Read  calls/* /graphql/{tail...}"},
		{"POST /graphql", `"graphql_operation":"___","graphql_type":"mutation"`, "Graph GraphqlMutation Write  calls/* /graphql/{tail...}"},
		{"POST /graphql", "", "Graph GraphqlRequest Write  calls/* /graphql/{tail...}"},
		{"POST /graphql/docs", `"graphql_type":"query"`, "rest ByDocument Write  calls/POST /graphql/docs"},
		{"POST /shop.v1.OrderService/GetOrder", "", "OrderService GetOrder Read v1 calls/grpc"},
		{"POST /shop.v1.OrderService/BatchDeleteOrders", `"http_content_type":"application/grpc+proto"`, "OrderService BatchDeleteOrders Write v1 calls/grpc"},
		{"POST /Greeter/SayHello", `"content_type":"application/grpc-web"`, "Greeter SayHello Write  calls/grpc"},
		{"POST /Greeter/SayHello", "", "rest POST /Greeter/SayHello Write  calls/default"},
		{"POST /shop.v1.OrderService/GetOrder", `"http_content_type":"text/html"`, "rest POST /{id}/GetOrder Write  calls/default"},
		{"GET /shop.v1.OrderService/GetOrder", "", "rest GET /{id}/GetOrder Read  calls/default"},
		{"POST /shop.v1.OrderService/GetOrder/x", "", "rest POST /{id}/GetOrder/x Write  calls/default"},
		{"POST /shop..OrderService/GetOrder", "", "rest POST /shop..OrderService/GetOrder Write  calls/default"},
		{"POST /static.file/index", "", "rest POST /static.file/index Write  calls/default"},
	} {
		e := mapNginx(t, m, test.request, test.more)
		if got := strings.Join([]string{e.Service, e.Name, e.RW, e.APIVersion, e.Origin.Mapper}, " "); got != test.want {
			t.Errorf("%s %s:\ngot  %s\nwant %s", test.request, test.more, got, test.want)
		}
	}
}

// mapNginx maps a request with more members of the record.
func mapNginx(t testing.TB, m *Mapper, request, more string) event.Event {
	t.Helper()
	if more != "" {
		more = "," + more
	}
	var e event.Event
	if err := m.Map(&plugins.Record{Data: []byte(`{"msec":"1795224417.404","status":200,"request":"` + request + ` HTTP/1.1"` + more + `}`)}, &e); err != nil {
		t.Fatalf("%s: %v", request, err)
	}
	return e
}

// The values that tell the action may be seen; others of the query stay on the machine.
func TestCallsShowWhatNamesThem(t *testing.T) {
	m := newMapper(t, Options{Format: "nginx", Rules: calls(t)})
	if e := mapNginx(t, m, "GET /?Action=StopInstance&Version=1&Password=x", ""); e.RequestParameters != `{"Action":"StopInstance","Password":"***","Version":"1"}` {
		t.Errorf("parameters are %s", e.RequestParameters)
	}
	if e := mapNginx(t, m, "POST /graphql", `"graphql_operation":"orders_all","graphql_type":"query"`); !strings.Contains(string(e.Additional), `"operationId":"orders_all"`) {
		t.Errorf("additional is %s", e.Additional)
	}
}

func TestFailureOfGRPC(t *testing.T) {
	m := newMapper(t, Options{Format: "nginx", Rules: calls(t)})
	for more, want := range map[string]string{
		`"upstream_trailer_grpc_status":"7"`: "PermissionDenied", `"grpc_status":0`: "", `"grpc_status":16`: "Unauthenticated", `"grpcStatus":"unavailable"`: "Unavailable",
		`"sent_http_grpc_status":"99"`: "Unknown", `"grpc_status":"OK"`: "", `"grpc_status":"x"`: "", `"other":7`: "",
	} {
		if e := mapNginx(t, m, "POST /shop.Orders/Get", more); e.ErrorCode != want || (e.ErrorMessage == "") != (want == "") {
			t.Errorf("%s: %q %q, want %q", more, e.ErrorCode, e.ErrorMessage, want)
		}
	}
	if e := mapNginx(t, m, "POST /", `"grpc_status":7`); e.ErrorCode != "" {
		t.Errorf("no call of gRPC fails with %s", e.ErrorCode)
	}
}

func TestVerbs(t *testing.T) {
	for action, want := range map[string]string{
		"GetOrder": event.Read, "ListOrders": event.Read, "DescribeInstances": event.Read, "BatchGetItem": event.Read, "WatchX": event.Read, "Get": event.Read, "getOrder": event.Read, "get_order": event.Read,
		"Search": event.Read, "Check": event.Read, "GetV2": event.Read, "HasAccess": event.Read, "Read2": event.Read,
		"CreateOrder": event.Write, "GetOrCreateOrder": event.Write, "FindAndModify": event.Write, "find_and_modify": event.Write, "BatchDelete": event.Write, "Batch": event.Write, "CheckIn": event.Write,
		"CheckOutBook": event.Write, "Checkout": event.Write, "Getaway": event.Write, "Listen": event.Write, "Issue": event.Write, "": event.Write, "Hash": event.Write,
	} {
		if got := verbRW(action); got != want {
			t.Errorf("%q is taken for %s", action, got)
		}
	}
}

func TestPascal(t *testing.T) {
	for s, want := range map[string]string{
		"repos/delete": "ReposDelete", "list-orders": "ListOrders", "listOrders": "ListOrders", "LIST_ORDERS": "ListOrders", "getURL": "GetURL", "get order by id": "GetOrderById", "a": "A", "": "", "///": "",
		"2fa/enable": "2faEnable", "über.größe": "ÜberGröße", "a\xffb": "AB", strings.Repeat("x", 200): "X" + strings.Repeat("x", maxName-1),
	} {
		if got := pascal(s); got != want {
			t.Errorf("%q is %q, want %q", s, got, want)
		}
	}
}

func TestCallsAllocateNothing(t *testing.T) {
	m := newMapper(t, Options{Format: "nginx", Rules: calls(t)})
	for _, record := range []string{
		`{"msec":"1795224417.404","status":200,"request":"POST /shop.v1.OrderService/GetOrder HTTP/2.0"}`,
		`{"msec":"1795224417.404","status":200,"request":"POST /graphql HTTP/1.1","graphql_operation":"orders_all","graphql_type":"query"}`,
		`{"msec":"1795224417.404","status":200,"request":"GET /?Action=StopInstance&Version=1 HTTP/1.1"}`,
		`{"msec":"1795224417.404","status":200,"request":"POST /aws/eu HTTP/1.1","http_x_amz_target":"DynamoDB_20120810.PutItem"}`,
	} {
		r := plugins.Record{Data: []byte(record)}
		if n := testing.AllocsPerRun(200, func() {
			var e event.Event
			if err := m.Map(&r, &e); err != nil {
				t.Fatal(err)
			}
		}); n > 0 {
			t.Errorf("%v allocations: %s", n, record)
		}
	}
}
