package realtest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// StartRsyslog runs Debian's rsyslogd, which sends the lines of a file as RFC 5424 over TLS, with
// octet counting, to the one whose certificate names peer. It trusts the authority in the file ca, and keeps what it cannot send.
func StartRsyslog(t testing.TB, peer, host, port, ca string) (log string, p *Process) {
	t.Helper()
	binary := rsyslogd(t)
	dir := t.TempDir()
	log = filepath.Join(dir, "gateway.log")
	if err := os.WriteFile(log, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	conf := configured(t, dir, "rsyslog.conf", fmt.Sprintf(`global(workDirectory=%q DefaultNetstreamDriverCAFile=%q maxMessageSize="64k")
module(load="imfile")
input(type="imfile" File=%q Tag="gateway" Facility="local0" Severity="info")
action(type="omfwd" Target=%q Port=%q Protocol="tcp" TCP_Framing="octet-counted" Template="RSYSLOG_SyslogProtocol23Format"
  StreamDriver="ossl" StreamDriverMode="1" StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers=%q
  action.resumeRetryCount="-1" action.resumeInterval="1" queue.type="LinkedList" queue.size="100000")
`, dir, ca, log, host, port, peer))
	return log, Start(t, nil, binary, "-n", "-f", conf, "-i", filepath.Join(dir, "pid"))
}

// rsyslogd is Debian's, with what it speaks TLS with.
func rsyslogd(t testing.TB) string {
	t.Helper()
	binary, err := exec.LookPath("rsyslogd")
	if err != nil {
		binary = "/usr/sbin/rsyslogd" // not in everybody's PATH
		_, err = os.Stat(binary)
	}
	if err == nil {
		found, _ := filepath.Glob("/usr/lib/*/rsyslog/lmnsd_ossl.so")
		if len(found) == 0 {
			err = fmt.Errorf("rsyslog's driver ossl is not installed")
		}
	}
	Part(t, "rsyslog", err)
	return binary
}

// SyslogFile is an rsyslogd that takes messages over TCP and writes each as a line into a file
// before it reads the next ones.
type SyslogFile struct {
	*Process
	Addr string
	File string // priority, time, host, application, MSGID, structured data and message, with tabs between
}

// StartSyslogFile runs Debian's rsyslogd. With an authority it takes TLS alone, from clients whose certificate
// that authority has signed; its own names "receiver".
func StartSyslogFile(t *testing.T, a *Authority) *SyslogFile {
	t.Helper()
	binary, dir := rsyslogd(t), t.TempDir()
	r := &SyslogFile{Addr: FreeAddr(t), File: filepath.Join(dir, "events")}
	files, driver := "", ""
	if a != nil {
		cert, key := a.Sign(t, "receiver", time.Now().Add(time.Hour))
		files = fmt.Sprintf("DefaultNetstreamDriver=\"ossl\" DefaultNetstreamDriverCAFile=%q DefaultNetstreamDriverCertFile=%q DefaultNetstreamDriverKeyFile=%q", Replace(t, dir, "ca.pem", a.PEM), Replace(t, dir, "cert.pem", cert), Replace(t, dir, "key.pem", key))
		driver = `StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/certvalid"`
	}
	host, port, err := net.SplitHostPort(r.Addr)
	if err != nil {
		t.Fatal(err)
	}
	conf := configured(t, dir, "rsyslog.conf", fmt.Sprintf(`global(workDirectory=%q maxMessageSize="64k" %s)
main_queue(queue.type="Direct")
module(load="imtcp" %s)
template(name="line" type="string" string="%%pri%%\t%%timereported:::date-rfc3339%%\t%%hostname%%\t%%app-name%%\t%%msgid%%\t%%structured-data%%\t%%msg%%\n")
input(type="imtcp" address=%q port=%q)
action(type="omfile" file=%q template="line")
`, dir, files, driver, host, port, r.File))
	r.Process = Start(t, nil, binary, "-n", "-f", conf, "-i", filepath.Join(dir, "pid"))
	listens(t, r.Addr)
	return r
}
