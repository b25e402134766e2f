package mapper

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
)

// cloudExamination are the files of the corpus with records of clouds.
func cloudExamination() (all []examined) {
	trail := []Options{{Format: "cloudtrail"}}
	add := func(x examined) {
		x.formats = trail
		all = append(all, x)
	}
	for _, name := range []string{"1145Z_s7dpHbl38neqZbm2", "1150Z_1vnLavRRp0ek1mP4", "1205Z_86g9Vok9HiUCgSI7", "1205Z_UljXNp9xLp8nsAGc", "1205Z_zs3JGxETHr59VpkX", "1210Z_RBxlxVrF890sGHGg",
		"1210Z_bXGZYqBeCCsqWq1U", "1215Z_P0WZuP2zvLW2RcUo", "1215Z_YMDRJwtmC82bUwAo", "1215Z_YxpR6PTmNBivhnJJ", "1215Z_dTTFsx4I2m3om5Oy", "1215Z_nBsuPO1qSTEVerMD", "1220Z_ovtmbuX3ENJ119uH",
		"1225Z_vMAR90Iiaqr6M5sR", "1230Z_s2m4APJ8BhmXSIE6", "1235Z_Vp7r3boWJKtPb3wM"} {
		add(examined{file: "audit/aws-cloudtrail-invictus/218007301253_CloudTrail_us-east-1_20230710T" + name + ".json", lines: delivered, answers: byCloudTrail})
	}
	for _, name := range []string{"credential-access.secretsmanager-batch-retrieve-secrets", "credential-access.secretsmanager-retrieve-secrets", "credential-access.ssm-retrieve-securestring-parameters",
		"defense-evasion.cloudtrail-delete", "defense-evasion.cloudtrail-stop", "defense-evasion.dns-delete-logs", "defense-evasion.vpc-remove-flow-logs", "execution.ec2-user-data", "exfiltration.ec2-share-ami",
		"impact.bedrock-invoke-model", "lateral-movement.ec2-serial-console-send-ssh-public-key", "persistence.iam-backdoor-role", "persistence.iam-backdoor-user", "persistence.lambda-backdoor-function",
		"persistence.lambda-layer-extension", "persistence.lambda-overwrite-code", "privilege-escalation.iam-update-user-login-profile"} {
		add(examined{file: "audit/stratus/aws." + name + ".json", lines: elements(""), answers: byCloudTrail})
	}
	add(examined{file: "audit/crowdsec/aws-cloudtrail-postexploit__aws-cloudtrail-postexploit.log", answers: byCloudTrail})
	add(examined{file: "audit/opensearch-catalog/aws_cloudtrail__raw-sample.json", lines: wholeFile, answers: byCloudTrail})
	add(examined{file: "audit/panther/AWS.CloudTrail.ndjson", lines: elements("log"), answers: byCloudTrail, refused: []refusal{
		{func(line string) bool { return !hasMembers(line, "eventName", "eventTime") }, "an example of a rule, of which the time or the name was left out", true},
		{func(line string) bool {
			return strings.Contains(line, `"eventTime": "redacted"`) || strings.Contains(line, `"eventTime": "..."`)
		}, "an example of a rule, with a word in place of the time", true},
	}})
	return all
}

// elements are the objects of a file, or what a member of each holds.
func elements(member string) func(*testing.T, string) []string {
	return func(t *testing.T, file string) (lines []string) {
		t.Helper()
		for _, o := range objectsOf(t, file) {
			if inner := o[member]; inner != nil {
				lines = append(lines, string(inner))
				continue
			}
			line, err := json.Marshal(o)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, string(line))
		}
		return lines
	}
}

// delivered are the records of a file that CloudTrail delivered.
func delivered(t *testing.T, file string) (lines []string) {
	t.Helper()
	for _, o := range objectsOf(t, file) {
		var all []json.RawMessage
		if err := json.Unmarshal(o["Records"], &all); err != nil {
			t.Fatal(err)
		}
		for _, r := range all {
			lines = append(lines, string(r))
		}
	}
	return lines
}

// wholeFile is one record, over many lines.
func wholeFile(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return []string{strings.ReplaceAll(string(text), "\n", "")}
}

func hasMembers(line string, names ...string) bool {
	var o map[string]json.RawMessage
	if json.Unmarshal([]byte(line), &o) != nil {
		return false
	}
	for _, name := range names {
		if s := ""; json.Unmarshal(o[name], &s) != nil || s == "" {
			return false
		}
	}
	return true
}

// byCloudTrail is what encoding/json reads from a record.
func byCloudTrail(t *testing.T, _ string) func(string, int) reading {
	t.Helper()
	return func(line string, _ int) reading {
		var r struct {
			EventTime                  time.Time
			SourceIPAddress, UserAgent string
			UserIdentity               struct{ UserName string }
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			return nil
		}
		a := reading{"time": r.EventTime.UTC().Format(readingTime), "ip": r.SourceIPAddress, "agent": strings.TrimPrefix(r.UserAgent, "-")}
		if r.UserIdentity.UserName != "" {
			a["user"] = r.UserIdentity.UserName
		}
		return a
	}
}
