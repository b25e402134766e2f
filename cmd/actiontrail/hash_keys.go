package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/agent"
	"github.com/actiontrail/actiontrail/cmd/internal/process"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// hashKeysFolder is the folder in the aggregator's that keeps the keys with which
// API keys are hashed: ACCOUNT/1.key, and after a rotation 2.key. The last one is
// in use; those before it tell whose the older hashes are.
const hashKeysFolder = "hash-keys"

// hashKeys are the files of an account's hash keys, the oldest first.
func hashKeys(dir, account string) ([]string, error) {
	var all []string
	for n := 1; ; n++ {
		path := filepath.Join(dir, hashKeysFolder, account, strconv.Itoa(n)+".key")
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, path)
	}
}

// ensureHashKey is the file of the hash key that an account uses, which is made when there is none.
func ensureHashKey(dir, account string) (string, error) {
	for {
		all, err := hashKeys(dir, account)
		if err != nil || len(all) > 0 {
			return last(all), err
		}
		if _, err := nextHashKey(dir, account, 0); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
	}
}

func last(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// nextHashKey makes another hash key for an account that has so many. When somebody
// was faster it is fs.ErrExist.
func nextHashKey(dir, account string, have int) (string, error) {
	path := filepath.Join(dir, hashKeysFolder, account, strconv.Itoa(have+1)+".key")
	if err := agent.DrawHashKey(path); err != nil {
		return "", fmt.Errorf("hash key of account %s: %w", account, err)
	}
	return path, os.Chmod(filepath.Dir(path), 0o700)
}

func newKeysHashCommand(f *keysFlags) *cobra.Command {
	var rotate bool
	cmd := &cobra.Command{
		Use:   "hash",
		Short: "Tell by which accessKeyId an API key stands in the events: the key is read from the standard input",
		Long: `Events do not hold API keys but names of them: the first characters, the id of the account's hash key, and a keyed hash.
Give the API key on the standard input, where neither the shell's history nor the list of processes shows it:

  actiontrail keys hash --account prod < key.txt

It prints one name for each hash key that the account has had, the present one first.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check("x"); err != nil {
				return err
			}
			dir := filepath.Join(f.data, aggregatorFolder)
			if rotate {
				return rotateHashKey(cmd.OutOrStdout(), dir, f.account)
			}
			return printHashes(cmd.InOrStdin(), cmd.OutOrStdout(), dir, f.account)
		},
	}
	cmd.Flags().BoolVar(&rotate, "rotate", false, "draw a new hash key for the account instead; the old one is kept to tell the names that were made with it")
	return f.withAccount(cmd)
}

// maxAPIKey is how long an API key may be.
const maxAPIKey = 16 << 10

func printHashes(in io.Reader, out io.Writer, dir, account string) error {
	all, err := hashKeys(dir, account)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return process.UsageError("account %s has no hash key yet: `actiontrail keys agent` or the first start of a server makes it; is --data right?", account)
	}
	text, err := io.ReadAll(io.LimitReader(in, maxAPIKey+1))
	if err != nil {
		return err
	}
	key := strings.TrimRight(string(text), "\r\n")
	if key == "" || len(key) > maxAPIKey || strings.ContainsAny(key, "\r\n") {
		return process.UsageError("give one API key in one line on the standard input")
	}
	for i := len(all) - 1; i >= 0; i-- {
		hashKey, err := agent.ReadHashKey(all[i])
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, mapper.KeyName(hashKey, key)); err != nil {
			return err
		}
	}
	return nil
}

func rotateHashKey(out io.Writer, dir, account string) error {
	all, err := hashKeys(dir, account)
	if err != nil {
		return err
	}
	path, err := nextHashKey(dir, account, len(all))
	if err != nil {
		return err
	}
	key, err := agent.ReadHashKey(path)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "account %s: hash key %s is %s\nCopy it over the hash.key of each agent of the account, and restart them; the server takes it at its next start.\n", account, mapper.HashKeyID(key), absolute(path))
	return err
}
