package transparency_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
)

// The note and the cosignature are those of the example of C2SP tlog-cosignature; its
// witness's key is not known, so it stands for what cannot be verified.
const cosigned = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n" +
	"— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n" +
	"— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"

// publicWitness is some witness's key: algorithm 4, 32 bytes.
const publicWitness = "witness.example.com/w1+d8c5b89d+BOpKbGPinFIKvvVQezMuHfmVR3z9iGiLA5u3wyPLjfGI"

func TestCosigner(t *testing.T) {
	for text, want := range map[string]string{
		"": "no public key", "a+b": "no public key", "a+00000000+AAAA": "no public key",
		"witness.example.com/w1+00000000+BOpKbGPinFIKvvVQezMuHfmVR3z9iGiLA5u3wyPLjfGI": "not that of its hash",
		"wit ness+85ab6921+BOpKbGPinFIKvvVQezMuHfmVR3z9iGiLA5u3wyPLjfGI":               "no public key",
		"witness.example.com/w1+85ab6921+AepKbGPinFIKvvVQezMuHfmVR3z9iGiLA5u3wyPLjfGI": "no public key",
	} {
		if err := transparency.CheckCosigner(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if err := transparency.CheckCosigner(publicWitness); err != nil || transparency.CosignerName(publicWitness) != "witness.example.com/w1" {
		t.Errorf("a right key: %v", err)
	}
	if c, err := transparency.ReadCheckpoint([]byte(cosigned)); err != nil || c.Size != 20852163 {
		t.Errorf("%+v, %v", c, err)
	}
}

func FuzzCosigned(f *testing.F) {
	key, err := transparency.NewKey([32]byte{1}, time.Time{}).VKey("a")
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(cosigned), []byte("— a AAAA\n"), publicWitness)
	f.Add([]byte("a\n1\n\n\n"), []byte(""), key)
	f.Fuzz(func(t *testing.T, signed, lines []byte, vkey string) {
		if _, _, err := transparency.AddCosignature(signed, lines, vkey); err == nil {
			t.Errorf("%q is believed to be cosigned by %q", signed, vkey)
		} else if transparency.CheckCosigner(vkey) == nil && transparency.CosignerName(vkey) == "" {
			t.Errorf("%q has no name", vkey)
		} else if errors.Is(err, transparency.ErrUncosigned) && transparency.CheckCosigner(vkey) != nil {
			t.Errorf("%q is a key and is none", vkey)
		}
	})
}
