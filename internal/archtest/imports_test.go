package archtest

import (
	"fmt"
	"path"
	"strings"
)

const module = "github.com/actiontrail/actiontrail"

// rule says what the packages of a folder may import of this module. Patterns
// are as in go list: x is that folder, x/... also all below it, ... everything.
type rule struct {
	dir     string
	imports []string
	why     string
	tests   []string // what its tests may import besides
}

// law is the import law. The most telling pattern holds: plugins/mapper before plugins/....
// A folder for which there is no rule fails, so that each new one gets its place on purpose.
func law() []rule {
	return []rule{
		{"event", nil, "event is the vocabulary: everything imports it, so it imports nothing of ours", nil},
		{"event/render", []string{"event"}, "a rendering is a pure function of an event", nil},
		{"query", []string{"event"}, "query is a pure function of events, used by search, trails and command line alike", nil},
		{"proto/...", nil, "proto is generated", nil},

		{"internal/durable", nil, "durable only knows files", nil},
		{"internal/backoff", nil, "backoff only knows time", nil},
		{"internal/signed", nil, "a signature is a function of what is signed", nil},
		{"internal/access", nil, "access only knows files of tokens and certificates, not what is asked for with them", nil},
		{"internal/brokers", []string{"internal/access"}, "brokers is how Kafka is reached, not what is read or written there", nil},
		{"internal/alibaba", nil, "alibaba finds out who asks, not what for", nil},
		{"internal/wire", []string{"event", "proto/..."}, "wire is the form of a batch, not the way it travels", nil},
		{"internal/bus", []string{"event", "internal/wire", "internal/backoff"}, "bus carries bytes, and links no server: the light agent imports it", []string{"internal/bus/embedded"}},
		{"internal/bus/embedded", []string{"internal/bus"}, "the server in this process knows nothing of what goes through it", nil},
		{"internal/realtest", nil, "realtest starts programs and looks at them from outside", nil},
		{"internal/realtest/receivers", []string{"internal/realtest"}, "it has what trails deliver to, and knows no trail", nil},
		{"internal/sim", []string{"..."}, "", nil},
		{"internal/archtest", nil, "archtest reads sources; importing them would make it depend on what it judges", nil},

		{"plugins", []string{"event"}, "plugins is the contract; what an outside plugin must compile against stays small", nil},
		{"plugins/mapper", []string{"plugins", "event"}, "a mapper is pure: it reads no files and knows no configuration language", nil},
		{"plugins/host", []string{"plugins", "event", "proto/actiontrail/plugin/v1", "internal/backoff"}, "the host carries the contract to a process and back: it knows no source, no agent, and nothing of batches", []string{"plugins/file", "plugins/sinktest"}},
		{"plugins/sourcetest", []string{"plugins", "event"}, "the suite knows the contract and nothing of any source", nil},
		{"plugins/sinktest", []string{"plugins", "event"}, "the suite knows the contract and nothing of any sink", nil},
		{"plugins/http", []string{"plugins", "plugins/push", "event", "internal/access"}, "a source knows its contract and its own technology, not the agent that runs it", nil},
		{"plugins/push", []string{"plugins"}, "what sources have in common to which records are brought: it knows none of them", nil},
		{"plugins/push/pushtest", []string{"plugins"}, "it drives a source through the suite, and knows none", nil},
		{"plugins/syslog", []string{"plugins", "plugins/push", "internal/access"}, "a source knows its contract and its own technology, not the agent that runs it", nil},
		{"plugins/socket", []string{"plugins", "plugins/push", "internal/access"}, "a source knows its contract and its own technology, not the agent that runs it", nil},
		{"plugins/stdin", []string{"plugins", "plugins/push"}, "a source knows its contract and its own technology, not the agent that runs it", nil},
		{"plugins/fetch", []string{"plugins"}, "what sources have in common that fetch their records: it knows none of them", nil},
		{"plugins/bucket", []string{"plugins", "plugins/push", "plugins/fetch"}, "it reads objects; where they are cmd tells it, with the clients that archives have", nil},
		{"plugins/kafka", []string{"plugins", "plugins/fetch", "internal/brokers"}, "a source knows its contract and its own technology, not the agent that runs it", nil},
		{"plugins/nats", []string{"plugins", "plugins/push", "plugins/fetch"}, "a source knows its contract and its own technology; the stream of events is not its matter", nil},
		{"plugins/keycloak", []string{"plugins", "plugins/fetch"}, "a source knows its contract and its own technology, not the agent that runs it", nil},
		{"plugins/auditevents", []string{"plugins", "plugins/push", "internal/access"}, "a source knows its contract and its own technology, not the agent that runs it", nil},
		{"plugins/...", []string{"plugins", "event", "internal/durable"}, "a source knows its contract and its own technology, not the agent that runs it", nil},

		{"agent/...", []string{"event", "plugins", "agent/...", "internal/backoff", "internal/bus", "internal/durable", "internal/wire"}, "the agent must stay light: neither server nor index nor configuration language", []string{"internal/bus/..."}},

		{"aggregator", []string{"event", "query", "plugins", "aggregator/index", "aggregator/archive", "aggregator/debt", "internal/backoff", "internal/bus", "internal/durable", "internal/wire"}, "the aggregator knows contracts, not engines; agent and aggregator meet only in the stream (it imports plugins as it is a source itself: system)", []string{"internal/bus/...", "aggregator/index/local", "aggregator/archive/bucket/file"}},
		{"aggregator/index/...", []string{"event", "query", "aggregator/index/...", "internal/backoff", "internal/durable"}, "an index takes batches and answers queries; where they come from is not its matter", []string{"aggregator"}},
		{"aggregator/archive/...", []string{"event", "event/render", "query", "aggregator/archive/...", "internal/alibaba", "internal/backoff", "internal/durable"}, "an archive must be verifiable without the rest", []string{"aggregator", "aggregator/witness", "internal/bus/..."}},
		{"aggregator/debt", []string{"event", "query", "aggregator/index", "internal/durable"}, "a debt knows batches and the index it is paid from; who reads the stream and who is paid is not its matter", []string{"aggregator/index/local", "aggregator/index/indextest"}},
		{"aggregator/sink", nil, "what sinks may do besides the contract is a few interfaces", nil},
		{"aggregator/sink/...", []string{"event", "event/render", "plugins", "aggregator/sink/...", "internal/access", "internal/alibaba", "internal/backoff", "internal/brokers", "internal/signed"}, "a sink knows its contract and its own technology, not the trail that it serves", []string{"plugins/host", "internal/bus/embedded"}},
		{"aggregator/dispatch", []string{"event", "query", "plugins", "aggregator/sink", "aggregator/archive", "internal/durable"}, "it carries a trail into a sink, whatever that is", []string{"plugins/host"}},
		{"aggregator/sink/flowtest", []string{"event", "plugins", "aggregator/sink", "internal/realtest"}, "it has events flow into a sink, and knows none", nil},
		{"aggregator/sink/post/posttest", []string{"event", "internal/realtest"}, "it is a receiver, and knows nothing of who posts", nil},
		{"aggregator/notify", []string{"aggregator/archive", "internal/backoff", "internal/durable", "internal/signed"}, "who is told of objects reads the archive beside its writer", nil},
		{"aggregator/witness", []string{"aggregator/archive", "aggregator/archive/transparency", "internal/backoff", "internal/durable"}, "who keeps checkpoints elsewhere reads the archive beside its writer", []string{"aggregator/archive/bucket/file", "event", "query", "internal/bus/..."}},
		{"aggregator/plan", []string{"event", "query", "aggregator/index", "aggregator/archive/layout"}, "a plan asks the index and writes nothing", nil},
		{"aggregator/api/...", []string{"event", "event/render", "query", "aggregator", "aggregator/api/...", "aggregator/index", "aggregator/archive", "config"}, "the API shows what is there; engines are behind their contracts", []string{"aggregator/index/local"}},

		{"web", nil, "the console is files and how they are served; it asks the API over HTTP, as others do", []string{"query"}},

		{"config/...", []string{"event", "event/render", "query", "plugins", "plugins/mapper"}, "the configuration is values; cmd makes parts from them", []string{"config"}},
		{"cmd/...", []string{"..."}, "", nil},
		{"bench/...", []string{"..."}, "", nil},
		{"deploy", nil, "deploy is files; its tests load them", []string{"config", "event", "plugins", "plugins/mapper", "query"}},
		{"deploy/quickstart/demo", nil, "the demo is a foreign gateway: it knows of us no more than nginx does", nil},
	}
}

