package realtest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// NginxWith runs nginx with these lines in its http block, one worker, and waits
// until it listens on addr.
func NginxWith(t *testing.T, addr, http string) *Process {
	t.Helper()
	return startNginx(t, t.TempDir(), 1, addr, http)
}

// startNginx runs nginx in a folder, with these lines in its http block, and waits
// until it listens on addr.
func startNginx(t *testing.T, dir string, workers int, addr, http string) *Process {
	t.Helper()
	path, err := exec.LookPath("nginx")
	Part(t, "nginx", err)
	conf := fmt.Sprintf(`
user root;
daemon off;
worker_processes %[2]d;
pid %[1]s/nginx.pid;
error_log %[1]s/error.log;
events { worker_connections 256; }
http {
  client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
%[3]s
}
`, dir, workers, http)
	p := Start(t, nil, path, "-c", configured(t, dir, "nginx.conf", conf), "-p", dir)
	listens(t, addr)
	return p
}

// HAProxyWith runs HAProxy with this configuration, one thread, and waits until it
// listens on addr. What it logs to stdout is the process's output.
func HAProxyWith(t *testing.T, addr, conf string) *Process {
	t.Helper()
	path, err := exec.LookPath("haproxy")
	Part(t, "haproxy", err)
	p := Start(t, nil, path, "-db", "-f", configured(t, t.TempDir(), "haproxy.cfg", "global\n  nbthread 1\n"+conf))
	listens(t, addr)
	return p
}

// ApacheWith runs Apache httpd with these lines of configuration beside what it
// needs to authenticate users, and waits until it listens on addr.
func ApacheWith(t *testing.T, addr, conf string) *Process {
	t.Helper()
	path, err := exec.LookPath("apache2")
	if err != nil {
		path, err = exec.LookPath("httpd")
	}
	modules := ""
	for _, dir := range []string{"/usr/lib/apache2/modules", "/usr/lib64/httpd/modules"} {
		if _, missing := os.Stat(filepath.Join(dir, "mod_mpm_event.so")); missing == nil {
			modules = dir
		}
	}
	if err == nil && modules == "" {
		err = os.ErrNotExist
	}
	Part(t, "apache", err)
	dir, load := t.TempDir(), ""
	for _, name := range []string{"mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic"} {
		load += fmt.Sprintf("LoadModule %s_module %s/mod_%s.so\n", name, modules, name)
	}
	p := Start(t, nil, path, "-DFOREGROUND", "-f", configured(t, dir, "apache.conf", fmt.Sprintf(`
%sServerRoot %s
DefaultRuntimeDir %[2]s
ServerName gw.example
PidFile %[2]s/apache.pid
ErrorLog %[2]s/error.log
StartServers 1
ServerLimit 1
Listen %s
%s`, load, dir, addr, conf)))
	listens(t, addr)
	return p
}

func configured(t testing.TB, dir, name, text string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func listens(t testing.TB, addr string) {
	t.Helper()
	Until(t, Patience, addr+" to listen", func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}
