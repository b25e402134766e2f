package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/agent"
	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/cmd/internal/process"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/durable"
)

// natsAccountsName is the file in the aggregator's folder that an external NATS server includes.
const natsAccountsName = "nats-accounts.conf"

// keysFlags are those of the keys commands, which work on the aggregator's data folder.
type keysFlags struct {
	config  []string
	data    string
	account string
}

func newKeysCommand() *cobra.Command {
	var f keysFlags
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Make, list and revoke the keys of agents; the key that signs archives; find API keys in events",
		Long: `Run these where the aggregator's data folder is, as the user that the aggregator runs as. A running aggregator sees
a change at once, and an embedded NATS server within a second.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringArrayVar(&f.config, "config", nil, "configuration of the aggregator, which says where agents reach NATS; repeatable")
	cmd.PersistentFlags().StringVar(&f.data, "data", "./data", "data folder of the aggregator")
	cmd.AddCommand(newKeysAgentCommand(&f), newKeysEnrollCommand(&f), newKeysListCommand(&f), newKeysRevokeCommand(&f), newKeysHashCommand(&f), newKeysArchiveCommand(&f))
	return cmd
}

func (f *keysFlags) withAccount(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVar(&f.account, "account", config.DefaultAccount, "account of the agents")
	return cmd
}

func newKeysEnrollCommand(f *keysFlags) *cobra.Command {
	var add bool
	cmd := &cobra.Command{
		Use:   "enroll NAME KEY",
		Short: "Enroll a key that an agent has already: its public key, which the agent logs when it starts",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(args[0]); err != nil {
				return err
			}
			if _, err := bus.Accounts(nil, []bus.Agent{{Account: f.account, Name: args[0], Key: args[1]}}); err != nil {
				return process.UsageError("%w", err)
			}
			r, err := f.open()
			if err != nil {
				return err
			}
			if err := r.enrol(f.account, args[0], args[1], add); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "agent %s of account %s: key %s is enrolled\n", args[0], f.account, args[1])
			hashKey, err := ensureHashKey(r.dir, f.account)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "API keys: copy %s to the agent's machine, and name it in its configuration: agent { hash_key = \"hash.key\" }\n", absolute(hashKey))
			return r.told(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&add, "rotate", false, "the name has a key already: it keeps both until the old one is revoked")
	return f.withAccount(cmd)
}

func newKeysListCommand(f *keysFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the keys that are enrolled or revoked",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := f.open()
			if err != nil {
				return err
			}
			table, err := r.agents.List()
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "ACCOUNT\tAGENT\tKEY\tENROLLED\tBY\tREVOKED")
			for _, e := range table {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", e.Account, e.Agent, e.Key, day(e.Enrolled), e.How, day(e.Revoked))
			}
			return w.Flush()
		},
	}
}

func day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

func newKeysRevokeCommand(f *keysFlags) *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use:   "revoke NAME",
		Short: "Revoke the keys of an agent: its connection is closed and what it sends from now on is refused",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(args[0]); err != nil {
				return err
			}
			r, err := f.open()
			if err != nil {
				return err
			}
			revoked, err := r.agents.Revoke(f.account, args[0], key, time.Now())
			if errors.Is(err, aggregator.ErrNotEnrolled) {
				return process.UsageError("%w: see `actiontrail keys list`", err)
			} else if err != nil {
				return err
			}
			for _, e := range revoked {
				fmt.Fprintf(cmd.OutOrStdout(), "agent %s of account %s: key %s is revoked; what the stream takes from now on goes into quarantine\n", e.Agent, e.Account, e.Key)
			}
			return r.told(cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "revoke only this public key, after a rotation")
	return f.withAccount(cmd)
}

func (f *keysFlags) check(name string) error {
	switch {
	case !event.ValidName(name) || !event.ValidName(f.account):
		return process.UsageError("agent %q of account %q: names are 1 to 64 letters, digits, - and _", name, f.account)
	case name == config.AggregatorName:
		return process.UsageError("agent %q is the aggregator's own: take another name", name)
	}
	return nil
}

// registry is what the keys commands work on.
type registry struct {
	cfg    *config.Config
	dir    string // the aggregator's folder
	agents *aggregator.Agents
}

func (f *keysFlags) open() (*registry, error) {
	h, err := (&process.Flags{Config: f.config, Data: f.data, LogFormat: "text"}).Load()
	if err != nil {
		return nil, err
	}
	r := &registry{cfg: h.Config, dir: filepath.Join(f.data, aggregatorFolder)}
	if err := durable.MkdirAll(r.dir); err != nil {
		return nil, process.UsageError("data folder: %w", err)
	}
	r.agents, err = aggregator.OpenAgents(filepath.Join(r.dir, agentsName))
	return r, err
}

func (r *registry) enrol(account, name, key string, add bool) error {
	err := r.agents.Enrol(account, name, key, aggregator.ByOperator, add, time.Now())
	if errors.Is(err, aggregator.ErrEnrolled) {
		return process.UsageError("%w: revoke it first with `actiontrail keys revoke %s`, or add --rotate to have both for a while", err, name)
	}
	return err
}

// told writes the accounts for an external NATS server, and says what makes the change known to NATS.
func (r *registry) told(out io.Writer) error {
	key, err := agent.LoadKey(r.dir)
	if err != nil {
		return fmt.Errorf("key of the aggregator: %w", err)
	}
	table, err := r.agents.List()
	if err != nil {
		return err
	}
	text, err := bus.Accounts([]string{key.Public}, remoteAgents(table))
	if err != nil {
		return err
	}
	path, err := filepath.Abs(filepath.Join(r.dir, natsAccountsName))
	if err != nil {
		return err
	}
	text = "# Written by `actiontrail keys`: who may do what at NATS. Include it in the server's configuration, and do not edit it.\n" + text
	if err := durable.WriteFile(path, []byte(text)); err != nil {
		return err
	}
	if len(r.cfg.NATS.Servers) == 0 {
		_, err = fmt.Fprintf(out, "NATS: the embedded server knows it within a second.\n      For a NATS server elsewhere: %s is for its configuration; see docs/guide/security.md.\n", path)
		return err
	}
	_, err = fmt.Fprintf(out, "NATS: copy %s to the server, whose configuration includes it, and run `nats-server --signal reload` there.\n      The aggregator's login is nkey = %q in its nats block.\n", path, absolute(filepath.Join(r.dir, agent.KeyName)))
	return err
}

func absolute(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}

// folder is what `keys agent` makes for one agent.
func makeFolder(dir string, files map[string]string) (agent.Key, error) {
	key, err := agent.DrawKey(filepath.Join(dir, agent.KeyName))
	if errors.Is(err, fs.ErrExist) {
		return key, process.UsageError("%s holds a key already: nothing was done; choose another folder with --out", dir)
	} else if err != nil {
		return key, err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return key, err
	}
	for name, text := range files {
		if err := durable.CreateSecret(filepath.Join(dir, name), []byte(text)); err != nil {
			return key, err
		}
	}
	return key, nil
}
