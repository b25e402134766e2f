package config

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const cosignerKey = "witness.example.com/w1+d8c5b89d+BOpKbGPinFIKvvVQezMuHfmVR3z9iGiLA5u3wyPLjfGI"

func TestWitness(t *testing.T) {
	trail := func(witness string) string {
		return "trail \"t\" {\n deliver \"file\" { path = \"a\" }\n" + witness + "\n}"
	}
	plain := mustLoad(t, trail("")).Trails[0]
	got := mustLoad(t, trail(`
witness "file" {
  name  = "git"
  path  = "w"
  every = "1h"
}
witness "s3" {
  bucket = "notes"
  prefix = "elsewhere"
  lock {
    mode = "compliance"
    days = 30
  }
}
witness "https" {
  url        = "https://w.example.com/x?secret"
  key        = "`+cosignerKey+`"
  token_file = "token"
}`)).Trails[0]
	w := got.Witness
	if len(w) != 3 || got.Hash == plain.Hash {
		t.Fatalf("witnesses are %+v", w)
	}
	if w[0].Name != "git" || w[0].Path != "w" || w[0].Every != time.Hour || w[0].Target() != "w" {
		t.Errorf("the folder is %+v", w[0])
	}
	if w[1].Name != "s3" || w[1].S3.LockDays != 30 || w[1].Target() != "s3://notes/elsewhere" || w[1].Every != DefaultWitnessEvery {
		t.Errorf("the bucket is %+v", w[1])
	}
	if w[2].HTTPS.Key != cosignerKey || filepath.Base(w[2].HTTPS.TokenFile) != "token" || w[2].Target() != "https://w.example.com" {
		t.Errorf("the witness is %+v", w[2].HTTPS)
	}
	if other := mustLoad(t, trail("\n\n"+`witness "file" { path = "w" }`)).Trails[0].Witness[0]; other.Hash == w[0].Hash {
		t.Error("two witnesses are taken for one")
	} else if moved := mustLoad(t, "\n"+trail(`witness "file" { path = "w" }`)).Trails[0].Witness[0]; moved.Hash != other.Hash {
		t.Error("where a block stands makes it another witness")
	}
	for witness, want := range map[string]string{
		`witness "fil" { path = "w" }`:                                         `did you mean "file"?`,
		`witness "file" { path = "" }`:                                         "a path is needed",
		`witness "file" {}`:                                                    "path is missing",
		"witness \"file\" {\n path = \"w\"\n name = \"nats\"\n}":               "each trail has a witness",
		"witness \"file\" {\n path = \"w\"\n name = \"a.b\"\n}":                "is not a name",
		"witness \"file\" {\n path = \"w\"\n every = \"10ms\"\n}":              "out of range",
		"witness \"file\" { path = \"w\" }\nwitness \"file\" { path = \"v\" }": "are called",
		`witness "s3" { bucket = "A" }`:                                        "no name of a bucket",
		"witness \"s3\" {\n bucket = \"abc\"\n layout = \"hive\"\n}":           "layout",
		`witness "https" { url = "http://w.example.com/" }`:                    "in the clear",
		"witness \"https\" {\n url = \"https://w/\"\n key = \"w+1+AA\"\n}":     "no public key of a witness",
		"witness \"https\" {\n url = \"https://w/\"\n key = \"" + strings.Replace(cosignerKey, "+BO", "+AO", 1) + "\"\n}": "other signatures",
	} {
		if _, err := load(t, trail(witness)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is refused with %v, want %s", witness, err, want)
		}
	}
}
