package write

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// What a Learner proposes can be loaded as it is written, hostile paths included.
func TestMapper(t *testing.T) {
	var l mapper.Learner
	for _, path := range []string{"/v1/orders", "/v1/orders/17", "/v1/orders/${x}/%{if}", "/a\nb/\x1b[31m", `/say"hi"/\u202e`, "/x/\u2028/y", "/healthz", "/app.js", "/assets/a.css", "/security-groups/sg-1/rules/r-1"} {
		l.Add("GET", path, "")
		l.Add("POST", path, "Action=Run${x}")
	}
	text := string(Mapper("learned", l.Propose()))
	file := filepath.Join(t.TempDir(), "x.hcl")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(file)
	if err != nil {
		t.Fatalf("%v\nof\n%s", err, text)
	}
	if len(c.Mappers) != 1 || len(c.Mappers[0].Rules.Routes) < 8 || len(c.Mappers[0].Rules.Ignore) < 2 {
		t.Errorf("%d mappers of\n%s", len(c.Mappers), text)
	}
	if want := `  # once, such as /v1/orders/17
  route "GET /v1/orders/{order}" {
    service  = "Orders"
    action   = "GetOrder"
    resource = { type = "Orders::Order", name = path.order }
  }
`; !strings.Contains(text, want) {
		t.Errorf("%s is not in\n%s", want, text)
	}
}
