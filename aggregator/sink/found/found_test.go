package found

import "testing"

func TestEvents(t *testing.T) {
	var e Events
	if e.Has("a") || !e.Came(1, nil) {
		t.Error("something was found")
	}
	e.Add([]byte("a"))
	e.Add([]byte("b"))
	if !e.Has("a") || e.Has("c") || e.Len() != 2 {
		t.Error("not what was found")
	}
	if e.Came(5, []string{"a"}) || e.Has("a") || !e.Has("b") {
		t.Error("b has not come yet")
	}
	if !e.Came(5, []string{"b"}) || e.Len() != 0 {
		t.Error("all have come")
	}
	e.Add([]byte("c"))
	if e.Came(forgetAfter-1, nil) || !e.Has("c") {
		t.Error("c may still come")
	}
	if !e.Came(1, nil) || e.Has("c") {
		t.Error("c does not come any more")
	}
}
