package main

import (
	"cmp"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
	"github.com/actiontrail/actiontrail/cmd/internal/process"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/internal/durable"
)

const (
	archiveKeyName = "archive.key"  // in the folder of keys: what signs the checkpoints of all archives
	lostKeysName   = "archive.lost" // beside it: public parts of keys that nobody has any more, one a line
	logFolder      = "log"          // in the aggregator's folder: the newest checkpoint of each archive
)

// archiveKeys is the file with the keys that sign.
type archiveKeys struct{ path string }

func (a *aggregation) archiveKeys() archiveKeys {
	return archiveKeys{filepath.Join(keyFolder(a.cfg, a.dir), archiveKeyName)}
}

// keyFolder is the folder of the keys that sign archives: that of the configuration, or
// the aggregator's, dir.
func keyFolder(cfg *config.Config, dir string) string { return cmp.Or(cfg.Archives.Keys, dir) }

// moved refuses a folder of keys without the key that the aggregator's folder has:
// another one would be made, and sign from now on.
func moved(cfg *config.Config, dir, name string) error {
	if cfg.Archives.Keys == "" {
		return nil
	}
	old, there := filepath.Join(dir, name), filepath.Join(cfg.Archives.Keys, name)
	if _, err := os.Stat(there); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := os.Stat(old); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	return fmt.Errorf("archives { keys } names a folder without %s, which is in %s: move it there, so that the archives go on with their key", name, dir)
}

// read gives the keys, the one in force first. A change of the file counts from the next seal on.
func (k archiveKeys) read() ([]transparency.Key, error) {
	info, err := os.Stat(k.path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others: make it readable by its owner alone (chmod 600)", k.path)
	}
	data, err := os.ReadFile(k.path)
	if err != nil {
		return nil, err
	}
	keys, err := transparency.ParseKeys(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k.path, err)
	}
	return keys, nil
}

// ensure makes a key when there is none.
func (k archiveKeys) ensure() error {
	_, err := os.Stat(k.path)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := durable.CreateSecret(k.path, transparency.FormatKeys([]transparency.Key{drawKey()})); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the key that signs archives: %w", err)
	}
	return nil
}

// lost tells whether somebody has said that a key is lost.
func (k archiveKeys) lost(public string) bool {
	data, err := os.ReadFile(k.lostPath())
	return err == nil && slices.Contains(strings.Fields(string(data)), public)
}

func (k archiveKeys) lostPath() string { return filepath.Join(filepath.Dir(k.path), lostKeysName) }

// giveUp notes that a key is lost: archives go on with the key that is here.
func (k archiveKeys) giveUp(key string) error {
	public := archive.PublicPart(key)
	if raw, err := base64.StdEncoding.DecodeString(public); err != nil || len(raw) != 1+ed25519.PublicKeySize {
		return process.UsageError("--lost: %q is no public key: give it as the server names it", key)
	}
	if k.lost(public) {
		return nil
	}
	data, err := os.ReadFile(k.lostPath())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return durable.WriteFile(k.lostPath(), fmt.Appendf(data, "%s\n", public))
}

func drawKey() transparency.Key {
	var seed [32]byte
	rand.Read(seed[:]) // never fails
	return transparency.NewKey(seed, time.Now())
}

// replace writes the file anew. A crash leaves the old or the new one.
func (k archiveKeys) replace(keys []transparency.Key) error {
	next := k.path + ".new"
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := durable.CreateSecret(next, transparency.FormatKeys(keys)); err != nil {
		return err
	}
	if err := os.Rename(next, k.path); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(k.path))
}

// archiveOrigin names the archive of a trail and one of its deliveries in its checkpoints.
func archiveOrigin(cfg *config.Config, t *config.Trail, d *config.Delivery) string {
	return "actiontrail/" + cfg.Agent.Account + "/" + t.Name + "/" + d.Name
}

