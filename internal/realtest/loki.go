package realtest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// Loki is a Grafana Loki in one process, which keeps what it took through a kill.
type Loki struct {
	*Process
	URL string
}

// StartLoki runs it until the test ends. `make loki` builds it from the module proxy by
// the go.mod of tools/loki, which takes a quarter of an hour on two cores: where nobody
// has, the test is skipped, also with REAL=all.
func StartLoki(t testing.TB) *Loki {
	t.Helper()
	top, err := moduleRoot()
	binary := filepath.Join(top, "bin", "loki")
	if err == nil {
		_, err = os.Stat(binary)
	}
	if err != nil {
		t.Skip("bin/loki is not here; make loki builds it, in a quarter of an hour")
	}
	Part(t, "loki", nil)
	addr, internal, dir := FreeAddr(t), FreeAddr(t), t.TempDir()
	_, port, _ := net.SplitHostPort(addr)
	_, grpc, _ := net.SplitHostPort(internal)
	conf := configured(t, dir, "loki.yaml", fmt.Sprintf(`
auth_enabled: true
analytics: {reporting_enabled: false}
server: {http_listen_address: 127.0.0.1, http_listen_port: %s, grpc_listen_address: 127.0.0.1, grpc_listen_port: %s, log_level: warn}
common:
  instance_addr: 127.0.0.1
  path_prefix: %s
  replication_factor: 1
  ring: {kvstore: {store: inmemory}}
  storage: {filesystem: {chunks_directory: %[3]s/chunks, rules_directory: %[3]s/rules}}
ingester: {lifecycler: {min_ready_duration: 0s, join_after: 0s, final_sleep: 0s}}
limits_config: {max_entries_limit_per_query: 1000000, ingestion_rate_mb: 100, ingestion_burst_size_mb: 100, per_stream_rate_limit: 100MB, per_stream_rate_limit_burst: 100MB}
schema_config:
  configs: [{from: 2020-10-24, store: tsdb, object_store: filesystem, schema: v13, index: {prefix: index_, period: 24h}}]
`, port, grpc, dir))
	l := &Loki{URL: "http://" + addr}
	l.Process = Start(t, nil, binary, "-config.file="+conf)
	listens(t, addr)
	return l
}