// testsToo is what any test may import besides what its package may.
func testsToo() []string {
	return []string{"internal/realtest/...", "plugins/sourcetest", "plugins/push/pushtest", "plugins/sinktest"}
}

// technology says in which folders of ours a module of others may be imported.
type technology struct {
	prefix string
	dirs   []string
	why    string
}

func technologies() []technology {
	return []technology{
		{"github.com/hashicorp/hcl", []string{"config/..."}, "HCL lives in config alone: mapper and trails get compiled values"},
		{"github.com/zclconf/go-cty", []string{"config/..."}, "HCL lives in config alone: mapper and trails get compiled values"},
		{"go.yaml.in/yaml", []string{"config/..."}, "OpenAPI documents are read by config: the mapper gets their values"},
		{"github.com/nats-io/nats.go", []string{"internal/bus/...", "plugins/nats", "aggregator/sink/nats", "internal/realtest/receivers"}, "NATS lives in internal/bus alone, so that it can be replaced there (but for the source and the sink of subjects of others)"},
		{"github.com/nats-io/nats-server", []string{"internal/bus/embedded", "plugins/nats", "aggregator/sink/nats"}, "the NATS server lives in internal/bus/embedded alone, so that the light agent does not link it"},
		{"google.golang.org/protobuf", []string{"internal/wire", "proto/..."}, "protobuf lives in internal/wire alone"},
		{"google.golang.org/grpc", []string{"plugins/host", "proto/actiontrail/plugin/v1"}, "gRPC is how processes of plugins are reached, and nothing else"},
		{"github.com/hashicorp/go-", []string{"plugins/host"}, "go-plugin lives in plugins/host alone"},
		{"github.com/spf13/", []string{"cmd/..."}, "the command line is wiring: it lives in cmd"},
		{"github.com/fsnotify/fsnotify", []string{"plugins/file"}, "watching files is the file source's matter"},
		{"github.com/RoaringBitmap/roaring", []string{"aggregator/index/local"}, "bitmaps are the local index's own form"},
		{"github.com/elastic/", []string{"aggregator/index/elastic"}, "Elasticsearch is one of the indices: its client stays with it"},
		{"filippo.io/age", []string{"aggregator/archive"}, "objects are encrypted by the archive"},
		{"github.com/parquet-go/", []string{"aggregator/archive/parquet"}, "Parquet is one of the forms of an archive: its library stays with it"},
		{"github.com/minio/", []string{"aggregator/archive/bucket/s3"}, "S3 is one of the buckets: its client stays with it"},
		{"github.com/twmb/franz-go", []string{"plugins/kafka", "aggregator/sink/kafka", "internal/brokers", "internal/realtest/receivers"}, "Kafka lives in the source that reads topics and the sink that writes them; internal/brokers is how both sign in"},
		{"github.com/pierrec/lz4", []string{"aggregator/sink/sls"}, "blocks of LZ4 without a frame are what Log Service wants; all else is compressed by klauspost/compress"},
		{"github.com/aliyun/", []string{"aggregator/archive/bucket/oss"}, "OSS is one of the buckets: its client stays with it; Log Service is spoken to without one"},
		{"github.com/schollz/", []string{"cmd/..."}, "who waits at a terminal is told by the command line"},
		{"github.com/oapi-codegen/", []string{"aggregator/api"}, "the generated API lives in aggregator/api"},
		{"golang.org/x/mod/sumdb", []string{"aggregator/archive/..."}, "signed notes and trees are the matter of archives"},
		{"github.com/stretchr/testify", nil, "tests use testing and go-cmp"},
	}
}

