package realtest

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The sources of the node that tests run. Its jars are under the Elastic License:
// Maven gets them when a test asks for the node, and they are never shipped.
//
//go:embed elasticsearch
var elasticsearchSources embed.FS

// elasticsearchHeap is enough for some 100,000 events.
const elasticsearchHeap = "512m"

// StartElasticsearch runs a real Elasticsearch node with empty data until the test
// ends; one is enough for all tests of a package. It has the server, transport and
// storage of a stock one, but no modules: no security, no scripts, no ILM.
func StartElasticsearch(t testing.TB) (url string, p *Process) {
	t.Helper()
	dist, err := elasticsearchDist()
	Part(t, "elasticsearch", err)
	home, addr := t.TempDir(), FreeAddr(t)
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"config", "logs", "tmp"} {
		if err := os.Mkdir(filepath.Join(home, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	configured(t, filepath.Join(home, "config"), "elasticsearch.yml", fmt.Sprintf(`
cluster.name: actiontrail-test
path.data: %[1]s/data
path.logs: %[1]s/logs
network.host: %[2]s
http.port: %[3]s
transport.port: 0
discovery.type: single-node
cluster.routing.allocation.disk.threshold_enabled: false
indices.breaker.total.use_real_memory: false
`, home, host, port))
	log := configured(t, filepath.Join(home, "config"), "log4j2.properties", `
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
`)
	if err := os.Symlink(filepath.Join(dist, "modules"), filepath.Join(home, "modules")); err != nil {
		t.Fatal(err)
	}
	p = Start(t, nil, java("java"), "-Xms"+elasticsearchHeap, "-Xmx"+elasticsearchHeap, "-XX:+ExitOnOutOfMemoryError", "-XX:+UseSerialGC",
		"-Djava.io.tmpdir="+filepath.Join(home, "tmp"), "-Dlog4j2.disable.jmx=true", "-Dlog4j2.configurationFile="+log,
		"-cp", filepath.Join(dist, "classes")+":"+filepath.Join(dist, "lib", "*"), "Node", home)
	AwaitElasticsearch(t, "http://"+addr, p)
	return "http://" + addr, p
}

// AwaitElasticsearch waits until a node is up.
func AwaitElasticsearch(t testing.TB, url string, p *Process) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	Until(t, Patience, "elasticsearch to be up", func() bool {
		if ended, err := p.Ended(); ended {
			t.Fatalf("elasticsearch ended: %v", err)
		}
		res, err := client.Get(url + "/_cluster/health?wait_for_status=yellow&timeout=10s")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

// java is the path of a program of the JDK.
func java(name string) string {
	if home := os.Getenv("JAVA_HOME"); home != "" {
		return filepath.Join(home, "bin", name)
	}
	return name
}

// elasticsearchDist gives the folder of the node's jars and classes, in the user's
// cache. One process makes it; others wait for that.
func elasticsearchDist() (dir string, err error) {
	for _, name := range []string{"java", "javac", "jar"} {
		if _, err := exec.LookPath(java(name)); err != nil {
			return "", err
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	name, err := elasticsearchName()
	if err != nil {
		return "", err
	}
	cache = filepath.Join(cache, "actiontrail-test")
	lock, err := lockFolder(cache, "elasticsearch.lock")
	if err != nil {
		return "", err
	}
	defer lock.Close()
	dir = filepath.Join(cache, name)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	work, err := os.MkdirTemp(cache, "elasticsearch-new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	if err := makeElasticsearch(work); err != nil {
		return "", err
	}
	return dir, os.Rename(work, dir)
}

// elasticsearchName is a name that changes with the sources.
func elasticsearchName() (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(elasticsearchSources, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := elasticsearchSources.ReadFile(path)
		sum.Write(data)
		return err
	})
	return "elasticsearch-" + hex.EncodeToString(sum.Sum(nil)[:6]), err
}

// makeElasticsearch fills an empty folder: lib has the server, modules the modules
// that are loaded, classes what starts it.
func makeElasticsearch(dir string) error {
	src := filepath.Join(dir, "src")
	if err := os.CopyFS(src, elasticsearchSources); err != nil {
		return err
	}
	src = filepath.Join(src, "elasticsearch")
	lib, modules := filepath.Join(dir, "lib"), filepath.Join(dir, "modules")
	netty, root, classes := filepath.Join(modules, "transport-netty4"), filepath.Join(modules, "root"), filepath.Join(dir, "classes")
	for _, d := range []string{lib, netty, root, classes} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	pom := filepath.Join(src, "pom.xml")
	if err := run(dir, "mvn", "-q", "-B", "-ntp", "-f", pom, "dependency:copy-dependencies", "-DoutputDirectory="+lib); err != nil {
		return err
	}
	version, err := elasticsearchVersion(pom)
	if err != nil {
		return err
	}
	for _, pattern := range []string{"netty-*.jar", "transport-netty4-*.jar", "elasticsearch-ssl-config-*.jar"} {
		jars, err := filepath.Glob(filepath.Join(lib, pattern))
		if err != nil || len(jars) == 0 {
			return fmt.Errorf("maven brought no %s", pattern)
		}
		for _, jar := range jars {
			if err := os.Rename(jar, filepath.Join(netty, filepath.Base(jar))); err != nil {
				return err
			}
		}
	}
	if err := run(src, java("jar"), "xf", filepath.Join(netty, "transport-netty4-"+version+".jar"), "META-INF/es-plugins"); err != nil {
		return err
	}
	own, err := os.ReadFile(filepath.Join(src, "META-INF/es-plugins/transport-netty4/plugin-descriptor.properties"))
	if err != nil {
		return err
	}
	// Without the name of a Java module: here the server is on the class path.
	descriptor := regexp.MustCompile(`(?m)^modulename=.*\n`).ReplaceAll(own, nil)
	javac := []string{java("javac"), "-nowarn", "-Xlint:none", "-XDsuppressNotes", "-cp", filepath.Join(lib, "*"), "-d"}
	rootClasses := filepath.Join(dir, "root-classes")
	return errors.Join(
		os.WriteFile(filepath.Join(netty, "plugin-descriptor.properties"), descriptor, 0o644),
		os.WriteFile(filepath.Join(root, "plugin-descriptor.properties"), []byte("name=root\ndescription=GET /\nversion=1\nelasticsearch.version="+version+"\njava.version=17\nclassname=RootModule\n"), 0o644),
		run(dir, append(javac, classes, filepath.Join(src, "Node.java"))...),
		run(dir, append(javac, rootClasses, filepath.Join(src, "RootModule.java"))...),
		run(dir, java("jar"), "cf", filepath.Join(root, "root.jar"), "-C", rootClasses, "."),
	)
}

func elasticsearchVersion(pom string) (string, error) {
	data, err := os.ReadFile(pom)
	if err != nil {
		return "", err
	}
	m := regexp.MustCompile(`<es\.version>(.+)</es\.version>`).FindSubmatch(data)
	if m == nil {
		return "", fmt.Errorf("%s names no version", pom)
	}
	return string(m[1]), nil
}

// run runs a program to its end.
func run(dir string, args ...string) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(args[:min(2, len(args))], " "), err, out[max(0, len(out)-2000):])
	}
	return nil
}
