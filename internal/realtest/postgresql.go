package realtest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// PostgreSQL is a server of Debian with pgaudit, which writes its log as text, as CSV
// and in JSON (since 15): Log, and the same with .csv and .json.
type PostgreSQL struct {
	*Process
	Log    string // without its end: Log + ".log"
	bin    string
	dir    string
	port   string
	dbuser *syscall.Credential
}

// StartPostgreSQL starts one on loopback. A server refuses to be root: then it is the
// user postgres, whom the package makes.
func StartPostgreSQL(t *testing.T) *PostgreSQL {
	t.Helper()
	p, err := findPostgreSQL()
	Part(t, "PostgreSQL with pgaudit", err)
	p.dir = t.TempDir()
	for d := p.dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	data := filepath.Join(p.dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if p.dbuser != nil {
		for _, d := range []string{p.dir, data} {
			if err := os.Chown(d, int(p.dbuser.Uid), int(p.dbuser.Gid)); err != nil {
				t.Fatal(err)
			}
		}
	}
	password := configured(t, p.dir, "password", "right-password\n")
	if err := os.Chmod(password, 0o644); err != nil {
		t.Fatal(err)
	}
	p.run(t, "initdb", "-D", data, "-U", "root_of_db", "-A", "scram-sha-256", "--pwfile", password, "--no-sync", "-E", "UTF8", "--locale", "C")
	addr := FreeAddr(t)
	_, p.port, _ = net.SplitHostPort(addr)
	p.Log = filepath.Join(data, "log", "server")
	args := []string{filepath.Join(p.bin, "postgres"), "-D", data}
	for _, setting := range []string{
		"port=" + p.port, "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "log_timezone=UTC",
		"shared_preload_libraries=pgaudit", "pgaudit.log=all", "pgaudit.log_catalog=off", "pgaudit.log_relation=on", "log_connections=on", "log_disconnections=on",
		"logging_collector=on", "log_destination=stderr,csvlog,jsonlog", "log_filename=server.log", "log_line_prefix=%m [%p] %q%u@%d ",
	} {
		args = append(args, "-c", setting)
	}
	if p.dbuser != nil {
		args = append([]string{"setpriv", "--reuid", strconv.Itoa(int(p.dbuser.Uid)), "--regid", strconv.Itoa(int(p.dbuser.Gid)), "--clear-groups"}, args...)
	}
	p.Process = Start(t, []string{"LC_ALL=C"}, args...)
	listens(t, addr)
	Until(t, Patience, "PostgreSQL to take connections", func() bool { return p.SQL(t, "root_of_db", true, "select") })
	return p
}

// findPostgreSQL finds the newest one that has pgaudit and writes JSON.
func findPostgreSQL() (*PostgreSQL, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/lib/pgaudit.so")
	if err != nil || len(found) == 0 {
		return nil, errors.New("no pgaudit in /usr/lib/postgresql")
	}
	p := &PostgreSQL{bin: filepath.Join(filepath.Dir(filepath.Dir(found[len(found)-1])), "bin")}
	for _, name := range []string{"initdb", "postgres", "psql"} {
		if _, err := os.Stat(filepath.Join(p.bin, name)); err != nil {
			return nil, err
		}
	}
	if os.Getuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			return nil, err
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		p.dbuser = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	return p, nil
}

func (p *PostgreSQL) run(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(p.bin, name), args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.dbuser}
	cmd.Env, cmd.Dir = append(os.Environ(), "LC_ALL=C"), p.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
}

// SQL runs a statement as a user, with the right password or a wrong one, in the
// database postgres. It tells whether that went well.
func (p *PostgreSQL) SQL(t *testing.T, as string, right bool, statement string) bool {
	t.Helper()
	password := "a-wrong-password"
	if right {
		password = "right-password"
	}
	cmd := exec.Command(filepath.Join(p.bin, "psql"), "-X", "-q", "-h", "127.0.0.1", "-p", p.port, "-U", as, "-d", "postgres", "-c", statement)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+password, "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(fmt.Errorf("psql: %w: %s", err, out))
	}
	return err == nil
}
