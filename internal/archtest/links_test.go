package archtest

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// forbidden is what the light agent must not link, and why.
func forbidden() map[string]string {
	const heavy = "the agent runs beside gateways and stays light; this belongs to the server"
	return map[string]string{
		module + "/aggregator":                "agent and aggregator meet only in the stream",
		module + "/web":                       heavy,
		"github.com/nats-io/nats-server":      heavy + ": internal/bus/embedded is for cmd/actiontrail",
		"github.com/elastic/":                 heavy,
		"github.com/twmb/franz-go":            heavy,
		"github.com/minio/minio-go":           heavy,
		"github.com/parquet-go":               heavy,
		"github.com/aws/":                     heavy,
		"github.com/aliyun/":                  heavy,
		"github.com/RoaringBitmap/":           heavy,
		"github.com/prometheus/client_golang": heavy,
		"github.com/stretchr/testify":         "it is for tests",
		module + "/internal/realtest":         "it is for tests",
		module + "/deploy/quickstart/demo":    "it is a foreign gateway",
	}
}

// TestAgentLinks asks go list what the agent's binary is made of. The sources that
// decide it are read by TestLaws in the same process, so go test does not answer
// from its cache after a change.
func TestAgentLinks(t *testing.T) {
	const agent = "./cmd/actiontrail-agent"
	list := exec.Command("go", "list", "-deps", agent)
	list.Dir = "../.."
	var stderr bytes.Buffer
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list -deps %s: %v\n%s", agent, err, &stderr)
	}
	packages := strings.Fields(string(out))
	if len(packages) < 50 {
		t.Fatalf("%s links %d packages: %s", agent, len(packages), out)
	}
	for _, problem := range links(packages) {
		t.Errorf("%s: %s; see who imports it with: go list -deps -f '{{.ImportPath}}: {{.Imports}}' %s", agent, problem, agent)
	}
}

func links(packages []string) []string {
	var wrong []string
	for _, p := range packages {
		for prefix, why := range forbidden() {
			if p == prefix || strings.HasPrefix(p, strings.TrimSuffix(prefix, "/")+"/") {
				wrong = append(wrong, "links "+p+": "+why)
			}
		}
	}
	return wrong
}
