package main

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/cmd/internal/process"
)

// newAgent is what `keys agent` is asked for.
type newAgent struct {
	*keysFlags
	name    string
	out     string
	servers []string
	ca      string
	rotate  bool
}

func newKeysAgentCommand(f *keysFlags) *cobra.Command {
	n := newAgent{keysFlags: f}
	cmd := &cobra.Command{
		Use:   "agent NAME",
		Short: "Make the key of a new agent, enroll it, and make the folder to copy to its machine",
		Long: `Makes a folder with all that the agent's machine needs: the agent's key, which is its identity and its login at NATS, the
account's key for the hashes of API keys, and a configuration that names both. The public key is enrolled at the aggregator. The key itself is in that folder only.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			n.name = args[0]
			return n.run(cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&n.out, "out", "", "folder to make; default: agent-NAME")
	cmd.Flags().StringArrayVar(&n.servers, "nats", nil, "address at which the agent reaches NATS, like tls://host:4222; repeatable; default: as the aggregator's configuration says")
	cmd.Flags().StringVar(&n.ca, "ca", "", "file with the authority of the NATS server's certificate, to be copied into the folder")
	cmd.Flags().BoolVar(&n.rotate, "rotate", false, "the name has a key already: it keeps both until the old one is revoked")
	return f.withAccount(cmd)
}

func (n *newAgent) run(out io.Writer) error {
	if err := n.check(n.name); err != nil {
		return err
	}
	r, err := n.open()
	if err != nil {
		return err
	}
	table, err := r.agents.List()
	if err != nil {
		return err
	}
	for _, e := range table {
		if e.Account == n.account && e.Agent == n.name && e.Revoked.IsZero() && !n.rotate {
			return process.UsageError("agent %s of account %s is enrolled with key %s: nothing was done; add --rotate for a second key, or revoke that one first", n.name, n.account, e.Key)
		}
	}
	if n.out == "" {
		n.out = "agent-" + n.name
	}
	text, files, err := n.configuration(r)
	if err != nil {
		return err
	}
	files["agent.hcl"] = text
	hashKey, err := ensureHashKey(r.dir, n.account)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(hashKey)
	if err != nil {
		return err
	}
	files["hash.key"] = string(data)
	key, err := makeFolder(n.out, files)
	if err != nil {
		return err
	}
	if err := r.enrol(n.account, n.name, key.Public, n.rotate); err != nil {
		return err
	}
	fmt.Fprintf(out, "agent %s of account %s: key %s is made and enrolled\n", n.name, n.account, key.Public)
	if err := r.told(out); err != nil {
		return err
	}
	dir := filepath.Clean(n.out)
	fmt.Fprintf(out, `
Next:
 1. Read %s: what the agent reads is yours to write, and its address of NATS must be right.
`, filepath.Join(dir, "agent.hcl"))
	if strings.Contains(text, "agent.pem") {
		fmt.Fprintf(out, "    NATS wants a certificate: put agent.pem and agent.key into %s.\n", dir)
	}
	_, err = fmt.Fprintf(out, ` 2. Copy the folder to the agent's machine, for instance: scp -pr %s root@gateway:/etc/actiontrail
    Then remove it here: agent.nk is the agent's identity, and nobody else needs it.
 3. Start the agent there: actiontrail-agent --config /etc/actiontrail --data /var/lib/actiontrail-agent
 4. See it come: actiontrail search 'eventName: AgentEnrolled and resourceName: %s'
`, dir, n.name)
	if n.rotate && err == nil {
		_, err = fmt.Fprintf(out, " 5. When the agent's spool is empty: actiontrail keys revoke %s --account %s --key OLD\n", n.name, n.account)
	}
	return err
}

// configuration is the agent's, and the files besides its key that it names.
func (n *newAgent) configuration(r *registry) (string, map[string]string, error) {
	files := map[string]string{}
	servers := n.servers
	secure := r.cfg.NATS.Secure
	if len(servers) == 0 {
		servers = addresses(r)
	}
	ca := n.ca
	if ca == "" && len(r.cfg.NATS.Servers) > 0 {
		ca = r.cfg.NATS.TLS.CA
	}
	var tls []string
	if ca != "" {
		data, err := os.ReadFile(ca)
		if err != nil {
			return "", nil, process.UsageError("authority of the NATS server: %w", err)
		}
		files["ca.pem"] = string(data)
		tls = append(tls, `ca_file = "ca.pem"`)
	}
	// A server with authorities asks clients for certificates; so does one that the aggregator shows its own.
	wantsCert := r.cfg.NATS.TLS.Cert != "" && (len(r.cfg.NATS.Servers) > 0 || r.cfg.NATS.TLS.CA != "")
	if wantsCert {
		tls = append(tls, `cert_file = "agent.pem"`, `key_file = "agent.key"`)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Agent %s of account %s. agent.nk is its identity: keep it secret, and on this machine only.\n# hash.key is the account's: API keys are hashed with it, so keep it secret, too.\nagent {\n  name     = %q\n  account  = %q\n  hash_key = \"hash.key\"\n  nats {\n    servers = [%s]\n    nkey    = \"agent.nk\"\n",
		n.name, n.account, n.name, n.account, quotedList(servers))
	if secure || len(tls) > 0 {
		b.WriteString("    tls {\n")
		for _, line := range tls {
			fmt.Fprintf(&b, "      %s\n", line)
		}
		b.WriteString("    }\n")
	}
	b.WriteString(`  }
}

# What it reads: write it here, or into another *.hcl file of this folder.
# source "file" "edge" {
#   paths  = ["/var/log/nginx/access.log*"]
#   format = "nginx"
# }
`)
	return b.String(), files, nil
}

// addresses are where agents reach NATS, as far as the aggregator's configuration says.
func addresses(r *registry) []string {
	if len(r.cfg.NATS.Servers) > 0 {
		return r.cfg.NATS.Servers
	}
	host, port, err := net.SplitHostPort(r.cfg.NATS.Listen)
	if err != nil {
		host, port = "", "4222"
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		if host, err = os.Hostname(); err != nil {
			host = "localhost"
		}
	}
	scheme := "nats://"
	if r.cfg.NATS.Secure {
		scheme = "tls://"
	}
	return []string{scheme + net.JoinHostPort(host, port)}
}

func quotedList(all []string) string {
	q := make([]string, len(all))
	for i, s := range all {
		q[i] = fmt.Sprintf("%q", s)
	}
	return strings.Join(q, ", ")
}
