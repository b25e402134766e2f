package auditevents

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/internal/realtest"
)

// boto puts events with boto3.
const boto = `
import json, sys
import boto3
client = boto3.client("cloudtrail-data", region_name="eu-central-1", endpoint_url=sys.argv[1])
answer = client.put_audit_events(channelArn=sys.argv[2], externalId="ext+1/x", auditEvents=json.load(open(sys.argv[3])))
print(json.dumps({"successful": answer["successful"], "failed": answer["failed"]}))
try:
    client.put_audit_events(channelArn="arn:aws:cloudtrail:eu-central-1:1:channel/other", auditEvents=json.load(open(sys.argv[3])))
except client.exceptions.ChannelNotFound as e:
    print(json.dumps({"failed": [{"id": "all", "errorCode": e.response["Error"]["Code"]}]}))
`

// The stock AWS command line and boto3 put events, and put them again.
func TestStockClients(t *testing.T) {
	aws, python := realtest.AWS(t), realtest.Boto3(t)
	a := newAgent(t, Config{Channels: []string{testChannel}})
	sum := "no checksum"
	events, err := json.Marshal([]map[string]string{{"id": "one", "eventData": data(1)}, {"id": "two", "eventData": data(2), "eventDataChecksum": sum}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "events.json")
	if err := os.WriteFile(file, events, 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(program string, args ...string) (answers []putAnswer) {
		t.Helper()
		c := exec.Command(program, args...)
		c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_ACCESS_KEY_ID=" + testKey, "AWS_SECRET_ACCESS_KEY=" + testSecret, "AWS_EC2_METADATA_DISABLED=true", "AWS_DEFAULT_REGION=us-east-1"}
		out, err := c.Output()
		if err != nil {
			stderr := []byte(nil)
			if e, ok := err.(*exec.ExitError); ok {
				stderr = e.Stderr
			}
			t.Fatalf("%v: %s%s", err, out, stderr)
		}
		d := json.NewDecoder(bytes.NewReader(out))
		for d.More() {
			var x putAnswer
			if err := d.Decode(&x); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			for i := range x.Failed {
				x.Failed[i].ErrorMessage = ""
			}
			answers = append(answers, x)
		}
		return answers
	}
	want := putAnswer{Successful: []success{{"one", eventID(testChannel, "one")}}, Failed: []failure{{"two", invalidChecksum, ""}}}
	endpoint := "http://" + a.addr()
	got := run(aws, "cloudtrail-data", "put-audit-events", "--endpoint-url", endpoint, "--channel-arn", testChannel, "--audit-events", "file://"+file, "--output", "json")
	if diff := cmp.Diff([]putAnswer{want}, got); diff != "" {
		t.Error(diff)
	}
	got = run(python, "-c", boto, endpoint, testChannel, file)
	if diff := cmp.Diff([]putAnswer{want, {Failed: []failure{{"all", "ChannelNotFound", ""}}}}, got); diff != "" {
		t.Error(diff)
	}
	if n := len(a.held()); n != 1 {
		t.Errorf("%d records of one event", n)
	}
}
