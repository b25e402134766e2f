package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// runCases runs the tests that operators wrote into their mappers. It returns
// how many there are, and what is wrong with those that fail.
func runCases(cfg *config.Config) (n int, failed []string) {
	for i := range cfg.Mappers {
		m := &cfg.Mappers[i]
		opt := mapper.Options{Format: formatWithout}
		for k := range cfg.Sources {
			if cfg.Sources[k].Mapper.Rules == m.Rules {
				opt = cfg.Sources[k].Mapper
				break
			}
		}
		opt.Rules = m.Rules
		for k := range m.Cases {
			n++
			if wrong := runCase(&m.Cases[k], opt); wrong != "" {
				failed = append(failed, wrong)
			}
		}
	}
	return n, failed
}

// runCase is what is wrong with one, with its places; empty when all is right.
func runCase(c *config.Case, opt mapper.Options) string {
	if c.Format != "" || c.LogFormat != "" {
		opt.Format, opt.LogFormat = c.Format, c.LogFormat
		if c.Format == "" {
			opt.Format = formatWithout
		}
	}
	m, err := mapper.New(opt)
	if err != nil {
		return fmt.Sprintf("%s: test %q: %v", c.Place, c.Name, err)
	}
	var e event.Event
	err = m.Map(&plugins.Record{Data: []byte(c.Line)}, &e)
	outcome, why := config.OutcomeEvent, ""
	switch {
	case errors.Is(err, plugins.ErrIgnored):
		outcome = config.OutcomeIgnored
	case err != nil:
		outcome, why = config.OutcomeUnparsed, ": "+err.Error()
	}
	if outcome != c.Outcome {
		return fmt.Sprintf("%s: test %q: the line is %s, want %s%s", c.Place, c.Name, told(outcome), told(c.Outcome), why)
	}
	if outcome != config.OutcomeEvent {
		return ""
	}
	all, err := mapped(&e)
	if err != nil {
		return fmt.Sprintf("%s: test %q: %v", c.Place, c.Name, err)
	}
	var wrong []string
	for _, x := range c.Expect {
		got, is := fieldOf(all, x.Field)
		if is != (x.Value != nil) || is && got != x.Value {
			wrong = append(wrong, fmt.Sprintf("%s: test %q: %s is %s, want %s", x.Place, c.Name, x.Field, written(got), written(x.Value)))
		}
	}
	return strings.Join(wrong, "\n")
}

func told(outcome string) string {
	if outcome == config.OutcomeEvent {
		return "an event"
	}
	return outcome
}

// fieldOf finds a field by its name with dots. A key may hold dots itself.
func fieldOf(in map[string]any, name string) (any, bool) {
	if v, ok := in[name]; ok {
		return v, true
	}
	for i, c := range name {
		if c != '.' {
			continue
		}
		below, ok := in[name[:i]].(map[string]any)
		if !ok {
			continue
		}
		if v, ok := fieldOf(below, name[i+1:]); ok {
			return v, true
		}
	}
	return nil, false
}

func written(v any) string {
	if v == nil {
		return "absent"
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}
