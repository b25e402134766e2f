package agent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nkeys"
)

func TestKeyIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	a, err := LoadKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := LoadKey(dir)
	if err != nil || b.Public != a.Public {
		t.Fatalf("second load: %s, %v; want %s", b.Public, err, a.Public)
	}
	info, err := os.Stat(filepath.Join(dir, KeyName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v, %v", info.Mode(), err)
	}
	signature, err := b.Sign([]byte("data"))
	if err != nil {
		t.Fatal(err)
	}
	public, err := nkeys.FromPublicKey(a.Public)
	if err != nil {
		t.Fatal(err)
	}
	if err := public.Verify([]byte("data"), signature); err != nil {
		t.Errorf("the signature does not hold as an nkey's: %v", err)
	}
	if public.Verify([]byte("other"), signature) == nil {
		t.Error("the signature holds for other data")
	}
}

func TestKeyDamaged(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, KeyName), []byte("SUABC"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKey(dir); err == nil || !strings.Contains(err.Error(), KeyName) {
		t.Errorf("a damaged key: %v", err)
	}
}