// archiveLog is the log of a delivery's archive.
func (a *aggregation) archiveLog(d *delivery) (*archive.LogConfig, error) {
	keys := a.archiveKeys()
	if err := errors.Join(moved(a.cfg, a.dir, archiveKeyName), moved(a.cfg, a.dir, digestKeyName)); err != nil {
		return nil, err
	}
	if err := keys.ensure(); err != nil {
		return nil, err
	}
	return &archive.LogConfig{Origin: archiveOrigin(a.cfg, d.trail, &d.Delivery), Keys: keys.read, Lost: keys.lost, File: filepath.Join(a.dir, logFolder, archiveFile(d))}, nil
}

// archiveFile names the file of the newest checkpoint by the delivery and by where it
// goes to: one that is sent to another place begins another archive.
func archiveFile(d *delivery) string {
	sum := sha256.Sum256([]byte(d.Target()))
	return fmt.Sprintf("%s-%x.json", d.key(), sum[:4])
}

// printKeys prints the public keys of the archive of a delivery.
func (r *registry) printKeys(to io.Writer, key transparency.Key, t *config.Trail, d *config.Delivery) error {
	vkey, err := key.VKey(archiveOrigin(r.cfg, t, d))
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(to, vkey); err != nil || !digested(d) {
		return err
	}
	digests, err := digestKeys(keyFolder(r.cfg, r.dir))
	if err != nil {
		return process.UsageError("%w", err)
	}
	_, err = fmt.Fprintf(to, "# trail %s: RSA key of the digests %s %s\n", t.Name, digests[0].Fingerprint(), digests[0].Public().Text())
	return err
}

func newKeysArchiveCommand(f *keysFlags) *cobra.Command {
	var rotate, dropOld bool
	var lost string
	cmd := &cobra.Command{
		Use:   "archive",
		Short: "Show, make or replace the key that signs archives",
		Long: `Prints the public key of the archive of each trail in the configuration, one a line, to be published and given to
"verify --keys". The same private key signs for all archives; it is made when there is none. After a trail of layout
cloudtrail comes, as a comment, the RSA key of its hourly digests: fingerprint and PKCS #1 in base64.

--rotate makes a new key. The next seal of each archive names it, and the checkpoint with that seal is signed by the old and
the new key. When all archives have gone over (see "trail status"), --drop-old destroys the old private keys.

A server does not go on with an archive that is signed by a key which it does not have. A second server needs the archive.key of
the first. --lost says that a key is gone for good: from then on the key that is here signs, and nobody vouches for it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := f.open()
			if err != nil {
				return err
			}
			if err := errors.Join(moved(r.cfg, r.dir, archiveKeyName), moved(r.cfg, r.dir, digestKeyName)); err != nil {
				return process.UsageError("%w", err)
			}
			keys := archiveKeys{filepath.Join(keyFolder(r.cfg, r.dir), archiveKeyName)}
			if err := keys.ensure(); err != nil {
				return err
			}
			all, err := keys.read()
			if err != nil {
				return process.UsageError("%w", err)
			}
			switch {
			case lost != "":
				err = keys.giveUp(lost)
			case rotate && dropOld:
				return process.UsageError("--rotate and --drop-old: the old key must sign the new one first, which each archive does with its next seal")
			case rotate:
				all = append([]transparency.Key{drawKey()}, all...)
				err = keys.replace(all)
			case dropOld:
				all = all[:1]
				err = keys.replace(all)
			}
			if err != nil {
				return err
			}
			for i := range r.cfg.Trails {
				for k := range r.cfg.Trails[i].Deliver {
					if err := r.printKeys(cmd.OutOrStdout(), all[0], &r.cfg.Trails[i], &r.cfg.Trails[i].Deliver[k]); err != nil {
						return err
					}
				}
			}
			if len(r.cfg.Trails) == 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "the key is in %s; name the configuration with --config to see the public key of each trail's archive\n", absolute(keys.path))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&rotate, "rotate", false, "make a new key; the old one stays to vouch for it")
	cmd.Flags().StringVar(&lost, "lost", "", "go on with archives that are signed by this key, which nobody has any more")
	cmd.Flags().BoolVar(&dropOld, "drop-old", false, "destroy the private keys that are no longer in force")
	return cmd
}
