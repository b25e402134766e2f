package backoff

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestRetryWaitsTwiceAsLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const attempts = 14
		fault := errors.New("not yet")
		var at []time.Time
		var told int
		err := Retry(t.Context(), func(err error) {
			if told++; err != fault {
				t.Errorf("told %v", err)
			}
		}, func() error {
			if at = append(at, time.Now()); len(at) < attempts {
				return fault
			}
			return nil
		})
		if err != nil || len(at) != attempts || told != attempts-1 {
			t.Fatalf("%v after %d attempts, %d told", err, len(at), told)
		}
		want := First
		for i := 1; i < attempts; i++ {
			if got := at[i].Sub(at[i-1]); got < want*3/4 || got > want {
				t.Errorf("wait %d: %v, want %v or up to a quarter less", i, got, want)
			}
			want = min(2*want, Longest)
		}
		if want != Longest {
			t.Errorf("only %v reached", want)
		}
	})
}

func TestRetryEndsAtAPermanentError(t *testing.T) {
	fault := errors.New("never")
	n := 0
	err := Retry(t.Context(), func(error) { t.Error("told of a permanent error") }, func() error {
		n++
		return fmt.Errorf("write: %w", &Permanent{Err: fault})
	})
	if !errors.Is(err, fault) || n != 1 || err.Error() != "write: never" {
		t.Errorf("%v after %d attempts", err, n)
	}
}

func TestRetryEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fault := errors.New("not yet")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		err := Retry(ctx, nil, func() error { return fault })
		if !errors.Is(err, fault) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v: want both the end of ctx and the last error", err)
		}
		if d := time.Since(began); d != time.Minute {
			t.Errorf("ended after %v", d)
		}
		n := 0
		err = Retry(ctx, func(error) { t.Error("told, but does not go on") }, func() error { n++; return fault }) // ended before
		if n != 1 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v after %d attempts", err, n)
		}
	})
}

// Who is told when to come again does not come before.
func TestLater(t *testing.T) {
	err := fmt.Errorf("busy: %w", &Later{time.Minute, errors.New("come later")})
	if p := Pause(First, err); p != time.Minute {
		t.Errorf("it waits %s", p)
	}
	if p := Pause(2*time.Hour, err); p < time.Hour || p > 2*time.Hour {
		t.Errorf("it waits %s", p)
	}
	if p := Pause(First, errors.New("other")); p > First {
		t.Errorf("it waits %s", p)
	}
}
