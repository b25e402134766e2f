package main

import (
	"cmp"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// eventColumns answer who, when, what, from where, how, and with what result.
var eventColumns = []column{
	{title: "TIME", fixed: true}, {title: "WHO", least: 10}, {title: "ACTION", least: 16}, {title: "RESOURCE", least: 10},
	{title: "FROM", least: 15}, {title: "HOW", least: 7}, {title: "RESULT", least: 8, alarm: func(s string) bool { return s != "ok" }},
}

// narrowScreen is the width from which on there is room for services and fractions of a second.
const narrowScreen = 110

func eventRow(e *event.Event, width int) []string {
	result := "ok"
	if e.ErrorCode != "" {
		result = e.ErrorCode
	}
	action := e.Name
	if e.Service != "" && (width == 0 || width >= narrowScreen) {
		action = e.Service + ":" + e.Name
	}
	at := "-"
	digits := min(e.Time.Digits, 3)
	if width > 0 && width < narrowScreen {
		digits = 0
	}
	if !e.Time.IsZero() {
		at = event.At(e.Time.Std(), digits).String()
	}
	return []string{at, who(&e.Identity), action, cmp.Or(e.ResourceName, e.ResourceType, "-"), cmp.Or(e.SourceIP, "-"), how(e), result}
}

// who is the best name of the actor. A name that nobody checked is marked.
func who(u *event.Identity) string {
	name := cmp.Or(u.UserName, u.PrincipalID, u.AccessKeyID, u.Type, "-")
	if u.Trust == event.TrustClaimed {
		name += " (claimed)"
	}
	return name
}

func how(e *event.Event) string {
	kind := e.Type
	switch e.Type {
	case event.TypeAPICall:
		kind = "api"
	case event.TypeConsoleOperation, event.TypeConsoleSignin, event.TypeConsoleSignout:
		kind = "console"
	case event.TypeServiceEvent:
		kind = "service"
	}
	if agent := shortAgent(e.UserAgent); agent != "" {
		kind += " " + agent
	}
	return kind
}

// shortAgent is the program in a User-Agent, without version; of a browser its name.
func shortAgent(s string) string {
	for _, browser := range []string{"Edg", "OPR", "Firefox", "Chrome", "Safari"} { // each also names those after it
		if strings.HasPrefix(s, "Mozilla/") && strings.Contains(s, browser+"/") {
			switch browser {
			case "Edg":
				return "Edge"
			case "OPR":
				return "Opera"
			}
			return browser
		}
	}
	return s[:len(s)-len(strings.TrimLeft(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"))]
}
