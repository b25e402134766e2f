package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/internal/durable"
)

type proofCommand struct {
	clientFlags
	archive    string
	checkpoint string
	trail      string
	out        string
	bucket     bucketFlags
	identity   string
}

func newProofCommand() *cobra.Command {
	var p proofCommand
	cmd := &cobra.Command{
		Use:   "proof EVENT_ID",
		Short: "Write the proof that an event is in an archive",
		Long: `Writes a file that shows that the event is in the archive of a trail, to whoever has the archive's public key:
"verify --proof FILE --keys KEYS" checks it with nothing else. The server looks it up; with --archive the archive is read
itself, without a server.`,
		Example: `  actiontrail proof 5b1f2a04-3d1e-5c6f-8a7b-9c0d1e2f3a4b --out proof.json
  actiontrail proof 5b1f2a04-3d1e-5c6f-8a7b-9c0d1e2f3a4b --archive ./data/archive`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			make := p.fromServer
			switch {
			case p.archive == "" && p.checkpoint != "":
				return usageError("--checkpoint is for --archive: the server takes its newest")
			case p.archive != "" && p.trail != "":
				return usageError("--trail is for a server: an archive is of one trail")
			case p.archive != "":
				p.bucket.caFile = p.caFile
				make = p.fromArchive
			}
			data, err := make(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if p.out == "" {
				_, err = cmd.OutOrStdout().Write(data)
				return err
			}
			if err := durable.WriteFile(p.out, data); err != nil {
				return usageError("write the proof: %w", err)
			}
			return nil
		},
	}
	p.registerServer(cmd)
	cmd.Flags().StringVar(&p.archive, "archive", "", "read the archive in this folder, or at s3://BUCKET/PREFIX or oss://BUCKET/PREFIX, not a server")
	p.bucket.registerPlace(cmd)
	registerIdentity(cmd, &p.identity)
	cmd.Flags().StringVar(&p.checkpoint, "checkpoint", "", "file or URL of the checkpoint to prove it by; without it, the largest in the archive")
	cmd.Flags().StringVar(&p.trail, "trail", "", "prove it in the archive of this trail; without it, of the first that has it")
	cmd.Flags().StringVar(&p.out, "out", "", "write to this file, not to the standard output")
	return cmd
}

func (p *proofCommand) fromArchive(ctx context.Context, id string) ([]byte, error) {
	bucket, err := p.bucket.readBucket(p.archive)
	if err != nil {
		return nil, usageError("proof: %w", err)
	}
	ids, err := readIdentities(p.identity)
	if err != nil {
		return nil, usageError("proof: --identity: %w", err)
	}
	r := archive.ProofRequest{ID: id, Identities: ids}
	if p.checkpoint != "" {
		given, err := givenCheckpoints(ctx, []string{p.checkpoint})
		if err != nil {
			return nil, err
		}
		r.Checkpoint = given[0].Note
	}
	made, err := archive.Prove(ctx, bucket, r)
	switch {
	case errors.Is(err, archive.ErrNoEvent), errors.Is(err, archive.ErrUncovered):
		return nil, &exitError{Code: exitNo, Err: err}
	case err != nil:
		return nil, usageError("proof: %w", err)
	}
	return made.Encode()
}

func (p *proofCommand) fromServer(ctx context.Context, id string) ([]byte, error) {
	c, err := p.dial()
	if err != nil {
		return nil, err
	}
	r, err := c.GetProof(ctx, id, &api.GetProofParams{Trail: p.trail})
	if err := c.check(r, err); err != nil {
		return nil, err
	}
	defer r.Body.Close()
	data, err := io.ReadAll(io.LimitReader(r.Body, archive.LongestProof))
	if err != nil {
		return nil, usageError("read the answer of %s: %w", c.server, err)
	}
	return data, nil
}

// verifyProof checks a proof with keys alone.
func verifyProof(cmd *cobra.Command, path string, keys []string, output string) error {
	f, err := os.Open(path)
	if err != nil {
		return usageError("read the proof: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, archive.LongestProof))
	if err != nil {
		return usageError("read the proof: %w", err)
	}
	return printProof(cmd, path, data, keys, output)
}

// printProof checks a proof and says what it proves.
func printProof(cmd *cobra.Command, path string, data []byte, keys []string, output string) error {
	p, err := archive.DecodeProof(data)
	var proven *archive.Proven
	if err == nil {
		proven, err = p.Check(keys)
	}
	s := newScreen(cmd.OutOrStdout())
	if output == "json" {
		return printProofJSON(s, path, proven, err)
	}
	if err != nil {
		if _, e := fmt.Fprintf(s.w, "FAILED: %s proves nothing: %s\n", visible(path), visible(err.Error())); e != nil {
			return usageError("write the report: %w", e)
		}
		return &exitError{Code: exitNo}
	}
	for _, fact := range [][2]string{
		{"event", proven.Event.ID}, {"time", timeOr(proven.Event.Time.Std(), "-")}, {"action", proven.Event.Service + " " + proven.Event.Name},
		{"archive", proven.Checkpoint.Origin}, {"object", fmt.Sprintf("%s, line %d of %d", p.Event.Object, p.Event.Index+1, proven.Object.Count)},
		{"seal", fmt.Sprintf("%d, of %s", proven.Seal.Number, timeOr(proven.Seal.Time, "-"))},
		{"signed", fmt.Sprintf("checkpoint over %d seals, by %s", proven.Checkpoint.Size, proven.By[0])},
	} {
		if _, err := fmt.Fprintf(s.w, "%-9s %s\n", fact[0]+":", visible(fact[1])); err != nil {
			return usageError("write the report: %w", err)
		}
	}
	if _, err := io.WriteString(s.w, "\nOK: the archive held this event when the checkpoint was signed\n"); err != nil {
		return usageError("write the report: %w", err)
	}
	return nil
}

func printProofJSON(s screen, path string, p *archive.Proven, problem error) error {
	out := map[string]any{"proof": path, "ok": problem == nil}
	if problem != nil {
		out["problem"] = problem.Error()
	} else {
		out["eventId"], out["origin"], out["object"], out["seal"] = p.Event.ID, p.Checkpoint.Origin, p.Object.Key, p.Seal.Number
		out["checkpointSeals"], out["key"] = p.Checkpoint.Size, p.By[0]
	}
	if err := printJSON(s, out); err != nil {
		return usageError("write the report: %w", err)
	}
	if problem != nil {
		return &exitError{Code: exitNo}
	}
	return nil
}
