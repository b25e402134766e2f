package realtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// StartRsyslog runs Debian's rsyslogd, which sends the lines of a file as RFC 5424 over TLS, with
// octet counting, to the one whose certificate names peer. It trusts the authority in the file ca, and keeps what it cannot send.
func StartRsyslog(t testing.TB, peer, host, port, ca string) (log string, p *Process) {
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