// standardOnly are the folders that, tests apart, import the standard library and ours alone.
func standardOnly() []string {
	return []string{"event", "query", "plugins", "internal/backoff", "deploy/quickstart/demo"}
}

// imports finds every import that the laws above do not allow.
func imports(files []source) []string {
	var wrong []string
	for _, f := range files {
		r, found := ruleOf(f.dir)
		if !found {
			wrong = append(wrong, fmt.Sprintf("%s: the folder %s has no rule; add one to law() in internal/archtest/imports_test.go, after thinking of what it may know", f.path, f.dir))
			continue
		}
		for _, i := range f.ast.Imports {
			at, imp := f.at(i.Pos()), strings.Trim(i.Path.Value, `"`)
			if ours, ok := strings.CutPrefix(imp, module+"/"); ok {
				if problem := ourImport(&f, &r, ours); problem != "" {
					wrong = append(wrong, at+": "+problem)
				}
				continue
			}
			first, _, _ := strings.Cut(imp, "/")
			if strings.Contains(first, ".") && !f.test && matchesAny(standardOnly(), f.dir) {
				wrong = append(wrong, fmt.Sprintf("%s: %s may not import %s: it stays on the standard library, as everybody who imports it would get the rest as well", at, f.dir, imp))
			}
			for _, t := range technologies() {
				if strings.HasPrefix(imp, t.prefix) && !matchesAny(t.dirs, f.dir) {
					wrong = append(wrong, fmt.Sprintf("%s: %s may not import %s: %s", at, f.dir, imp, t.why))
				}
			}
		}
	}
	return wrong
}

