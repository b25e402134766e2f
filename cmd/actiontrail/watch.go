package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

const (
	leastWatch = 100 * time.Millisecond
	// watchLines are those of the screen that a watched table needs beside its rows: what is asked, titles, the total, and the cursor's.
	watchLines = 5
)

// repeat asks again and again until it is interrupted. On a terminal the screen
// shows the last answer, what is new in it marked; elsewhere new lines are added.
func (s *searchCommand) repeat(ctx context.Context, c *client) error {
	w := watched{screen: s.screen, notes: s.note}
	if s.screen.width > 0 {
		s.screen.width = max(1, s.screen.width-len("+ "))
	}
	tick := time.NewTicker(s.watch)
	defer tick.Stop()
	for first := true; ; first = false {
		var answer, note bytes.Buffer
		s.screen.w, s.note = &answer, &note
		err := s.once(ctx, c)
		switch {
		case ctx.Err() != nil:
			return nil // that is how a watch ends
		case err != nil && first:
			return err
		case err != nil: // the server may come back
			note.Reset()
			fmt.Fprintf(&note, "%v\n", err)
			w.fresh = nil
		default:
			w.next(strings.SplitAfter(answer.String(), "\n"))
		}
		if err := w.show(fmt.Sprintf("every %v, %s: %s", s.watch, time.Now().Format(time.TimeOnly), visible(s.query)), note.String()); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// watched is an answer that is asked for again and again.
type watched struct {
	screen screen
	notes  io.Writer
	lines  []string
	fresh  map[string]bool // those that the answer before did not have
	seen   bool            // there was an answer before
	note   string          // the last one
}

// next takes a new answer.
func (w *watched) next(lines []string) {
	before := map[string]bool{}
	for _, line := range w.lines {
		before[line] = true
	}
	w.fresh = map[string]bool{}
	for _, line := range lines {
		if line != "" && !before[line] {
			w.fresh[line] = true
		}
	}
	w.lines = lines
}

func (w *watched) show(title, note string) error {
	if w.screen.terminal {
		return w.paint(title, note)
	}
	for _, line := range w.lines {
		if !w.fresh[line] {
			continue
		}
		if _, err := io.WriteString(w.screen.w, line); err != nil {
			return err
		}
	}
	if w.note != note {
		w.note = note
		if _, err := io.WriteString(w.notes, note); err != nil {
			return err
		}
	}
	return nil
}

// paint draws a screen over the one before, so that it does not flicker.
func (w *watched) paint(title, note string) error {
	var b strings.Builder
	b.WriteString("\x1b[H")
	row := func(text string) { b.WriteString(strings.TrimSuffix(text, "\n") + "\x1b[K\n") }
	row(fit(title, w.screen.width))
	for _, line := range w.lines {
		switch fresh := w.seen && w.fresh[line]; {
		case line == "":
		case fresh && w.screen.color:
			row("\x1b[1;32m+\x1b[0m " + line)
		case fresh:
			row("+ " + line)
		default:
			row("  " + line)
		}
	}
	row(note)
	b.WriteString("\x1b[J")
	w.seen = true
	_, err := io.WriteString(w.screen.w, b.String())
	return err
}
