package mapper

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func parsed(t testing.TB, text string) any {
	t.Helper()
	var doc any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

const shopDocument = `{
  "openapi": "3.1.0",
  "info": {"title": "Shop interface", "version": "2"},
  "servers": [{"url": "https://api.shop.example/v1/"}, {"url": "{scheme}://{host}/{stage}/v1", "variables": {"scheme": {"default": "https"}, "host": {"default": "h"}, "stage": {"default": "test", "enum": ["test", "next"]}}}],
  "x-other": 1,
  "paths": {
    "x-group": [1],
    "/orders": {
      "get": {"operationId": "orders/list-all", "tags": ["order desk", "x"], "parameters": [
        {"$ref": "#/components/parameters/page"}, {"name": "q", "in": "query", "schema": {"type": "string"}}, {"name": "open", "in": "query", "schema": {"type": ["boolean", "null"]}},
        {"name": "sort", "in": "query", "schema": {"$ref": "#/components/schemas/Sort"}}, {"name": "ids", "in": "query", "schema": {"type": "array", "items": {"type": "integer"}}},
        {"name": "secret", "in": "query", "schema": {"type": "integer"}, "x-audit-mask": true}, {"name": "X-Count", "in": "header", "schema": {"type": "integer"}}
      ]},
      "post": {"operationId": "createOrder", "tags": ["order desk"], "x-audit-action": "PlaceOrder"}
    },
    "/orders/{order-id}": {
      "parameters": [{"name": "order-id", "in": "path", "schema": {"type": "string"}}, {"name": "deep", "in": "query", "schema": {"type": "boolean"}}],
      "get": {"operationId": "orders_get", "parameters": [{"name": "deep", "in": "query", "schema": {"type": "string"}}]},
      "delete": {"operationId": "orders.delete", "x-audit-mask": ["order-id"], "x-audit-resource": "Shop::Order"},
      "x-audit-rw": "write"
    },
    "/orders/{order}/items/{owner}/{item}.{format}": {"get": {"x-audit-resource": {"type": "Shop::Item", "name": "item"}}},
    "/orders:search": {"post": {"operationId": "search", "x-audit-rw": "Read"}},
    "/addresses/{street}/{no}": {"put": {"operationId": "twice", "tags": ["a"]}, "patch": {"operationId": "Twice", "tags": ["b"]}},
    "/copy": {"$ref": "#/paths/~1orders:search"},
    "/files/{rest+}": {"get": {"operationId": "file", "servers": [{"url": "/raw"}]}},
    "/{bucketId}": {"head": {"operationId": "head bucket"}},
    "/any": {"query": {"operationId": "any"}, "additionalOperations": {"LINK": {"operationId": "link"}}}
  },
  "components": {"parameters": {"page": {"name": "page", "in": "query", "schema": {"type": "integer"}}}, "schemas": {"Sort": {"type": "string", "enum": ["up", "down"]}}}
}`

// written is a route in a line.
func written(r *Route) string {
	text := func(x *Expr) string {
		switch {
		case x == nil:
			return "-"
		case x.kind == join:
			var all []string
			for _, a := range x.args {
				all = append(all, a.text)
			}
			return strings.Join(all, "")
		}
		return x.text
	}
	return fmt.Sprintf("%s: %s %s %s, %s of %s, %q shown %v masked %v", r.Pattern.text, text(r.Service), text(r.Action), r.RW, text(r.ResourceName), text(r.ResourceType), r.Operation, r.Shown, r.Masked)
}

func imported(t testing.TB, o OpenAPI, text string) string {
	t.Helper()
	routes, err := o.Import(parsed(t, text))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for i := range routes {
		b.WriteString(written(&routes[i]) + "\n")
	}
	return b.String()
}

func TestImport(t *testing.T) {
	got := imported(t, OpenAPI{BasePath: "/v1", PathPrefix: "/v1/"}, shopDocument)
	want := `PUT /addresses/{street}/{no}: A APutAddressesByStreetByNo , street/no of Address, "twice" shown [] masked []
PATCH /addresses/{street}/{no}: B BPatchAddressesByStreetByNo , street/no of Address, "Twice" shown [] masked []
QUERY /any: ShopInterface Any Read, - of -, "any" shown [] masked []
LINK /any: ShopInterface Link , - of -, "link" shown [] masked []
POST /copy: ShopInterface PostCopy Read, - of -, "search" shown [] masked []
GET /files/{rest...}: ShopInterface File , rest of File, "file" shown [] masked []
GET /orders: OrderDesk OrdersListAll , - of -, "orders/list-all" shown [page open sort ids] masked [secret]
POST /orders: OrderDesk PlaceOrder , - of -, "createOrder" shown [] masked []
GET /orders/{order-id}: ShopInterface OrdersGet Write, order-id of Order, "orders_get" shown [] masked []
DELETE /orders/{order-id}: ShopInterface OrdersDelete Write, order-id of Shop::Order, "orders.delete" shown [deep] masked [order-id]
GET /orders/{order}/items/{owner}/{item}.{format}: ShopInterface GetOrdersByOrderItemsByOwnerByItemByFormat , item of Shop::Item, "" shown [] masked []
POST /orders:search: ShopInterface PostOrdersSearch Read, - of -, "search" shown [] masked []
HEAD /{bucketId}: ShopInterface HeadBucket , bucketId of Bucket, "head bucket" shown [] masked []
`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestImportFrom(t *testing.T) {
	const doc = `{"swagger": "2.0", "info": {"title": "t"}, "basePath": "api/v2/", "paths": {"/a/{b}": {"get": {"operationId": "x", "tags": ["s"], "parameters": [{"name": "n", "in": "query", "type": "number"}, {"name": "s", "in": "query", "type": "string"}]}}}}`
	for want, o := range map[string]OpenAPI{
		`GET /api/v2/a/{b}: S X , b of A, "x" shown [n] masked []`:       {},
		`GET /v2/a/{b}: T X , b of A, "x" shown [n] masked []`:           {ServiceFrom: "title", PathPrefix: "/api"},
		`GET /api/v2/a/{b}: A GetAByB , b of A, "x" shown [n] masked []`: {ServiceFrom: "path", ActionFrom: "path", PathPrefix: "/ap"},
		`GET /a/{b}: Own X , b of A, "x" shown [n] masked []`:            {Service: "Own", BasePath: "/"},
	} {
		if got := strings.TrimSpace(imported(t, o, doc)); got != want {
			t.Errorf("%+v:\ngot  %s\nwant %s", o, got, want)
		}
	}
}

// Requests go below each base path that a document names, those of an operation's own servers before the document's.
func TestBasePaths(t *testing.T) {
	routes, err := (&OpenAPI{}).Import(parsed(t, shopDocument))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range routes {
		if r.Operation == "link" || r.Operation == "file" {
			got = append(got, r.Pattern.text)
		}
	}
	if want := []string{"LINK /v1/any", "LINK /test/v1/any", "LINK /next/v1/any", "GET /raw/files/{rest...}"}; !slices.Equal(got, want) {
		t.Errorf("patterns are %q", got)
	}
	for address, want := range map[string]string{"https://h": "", "https://h/": "/", "//h/a/b": "/a/b", "/a?x": "/a", "a/b": "", ".": "", "https://h:8/%C3%A9": "/%C3%A9", "": "", "::": ""} {
		if got := pathOf(address); got != want {
			t.Errorf("path of %q is %q", address, got)
		}
	}
}

func TestWrongDocuments(t *testing.T) {
	const head = `{"openapi": "3.0.0", "paths": `
	for text, want := range map[string]string{
		`[]`:                                                                     `its top is not an object`,
		`{"paths": {}}`:                                                          `neither openapi`,
		`{"openapi": "4.0"}`:                                                     `neither openapi`,
		`{"openapi": "3.1.0"}`:                                                   `paths: an object is needed`,
		head + `{}}`:                                                             `paths: there is no operation in it`,
		head + `{"orders": {}}}`:                                                 `paths > orders: a path begins with /`,
		head + `{"/a": []}}`:                                                     `paths > /a: an object is needed`,
		head + `{"/a": {"get": 1}}}`:                                             `paths > /a > get: an object is needed`,
		head + `{"/a": {"get": {"tags": 1}}}}`:                                   `paths > /a > get > tags: a list is needed`,
		head + `{"/a": {"get": {"tags": [1]}}}}`:                                 `paths > /a > get > tags > 0: text is needed`,
		head + `{"/a": {"get": {"operationId": 1}}}}`:                            `paths > /a > get > operationId: text is needed`,
		head + `{"/a": {"get": {"x-audit-rw": "maybe"}}}}`:                       `paths > /a > get > x-audit-rw: "maybe" is neither Read nor Write`,
		head + `{"/a": {"get": {"x-audit-mask": "a"}}}}`:                         `paths > /a > get > x-audit-mask: a list is needed`,
		head + `{"/a": {"get": {"x-audit-action": 1}}}}`:                         `paths > /a > get > x-audit-action: text is needed`,
		head + `{"/a": {"get": {"x-audit-resource": 1}}}}`:                       `paths > /a > get > x-audit-resource: write a type`,
		head + `{"/a": {"get": {"x-audit-resource": {"name": "b"}}}}}`:           `"b" is no parameter of the path`,
		head + `{"/a": {"get": {"parameters": {}}}}}`:                            `paths > /a > get > parameters: a list is needed`,
		head + `{"/a": {"get": {"parameters": [{"$ref": "#/x"}]}}}}`:             `paths > /a > get > parameters > 0: it refers to #/x, which is not there`,
		head + `{"/a": {"$ref": "other.yaml#/a"}}}`:                              `paths > /a: it refers to another file, other.yaml#/a`,
		head + `{"/a": {"$ref": "#/paths/~1b"}, "/b": {"$ref": "#/paths/~1a"}}}`: `its references run in a circle`,
		head + `{"/a/{x}{y}": {"get": {}}}}`:                                     `paths > /a/{x}{y} > get: pattern "GET /a/{x}{y}"`,
		head + `{"/a/{x...}/y": {"get": {}}}}`:                                   `nothing can follow it`,
		`{"openapi": "3.0.0", "servers": {}, "paths": {"/a": {"get": {}}}}`:      `servers: a list is needed`,
		`{"swagger": "2.0", "basePath": 1, "paths": {"/a": {"get": {}}}}`:        `basePath: text is needed`,
	} {
		if _, err := (&OpenAPI{}).Import(parsed(t, text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\nerror is %v, want %q in it", text, err, want)
		}
	}
}

// A route goes before a document, and what the document says of parameters holds.
func TestDocumentInAMapper(t *testing.T) {
	routes, err := (&OpenAPI{BasePath: "/v1"}).Import(parsed(t, shopDocument))
	if err != nil {
		t.Fatal(err)
	}
	m := newMapper(t, Options{Format: "nginx", Rules: &Rules{
		Name: "shop", OpenAPI: routes, Params: Params{Keep: []string{"q", "secret"}, Mask: []string{"sort"}},
		Routes: []Route{{Pattern: pattern(t, "* /v1/{any...}"), Action: Literal("ByRoute"), Host: "old.example"}},
	}})
	e := mapNginx(t, m, "GET /v1/orders?page=2&open=true&sort=up&q=x&secret=7&other=1", "")
	if want := `{"open":"true","other":"***(1)","page":"2","q":"x","secret":"***","sort":"***"}`; string(e.RequestParameters) != want {
		t.Errorf("parameters are %s", e.RequestParameters)
	}
	if e.Service != "OrderDesk" || e.Name != "OrdersListAll" || e.RW != "Read" || e.Origin.Mapper != "shop/GET /v1/orders" || !strings.Contains(string(e.Additional), `"httpStatus":200,"operationId":"orders/list-all"`) {
		t.Errorf("event is %+v", e)
	}
	if e := mapNginx(t, m, "GET /v1/orders", `"http_host":"old.example"`); e.Name != "ByRoute" {
		t.Errorf("the route does not go before the document: %s", e.Name)
	}
	e = mapNginx(t, m, "DELETE /v1/orders/secret-code", "")
	if e.ResourceType != "Shop::Order" || e.RequestParameters != `{"order-id":"***"}` || strings.Contains(string(e.Additional), "secret-code") {
		t.Errorf("%s %s %s", e.ResourceType, e.RequestParameters, e.Additional)
	}
	if e := mapNginx(t, m, "GET /v1/orders/1/items/o/a.b.json", ""); e.ResourceName != "a.b" || e.RequestParameters != `{"format":"json","item":"a.b","order":"1","owner":"o"}` {
		t.Errorf("%s %s", e.ResourceName, e.RequestParameters)
	}
}

func TestSingular(t *testing.T) {
	for s, want := range map[string]string{"orders": "order", "policies": "policy", "addresses": "address", "boxes": "box", "statuses": "status", "status": "status", "databases": "database", "aliases": "alias", "gas": "gas", "news": "news", "branches": "branch", "class": "class"} {
		if got := singular(s); got != want {
			t.Errorf("%s: %s", s, got)
		}
	}
}

// Whatever a document holds, it becomes rules that can be used, or an error.
func FuzzImport(f *testing.F) {
	f.Add(shopDocument, "/v1", "")
	f.Add(`{"swagger": "2.0", "basePath": "api", "paths": {"/a/{b}.{c}": {"get": {"operationId": "x"}}}}`, "", "/api")
	f.Add(`{"openapi": "3.0", "paths": {"/a/{b}": {"get": {"parameters": [{"schema": {"allOf": [{"$ref": "#/x"}]}}]}}}, "x": {"$ref": "#/x"}}`, "", "")
	f.Fuzz(func(t *testing.T, text, base, prefix string) {
		var doc any
		if json.Unmarshal([]byte(text), &doc) != nil {
			return
		}
		routes, err := (&OpenAPI{BasePath: base, PathPrefix: prefix}).Import(doc)
		if err != nil {
			return
		}
		m, err := New(Options{Format: "nginx", Rules: &Rules{OpenAPI: routes}})
		if err != nil {
			t.Fatalf("imported, but: %v", err)
		}
		for i := range routes {
			target := strings.NewReplacer(`"`, "%22", `\`, "%5C").Replace(strings.TrimPrefix(routes[i].Pattern.text, routes[i].Pattern.method+" "))
			mapped(m, `{"msec":"1","status":200,"request_method":"`+routes[i].Pattern.method+`","request_uri":"`+target+`"}`)
		}
	})
}
