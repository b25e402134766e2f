package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// whole is a mapper with every kind of block, each where and as an operator would write it.
const whole = `
source "file" "nginx-edge" {
  paths  = ["/var/log/nginx/access.log"]
  format = "nginx"
  mapper = "shop"
}
mapper "shop" {
  match {
    source      = "nginx-edge"
    host        = "api.shop.example"
    path_prefix = "/v1"
  }
  openapi {
    file         = "shop.yaml"
    base_path    = "/v1"
    service_from = "tag"
    action_from  = "operationId"
  }

  route "DELETE /carts/{cart}" {
    service  = "Carts"
    action   = "EmptyCart"
    resource = { type = "Shop::Cart", name = path.cart }
  }
  route "POST /orders/search" {
    action = "SearchOrders"
    rw     = "Read"
  }
  route "* /repos/{owner}/{repo}/contents/{path...}" {
    action   = "${title(method)}Content"
    resource = { type = "Repo", name = "${path.owner}/${path.repo}" }
  }
  grpc = true # /pkg.Svc/Method
  rpc "* /rpc" {
    service = "Calls"
  }
  graphql "POST /graphql" {
    operation = fields.graphql_operation
    type      = fields.graphql_type
  }
  ignore "GET /healthz" {}

  identity {
    order = ["consumer", "jwt.sub", "mtls.subject", "remote_user"]
    trust = { remote_user = "claimed" }
  }
  console {
    when = startswith(headers.referer, "https://console.")
  }
  params {
    keep    = ["page"]
    mask    = ["token", "password"]
    headers = ["x-request-id"]
  }
  default {
    service = "http"
    action  = "${method} ${template}" # the template, never the raw path
  }
}
`

// folder writes the configuration and the document beside it.
func folder(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	doc, err := os.ReadFile("testdata/shop.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"shop.hcl": text, "shop.yaml": string(doc)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "shop.hcl")
}

func TestWholeMapper(t *testing.T) {
	c, err := Load(folder(t, whole))
	if err != nil {
		t.Fatal(err)
	}
	m, err := mapper.New(c.Sources[0].Mapper)
	if err != nil {
		t.Fatal(err)
	}
	for request, want := range map[string]string{
		"GET /v1/orders/17":                        "Orders GetOrder Read Order 17",
		"DELETE /v1/orders/17":                     "Orders CancelOrder Write Order 17",
		"GET /v1/orders/17/lines?page=2":           "Orders ListLines Read Order 17",
		"DELETE /v1/carts/9":                       "Carts EmptyCart Write Shop::Cart 9",
		"POST /v1/orders/search":                   "http SearchOrders Read  ",
		"PUT /v1/repos/o/r/contents/a/b":           "http PutContent Write Repo o/r",
		"POST /v1/shop.Orders/ListOrders":          "Orders ListOrders Read  ",
		"POST /v1/rpc?Action=StopX":                "Calls StopX Write  ",
		"POST /v1/graphql":                         "http GraphqlRequest Write  ",
		"POST /v1/elsewhere/4711":                  "http POST /v1/elsewhere/{id} Write  ",
		"GET /orders/17":                           "http GET /orders/{id} Read  ",
		"GET /v1/orders/17 elsewhere.shop.example": "http GET /v1/orders/{id} Read  ",
	} {
		request, host, _ := strings.Cut(request, " elsewhere")
		if host == "" {
			host = "api.shop.example"
		}
		var e event.Event
		if err := m.Map(&plugins.Record{Data: []byte(`{"msec":"1","status":200,"http_host":"` + host + `","request":"` + request + ` HTTP/1.1"}`)}, &e); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join([]string{e.Service, e.Name, e.RW, e.ResourceType, e.ResourceName}, " "); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", request, got, want)
		}
	}
}

// A document is a part of the configuration: what changes in it changes the configuration.
func TestDocumentIsPartOfTheConfiguration(t *testing.T) {
	file := folder(t, whole)
	before, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	doc := filepath.Join(filepath.Dir(file), "shop.yaml")
	if len(before.Files) != 2 || before.Files[1].Name != doc {
		t.Errorf("files are %v", before.Files)
	}
	text, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(doc, []byte(strings.Replace(string(text), "CancelOrder", "DropOrder", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	after, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if after.Hash == before.Hash || after.Files[0] != before.Files[0] || after.Files[1] == before.Files[1] {
		t.Errorf("before %s %v, after %s %v", before.Hash, before.Files, after.Hash, after.Files)
	}
}

// Whatever a document holds, it becomes routes that can be used, or an error.
func FuzzDocument(f *testing.F) {
	text, err := os.ReadFile("testdata/shop.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add("x.yaml", text)
	f.Add("x.json", []byte(`{"swagger":"2.0","paths":{"/a/{b}":{"get":{}}}}`))
	f.Add("x", []byte("a: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		doc, err := parseDocument(name, text)
		if err != nil {
			return
		}
		routes, err := (&mapper.OpenAPI{}).Import(doc)
		if err != nil {
			return
		}
		if _, err := mapper.New(mapper.Options{Format: "nginx", Rules: &mapper.Rules{OpenAPI: routes}}); err != nil {
			t.Fatalf("imported, but: %v", err)
		}
	})
}
