package host

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
	pb "github.com/actiontrail/actiontrail/proto/actiontrail/plugin/v1"
)

// FuzzBatch sends what a plugin may send: it is refused, or keeps the contract and
// comes out the same when it is sent on.
func FuzzBatch(f *testing.F) {
	f.Add("id", "path", uint64(1), "data", uint32(0), int64(7), int64(0), "", "key", "value", 3)
	f.Add("", "", uint64(0), "", uint32(1), int64(-1), int64(2), "cut", "", "", 1001)
	f.Fuzz(func(t *testing.T, id, path string, generation uint64, data string, file uint32, offset, length int64, fault, key, value string, n int) {
		sent := &pb.Batch{Files: []*pb.File{{Id: id, Path: path, Generation: generation}, {Id: id + "2"}}}
		if key != "none" {
			sent.Marks = []*pb.Mark{{Key: key, Value: []byte(value)}}
		}
		for i := range max(0, min(n, 1100)) {
			sent.Records = append(sent.Records, &pb.Record{Data: []byte(data), File: file, Offset: offset + int64(i), Length: length, Fault: fault})
		}
		got, err := batchOf(sent)
		if err != nil {
			return
		}
		if len(got.Records) > plugins.MaxRecords || len(got.Next) == 0 || got.Next[0].Key == "" {
			t.Fatalf("%d records, marks %v", len(got.Records), got.Next)
		}
		for _, r := range got.Records {
			if r.Pos.FileID == "" || r.Pos.Length < int64(len(r.Data)) || r.Pos.Offset < 0 {
				t.Fatalf("%+v", r)
			}
		}
		again, err := batchOf(new(form).batch(got))
		if err != nil || len(again.Records) != len(got.Records) {
			t.Fatalf("sent on: %d records of %d, %v", len(again.Records), len(got.Records), err)
		}
		for i, r := range again.Records {
			if r.Pos != got.Records[i].Pos || string(r.Data) != string(got.Records[i].Data) || r.Fault != got.Records[i].Fault {
				t.Fatalf("%+v comes out as %+v", got.Records[i], r)
			}
		}
	})
}

// FuzzOutput writes anything to the log, in two pieces: every line that is not empty is told.
func FuzzOutput(f *testing.F) {
	f.Add(`{"level":"WARN","msg":"x","a":[1,{"b":null}]}`+"\nplain\npanic: x\n", 7)
	f.Add(`{"@level":"x","@message":"","":{}}`+"\n\r\n", 0)
	f.Fuzz(func(t *testing.T, text string, cut int) {
		var log realtest.Logged
		o := &output{log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
		cut = max(0, min(cut, len(text)))
		for _, part := range []string{text[:cut], text[cut:], "\n"} {
			if n, err := o.Write([]byte(part)); n != len(part) || err != nil {
				t.Fatal(n, err)
			}
		}
		lines := 0
		for line := range strings.SplitSeq(text, "\n") {
			if strings.TrimRight(line[:min(len(line), maxOutput)], "\r") != "" {
				lines++
			}
		}
		if told := strings.Count(log.String(), "\n"); told != lines {
			t.Errorf("%d lines of %d are told:\n%s", told, lines, log.String())
		}
	})
}
