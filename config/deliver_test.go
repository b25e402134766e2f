package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A delivery is called by its kind or its own name, wherever its block stands.
func TestDeliveries(t *testing.T) {
	names := func(blocks ...string) map[string]string {
		all := map[string]string{}
		for _, d := range mustLoad(t, "trail \"t\" {\n"+strings.Join(blocks, "\n")+"\n}").Trails[0].Deliver {
			all[d.Name] = d.Target() + " " + d.Hash
		}
		return all
	}
	first, second := "deliver \"file\" { path = \"./a\" }", "deliver \"file\" {\n name = \"copy\"\n path = \"./b\"\n roll { max_age = \"5m\" }\n}"
	one, other := names(first, second), names("# another place", second, first)
	if len(one) != 2 || one["file"] == "" || !strings.HasPrefix(one["copy"], "./b ") {
		t.Errorf("deliveries are %v", one)
	}
	if diff := cmp.Diff(one, other); diff != "" {
		t.Errorf("the order of the blocks changes deliveries:\n%s", diff)
	}
	if one["copy"] == names(first, strings.Replace(second, "5m", "6m", 1))["copy"] {
		t.Error("another roll has the same hash")
	}
}

func TestDeliveryMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"trail \"t\" {\n deliver \"file\" { path = \"a\" }\n deliver \"file\" { path = \"b\" }\n}":                                     `two deliveries of trail "t" are called "file"`,
		"trail \"t\" {\n deliver \"file\" {\n path = \"a\"\n name = \"a.b\"\n}\n}":                                                     `delivery "a.b" is not a name`,
		"trail \"t\" {\n deliver \"file\" { path = \"a\" }\n deliver \"file\" {\n name = \"x\"\n path = \"./a/\"\n}\n}":                "two deliveries go into a",
		"trail \"t\" {\n deliver \"file\" { path = \"a\" }\n}\ntrail \"u\" {\n deliver \"file\" {\n name = \"x\"\n path = \"a\"\n}\n}": "two deliveries go into a",
		"trail \"t\" {\n deliver \"file\" {\n path = \"a\"\n backfill = \"9999d\"\n}\n}":                                               "backfill is out of range",
		"trail \"t\" {\n event_types = [\"ApiCal\"]\n deliver \"file\" { path = \"a\" }\n}":                                            `no event has the eventType "ApiCal"`,
	} {
		if _, err := load(t, text); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), ".hcl:") {
			t.Errorf("%s\nis refused with %v, want %s", text, err, want)
		}
	}
}

// As in CloudTrail: a trail sees the events of its account, and one of the
// management account those of all.
func TestOrganization(t *testing.T) {
	const rest = "\naccount \"team\" { id = \"22\" }\naccount \"prod\" { id = \"11\" }\n"
	const organization = "organization { management = \"prod\" }\n"
	trail := func(attribute string) string {
		return "trail \"t\" {\n" + attribute + "\n deliver \"file\" { path = \"a\" }\n}" + rest
	}
	for text, want := range map[string]string{
		trail(""):                                                           "",
		trail("account = \"team\""):                                         `recipientAccountId: 22`,
		trail("") + organization:                                            "",
		trail("account = \"prod\""):                                         `recipientAccountId: 11`,
		trail("account = \"prod\"") + organization:                          "",
		trail("account = \"team\"") + organization:                          `recipientAccountId: 22`,
		trail("accounts = [\"team\"]") + organization:                       `recipientAccountId: 22`,
		trail("accounts = [\"team\", \"33\"]"):                              `recipientAccountId: (22 or 33)`,
		trail("event_types = [\"ApiCall\"]\naccounts = [\"team\", \"33\"]"): `eventType: ApiCall and recipientAccountId: (22 or 33)`,
	} {
		if got := mustLoad(t, text).Trails[0].Where; got != want {
			t.Errorf("%s\nsees %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		trail("account = \"team\"\n accounts = [\"prod\"]"): `a trail of account "team" sees no events of account "prod"`,
		trail("account = \"taem\""):                         `no block declares account "taem"`,
	} {
		if _, err := load(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\nis refused with %v, want %s", text, err, want)
		}
	}
}