func ourImport(f *source, r *rule, imp string) string {
	switch {
	case matches("internal/realtest/...", imp) || matches("internal/sim", imp) || strings.HasSuffix(imp, "test"):
		if !f.test && !strings.HasSuffix(f.dir, "test") && !matches("internal/realtest/...", f.dir) {
			return fmt.Sprintf("%s is for tests; only files that end in _test.go may import it", imp)
		}
	}
	if imp == f.dir || matchesAny(r.imports, imp) || f.test && (matchesAny(testsToo(), imp) || matchesAny(r.tests, imp)) {
		return ""
	}
	may := "nothing of ours"
	if len(r.imports) > 0 {
		may = strings.Join(r.imports, ", ")
	}
	return fmt.Sprintf("%s may not import %s: %s. It may import %s; declare a small interface where it is used and let cmd join the two, or change the law with a reason", f.dir, imp, r.why, may)
}

// ruleOf is the rule for a folder: an exact one, else the longest pattern.
func ruleOf(dir string) (rule, bool) {
	best, found := rule{}, false
	for _, r := range law() {
		if r.dir == dir {
			return r, true
		}
		if matches(r.dir, dir) && (!found || len(r.dir) > len(best.dir)) {
			best, found = r, true
		}
	}
	return best, found
}

func matches(pattern, dir string) bool {
	if pattern == "..." {
		return true
	}
	if root, tree := strings.CutSuffix(pattern, "/..."); tree {
		return dir == root || strings.HasPrefix(dir, root+"/")
	}
	return path.Clean(pattern) == dir
}

func matchesAny(patterns []string, dir string) bool {
	for _, p := range patterns {
		if matches(p, dir) {
			return true
		}
	}
	return false
}
