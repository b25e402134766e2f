package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/archive"
)

// verifyFlags are those of verify.
type verifyFlags struct {
	output      string
	checkpoints []string
	keys        string
	proof       string
	bundle      string
	object      string
	event       string
	bucket      bucketFlags
	identity    string
	elsewhere   elsewhere
}

func newVerifyCommand() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify [PATH|s3://BUCKET/PREFIX|oss://BUCKET/PREFIX]",
		Short: "Check that an archive is complete and unchanged",
		Long: `verify reads the archive in the folder PATH, or under a prefix of a bucket in a store, without a server, and checks each seal, each object and each event in it.
It exits with 0 when all is well, with 1 when something is missing or was changed, and with 2 when it could not check, be it
only a part: objects in the archive tier of the store cannot be read until "archive restore" has asked for them.

An archive that was cut off at its end, or written anew as a whole by somebody with its key, looks whole by itself. So it is
compared with checkpoints that are kept elsewhere: with those of the running server that delivers into PATH, or with --config
those in NATS, in the data folder and of each witness of the trail. Give others with --checkpoint (from "trail status", the
API or an auditor), and the key that was published with --keys.

With --object or --event it checks one object or event and what leads to it. With --proof and --keys, or with
--bundle, it needs no archive.

Who asks a store is taken from where other tools have it: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE and
~/.aws/credentials, the identity of a pod, the role of the machine.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return verifyAny(cmd, args, &f) },
	}
	cmd.Flags().StringVar(&f.proof, "proof", "", "check this proof of an event, made by the command proof, by the keys alone")
	cmd.Flags().StringVar(&f.bundle, "bundle", "", "check this bundle, made by the command bundle, offline")
	cmd.Flags().StringVar(&f.object, "object", "", "check only the object with this key")
	cmd.Flags().StringVar(&f.event, "event", "", "check only the event with this id")
	cmd.Flags().StringArrayVar(&f.checkpoints, "checkpoint", nil, "file or URL of a checkpoint that was kept elsewhere; repeatable")
	cmd.Flags().StringVar(&f.keys, "keys", "", "file with the public keys that vouch for the archive; without it, those that it names itself")
	registerOutput(cmd, &f.output, "table", "json")
	registerIdentity(cmd, &f.identity)
	f.elsewhere.register(cmd)
	f.bucket.registerPlace(cmd)
	return cmd
}

func registerIdentity(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "identity", "", "file with the secret keys of age that open encrypted objects")
}

// readIdentities reads a file of age; without one there are none.
func readIdentities(name string) (archive.Identities, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	ids, err := archive.ParseIdentities(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return ids, nil
}

func verifyAny(cmd *cobra.Command, args []string, f *verifyFlags) error {
	keys, err := givenKeys(f.keys)
	if err != nil {
		return err
	}
	one := 0
	for _, s := range []string{f.proof, f.object, f.event, f.bundle} {
		if s != "" {
			one++
		}
	}
	switch {
	case one > 1:
		return usageError("--proof, --bundle, --object and --event: give one of them")
	case f.proof != "" && (len(args) > 0 || len(f.checkpoints) > 0):
		return usageError("--proof is checked by --keys alone: leave out the archive and its checkpoints")
	case f.bundle != "" && (len(args) > 0 || len(f.checkpoints) > 0):
		return usageError("--bundle is checked by --keys alone: leave out the archive and its checkpoints")
	case f.bundle != "":
		return verifyBundle(cmd, f.bundle, keys, f.output)
	case f.proof != "" && keys == nil:
		return usageError("--proof needs --keys: a proof is worth as much as the key that signed it")
	case f.proof != "":
		return verifyProof(cmd, f.proof, keys, f.output)
	case len(args) == 0:
		return usageError("verify needs the path of an archive, --proof or --bundle")
	case f.event != "" && keys == nil:
		return usageError("--event needs --keys: the published key of the archive")
	case f.event != "":
		return verifyEvent(cmd, args[0], keys, f)
	}
	return verify(cmd, args[0], keys, f)
}

// verifyEvent proves an event and checks the proof.
func verifyEvent(cmd *cobra.Command, path string, keys []string, f *verifyFlags) error {
	f.bucket.caFile = f.elsewhere.caFile
	c := proofCommand{archive: path, bucket: f.bucket, identity: f.identity}
	if len(f.checkpoints) > 1 {
		return usageError("--event is proved by one --checkpoint")
	}
	c.checkpoint = strings.Join(f.checkpoints, "")
	data, err := c.fromArchive(cmd.Context(), f.event)
	if err != nil {
		return err
	}
	return printProof(cmd, path, data, keys, f.output)
}

func verify(cmd *cobra.Command, path string, keys []string, f *verifyFlags) error {
	ids, err := readIdentities(f.identity)
	if err != nil {
		return usageError("verify: --identity: %w", err)
	}
	checkpoints, err := givenCheckpoints(cmd.Context(), f.checkpoints)
	if err != nil {
		return err
	}
	f.bucket.caFile = f.elsewhere.caFile
	bucket, err := f.bucket.readBucket(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return usageError("verify: %w", err)
	}
	if err != nil {
		bucket = nil
	}
	more, e := f.elsewhere.checkpoints(cmd.Context(), cmd.ErrOrStderr(), path, bucket)
	if e != nil {
		return e
	}
	if err != nil {
		return missingArchive(cmd.OutOrStdout(), path, err, more)
	}
	checkpoints = append(checkpoints, more...)
	options := archive.VerifyOptions{Keys: keys, Checkpoints: checkpoints, Identities: ids}
	var report archive.Report
	if f.object != "" {
		report, err = archive.VerifyObject(cmd.Context(), bucket, f.object, options)
	} else {
		report, err = archive.Verify(cmd.Context(), bucket, options)
	}
	if err != nil {
		if errors.Is(err, context.Canceled) {
			err = errors.New("it was interrupted")
		}
		return usageError("verify %s did not come to an end: %w", path, err)
	}
	s := newScreen(cmd.OutOrStdout())
	if f.output == "json" {
		err = printJSON(s, report)
	} else {
		err = printReport(s, path, &report, f.object)
	}
	if err != nil {
		return usageError("write the report: %w", err)
	}
	switch {
	case !report.OK():
		return &exitError{Code: exitNo}
	case report.Tiered > 0:
		return &exitError{Code: exitUsage}
	}
	return nil
}

// printReport prints what was found in the archive, or of one object of it.
func printReport(s screen, path string, r *archive.Report, object string) error {
	var b strings.Builder
	fact := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-9s %s\n", name+":", visible(fmt.Sprintf(format, args...)))
	}
	fact("archive", "%s", path)
	if object != "" {
		fact("object", "%s", object)
	}
	if r.Seals > 0 {
		fact("trail", "%s", r.Trail)
		fact("seals", "%d, from %s to %s", r.Seals, timeOr(r.From, "-"), timeOr(r.To, "-"))
		fact("last seal", "%d, SHA-256 %s", r.LastSeal, r.Head)
		fact("objects", "%d, %d bytes", r.Objects, r.Bytes)
		events := fmt.Sprintf("%d of %d scanned", r.Events, r.Scanned)
		if !r.FirstTime.IsZero() {
			events += fmt.Sprintf(", from %s to %s", r.FirstTime.Format(time.RFC3339), r.LastTime.Format(time.RFC3339))
		}
		fact("events", "%s", events)
	}
	if r.Closed > 0 {
		fact("closed", "%d objects with %d events are encrypted for others: only their stored bytes were checked; see --identity", r.Closed, r.ClosedEvents)
	}
	if r.Expired > 0 {
		fact("expired", "%d objects with %d events are gone, as was sealed that they would be", r.Expired, r.ExpiredEvents)
	}
	if r.Tiered > 0 {
		fact("tiered", "%d objects with %d events are in the archive tier of the store, with the length that was sealed; they were not read", r.Tiered, r.TieredEvents)
	}
	if r.LocksUnchecked {
		fact("locks", "not checked: they are in the store that the archive was written to")
	}
	printLog(fact, r.Log)
	for _, f := range r.Filters {
		fact("filter", "seals %d to %d: %s", f.From, f.To, cmp.Or(f.Filter, "(all events)"))
	}
	for _, p := range r.Paid {
		text := ""
		if p.Lost > 0 {
			text = fmt.Sprintf("; %d events were lost before", p.Lost)
		}
		fact("paid", "seals %d to %d: owed since %s, paid from the index%s", p.From, p.To, timeOr(p.Since, "-"), text)
	}
	for _, p := range r.Backfills {
		fact("backfill", "seals %d to %d: %d events of batches from before, from %s to %s", p.FromSeal, p.ToSeal, p.Events, timeOr(p.From, "-"), timeOr(p.To, "-"))
	}
	for _, p := range r.Stopped {
		fact("stopped", "seals %d to %d: %d events came between %s and %s while the trail was stopped, and are not in the archive", p.From, p.To, p.Events, timeOr(p.Since, "-"), timeOr(p.Until, "-"))
	}
	if _, err := s.w.Write([]byte(b.String())); err != nil {
		return err
	}
	if err := printLanes(s, r.Lanes); err != nil {
		return err
	}
	return printVerdict(s, r, object)
}

// printLog says who vouches for what.
func printLog(fact func(name, format string, args ...any), l *archive.LogReport) {
	if l == nil {
		fact("signed", "no: the archive has no key, and vouches for itself alone")
		return
	}
	fact("log", "%s", l.Origin)
	switch {
	case l.Signed == 0:
		fact("signed", "no seal is")
	default:
		fact("signed", "seals 0 to %d, the last of %s, by %d checkpoints in the bucket", l.Signed-1, timeOr(l.SignedTime, "-"), l.Checkpoints)
	}
	whose := "named by the archive itself: compare it with the one that was published, or give that with --keys"
	if l.Judged == "keys" {
		whose = "judged by the keys that were given"
	}
	for _, k := range l.Keys {
		fact("key", "%s, from seal %d on, %s", k.Key, k.Seal, whose)
	}
	for _, g := range l.Given {
		word := "the archive has all of it"
		if !g.OK {
			word = "NOT what the archive has"
		}
		if !g.CosignedAt.IsZero() {
			word += ", cosigned " + timeOr(g.CosignedAt, "-")
		}
		fact("elsewhere", "%s, over %d seals: %s", g.Name, g.Size, word)
	}
}

func printLanes(s screen, lanes []archive.LaneReport) error {
	if len(lanes) == 0 {
		return nil
	}
	rows := make([][]string, len(lanes))
	for i, l := range lanes {
		gaps := make([]string, len(l.Gaps))
		for j, g := range l.Gaps {
			gaps[j] = batchRange(g.From, g.To)
		}
		rows[i] = []string{l.Account, l.Agent, l.Source, fmt.Sprint(l.Epoch), batchRange(l.From, l.To), fmt.Sprint(l.Events), cmp.Or(strings.Join(gaps, " "), "-")}
	}
	if _, err := fmt.Fprintln(s.w); err != nil {
		return err
	}
	return newTable(s, laneColumns, rows).print(rows)
}

func batchRange(from, to uint64) string {
	if from == to {
		return fmt.Sprint(from)
	}
	return fmt.Sprintf("%d-%d", from, to)
}

var laneColumns = []column{
	{title: "ACCOUNT", least: 7}, {title: "AGENT", least: 8}, {title: "SOURCE", least: 8}, {title: "EPOCH", least: 6}, {title: "BATCHES", least: 7},
	{title: "SCANNED", least: 7}, {title: "GAPS", least: 4, alarm: func(s string) bool { return s != "-" }},
}

func printVerdict(s screen, r *archive.Report, object string) error {
	var b strings.Builder
	b.WriteByte('\n')
	for _, key := range r.Pending {
		fmt.Fprintf(&b, "on its way: %s\n", visible(key))
	}
	for _, p := range r.Problems {
		fmt.Fprintf(&b, "%s: %s\n", visible(p.Key), visible(p.Text))
	}
	if r.Unlisted > 0 {
		fmt.Fprintf(&b, "and %d more\n", r.Unlisted)
	}
	gaps := 0
	for _, l := range r.Lanes {
		gaps += len(l.Gaps)
	}
	lost := uint64(0)
	for _, p := range r.Paid {
		lost += p.Lost
	}
	switch n := len(r.Problems) + r.Unlisted; {
	case n == 1:
		b.WriteString("FAILED: 1 problem\n")
	case n > 1:
		fmt.Fprintf(&b, "FAILED: %d problems\n", n)
	case r.Tiered > 0:
		fmt.Fprintf(&b, "NOT ALL WAS READ: nothing is wrong with what was; %d objects are in the archive tier: run actiontrail archive restore, and verify again when it is done\n", r.Tiered)
	case object != "":
		b.WriteString("OK: the object is what its seal names, and the chain of seals is unbroken; the other objects were not read\n")
	case lost > 0:
		fmt.Fprintf(&b, "OK: the archive is complete and unchanged up to its last seal, but for %d gaps, and %d events that were lost before they could be paid, which was sealed when it was seen\n", gaps, lost)
	case gaps > 0:
		fmt.Fprintf(&b, "OK: the archive is complete and unchanged up to its last seal, but for %d gaps: batches that never came, which was sealed when it was seen\n", gaps)
	default:
		b.WriteString("OK: the archive is complete and unchanged up to its last seal\n")
	}
	_, err := s.w.Write([]byte(b.String()))
	return err
}
