package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/agent"
	"github.com/actiontrail/actiontrail/cmd/internal/lanes"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// keysRun runs a keys command on a data folder.
func keysRun(t *testing.T, data, in string, args ...string) (string, error) {
	t.Helper()
	cmd := newKeysCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetIn(strings.NewReader(in))
	cmd.SetArgs(append(args, "--data", data))
	err := cmd.Execute()
	return out.String(), err
}

// An account's hash key is made once, goes to each of its agents, and tells which
// API key a name in an event is of, also after a rotation.
func TestHashKeys(t *testing.T) {
	data := t.TempDir()
	const apiKey = "sk_live_0123456789abcdef"
	if _, err := keysRun(t, data, apiKey, "hash"); err == nil || !strings.Contains(err.Error(), "no hash key yet") {
		t.Errorf("without a hash key: %v", err)
	}
	folder := func(name, account string) []byte {
		out := filepath.Join(t.TempDir(), name)
		if _, err := keysRun(t, data, "", "agent", name, "--account", account, "--out", out); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(out, "hash.key"))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("hash.key: %v, %v", info, err)
		}
		cfg, err := config.Load(filepath.Join(out, "agent.hcl"))
		if err != nil {
			t.Fatal(err)
		}
		key, err := agent.ReadHashKey(cfg.Agent.HashKey)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	first, second, other := folder("gw-1", "prod"), folder("gw-2", "prod"), folder("gw-3", "test")
	if !bytes.Equal(first, second) || bytes.Equal(first, other) {
		t.Error("agents of one account have two keys, or those of two accounts one")
	}
	kept := filepath.Join(data, aggregatorFolder, hashKeysFolder, "prod", "1.key")
	if info, err := os.Stat(kept); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s: %v, %v", kept, info, err)
	}
	old := mapper.KeyName(first, apiKey)
	if got, err := keysRun(t, data, apiKey+"\n", "hash", "--account", "prod"); err != nil || got != old+"\n" || !strings.HasPrefix(got, "sk_l:") || strings.Contains(got, "0123") {
		t.Errorf("hash is %q, %v, want %s", got, err, old)
	}
	if out, err := keysRun(t, data, "", "hash", "--rotate", "--account", "prod"); err != nil || !strings.Contains(out, "2.key") {
		t.Errorf("rotate: %s, %v", out, err)
	}
	third := folder("gw-4", "prod")
	if got, err := keysRun(t, data, apiKey, "hash", "--account", "prod"); err != nil || got != mapper.KeyName(third, apiKey)+"\n"+old+"\n" || bytes.Equal(first, third) {
		t.Errorf("hashes are %q, %v", got, err)
	}
	for _, wrong := range []string{"", "\n", "a\nb\n", strings.Repeat("x", maxAPIKey+1)} {
		if _, err := keysRun(t, data, wrong, "hash", "--account", "prod"); err == nil {
			t.Errorf("%d bytes are taken for a key", len(wrong))
		}
	}
	if err := os.WriteFile(kept, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keysRun(t, data, apiKey, "hash", "--account", "prod"); err == nil || !strings.Contains(err.Error(), "is not a hash key") {
		t.Errorf("a broken key: %v", err)
	}
	cfg := &config.Config{Agent: config.Agent{HashKey: kept}}
	if _, err := lanes.New(cfg, t.TempDir(), agent.Key{}, nil, lanes.Reports{}, nil); err == nil || !strings.Contains(err.Error(), "is not a hash key") {
		t.Errorf("an agent starts with a broken key: %v", err)
	}
}
