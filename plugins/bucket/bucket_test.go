package bucket

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/sourcetest"
)

// store is a store in memory.
type store struct {
	mu      sync.Mutex
	objects map[string]string
	cut     map[string]int // objects of which only so many bytes come, and then an error
}

var errStore = errors.New("the store is away")

func (s *store) put(key, text string) { s.mu.Lock(); defer s.mu.Unlock(); s.objects[key] = text }

func (s *store) List(_ context.Context, prefix string) iter.Seq2[Object, error] {
	s.mu.Lock()
	defer s.mu.Unlock()
	keys := slices.Sorted(maps.Keys(s.objects))
	return func(yield func(Object, error) bool) {
		for _, k := range keys {
			if strings.HasPrefix(k, prefix) && !yield(Object{k, 1}, nil) {
				return
			}
		}
	}
}

func (s *store) Read(_ context.Context, key string) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, there := s.objects[key]
	if !there {
		return nil, fs.ErrNotExist
	}
	if n, cut := s.cut[key]; cut {
		return io.NopCloser(io.MultiReader(strings.NewReader(text[:n]), failing{})), nil
	}
	return io.NopCloser(strings.NewReader(text)), nil
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errStore }

func gzipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text)) // into memory
	_ = z.Close()
	return b.String()
}

func zstandard(text string) string {
	z, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	return string(z.EncodeAll([]byte(text), nil))
}

func numbered(from, to int) (all []string) {
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprintf(`{"eventID":"%d","pad":"%s"}`, i, strings.Repeat("x", i%300)))
	}
	return all
}

func day(n int) string { return fmt.Sprintf("AWSLogs/1/CloudTrail/us-east-1/2026/01/%02d/", n) }

func TestSource(t *testing.T) {
	s := &store{objects: map[string]string{"AWSLogs/1/CloudTrail-Digest/us-east-1/2026/01/01/d.json.gz": "no record", "AWSLogs/": ""}}
	want := numbered(0, 3000)
	for i := range 20 {
		part := want[i*75 : (i+1)*75]
		s.objects[fmt.Sprintf("%s%02d.json.gz", day(i/4+1), i)] = gzipped(`{"Records":[` + strings.Join(part, ",\n ") + "]}")
	}
	s.objects["AliyunLogs/Actiontrail/cn-hangzhou/2026/01/02/a.gz"] = zstandard("[\n" + strings.Join(want[1500:2500], ",") + "\n]\n")
	s.objects["other/lines.ndjson"] = strings.Join(want[2500:], "\n")
	for _, once := range []bool{false, true} {
		t.Run(fmt.Sprintf("once %v", once), func(t *testing.T) {
			sourcetest.Run(t, sourcetest.Harness{Want: want, Ends: once, Patience: realtest.Patience, New: func(t testing.TB) plugins.Source {
				return newSource(t, Config{Store: s, Once: once})
			}})
		})
	}
}

func newSource(t testing.TB, c Config) *Source {
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// readAll reads a source that ends, from a cursor on.
func readAll(t *testing.T, c Config, at plugins.Cursor) (records []string, after plugins.Cursor, err error) {
	t.Helper()
	c.Once = true
	s := newSource(t, c)
	if err := s.Open(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), realtest.Patience)
	defer cancel()
	for {
		b, err := s.Read(ctx)
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return records, at, err
		}
		for _, r := range b.Records {
			text := string(r.Data)
			if r.Fault != "" {
				text += " | " + r.Fault
			}
			records = append(records, text)
		}
		at = at.Merge(b.Next)
	}
}

// What comes later is read, also between others; what was read is not; old days are closed and new ones kept.
func TestNewObjects(t *testing.T) {
	now := time.Date(2026, 1, 6, 12, 0, 0, 0, time.UTC)
	s := &store{objects: map[string]string{day(1) + "b": "[1]", day(5) + "b": "[2]", "flat/b": "3"}}
	c := Config{Store: s, Now: func() time.Time { return now }}
	got, at, err := readAll(t, c, nil)
	if diff := cmp.Diff([]string{"1", "2", "3"}, got); diff != "" || err != nil {
		t.Fatal(diff, err)
	}
	var keys []string
	for _, m := range at {
		keys = append(keys, m.Key)
	}
	if diff := cmp.Diff([]string{"c/AWSLogs/1/CloudTrail/us-east-1/2026/01/", "d/" + day(5), "o/flat/"}, keys); diff != "" {
		t.Error(diff)
	}
	s.put(day(5)+"a", "[4]") // before the one that was read
	s.put(day(2)+"a", "[5]") // a day that was not there
	s.put("flat/c", "6")
	s.put("flat/a", "7")     // too late for a folder without days
	s.put(day(1)+"c", "[8]") // too late for a day that is closed
	got, at, err = readAll(t, c, at)
	if diff := cmp.Diff([]string{"5", "4", "6"}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if got, _, err := readAll(t, c, at); len(got) > 0 || err != nil {
		t.Error("read again:", got, err)
	}
}

// An object that is damaged is told, behind its records that are whole; others are read.
func TestDamaged(t *testing.T) {
	whole := gzipped(`{"Records":[{"n":1},{"n":2}]}`)
	sum := []byte(whole)
	sum[len(sum)-5] ^= 1
	s := &store{objects: map[string]string{
		day(1) + "a": "[1,2", day(1) + "b": gzipped(`{"Records":[{"n":1}`)[:20], day(1) + "c": string(sum), day(1) + "d": whole,
		day(1) + "e": `{"Records":[{"n":1}]`, day(1) + "f": `[{"n":1} {"n":2}]`, day(1) + "g": `{"Records":[]}`, day(1) + "h": "\xef\xbb\xbf[ {\"n\":\n1} ]", day(1) + "i": `{"Records": 1}`,
	}}
	got, _, err := readAll(t, Config{Store: s}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range got {
		if at := strings.Index(text, " records: "); at > 0 {
			got[i] = text[:at] // what is wrong is told by others
		}
	}
	broken := func(name string, n int) string {
		return fmt.Sprintf("%s%s | the object is damaged after %d", day(1), name, n)
	}
	want := []string{"1", "2", broken("a", 2), broken("b", 0), `{"n":1}`, `{"n":2}`, broken("c", 2), `{"n":1}`, `{"n":2}`,
		`{"n":1}`, `{"n":1}`, broken("f", 1), `{"n":1}`, `{"Records": 1}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// While the store fails nothing is taken for damage, and what was read before is not read again.
// Parquet is not read, and said to be what it is.
func TestParquet(t *testing.T) {
	s := &store{objects: map[string]string{day(1) + "a.parquet": "PAR1\x15\x00\nPAR1", day(1) + "b": "[1]"}}
	got, _, err := readAll(t, Config{Store: s}, nil)
	if err != nil || len(got) != 2 || !strings.Contains(got[0], "it is Parquet, which this source does not read") || got[1] != "1" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestStoreFails(t *testing.T) {
	want := numbered(0, 3000)
	text := strings.Join(want, "\n")
	s := &store{objects: map[string]string{day(1) + "a": text}, cut: map[string]int{day(1) + "a": len(text) / 2}}
	got, at, err := readAll(t, Config{Store: s}, nil)
	if !errors.Is(err, errStore) || len(got) < 1000 || len(got) > 1500 {
		t.Fatal(len(got), err)
	}
	delete(s.cut, day(1)+"a")
	rest, _, err := readAll(t, Config{Store: s}, at)
	if diff := cmp.Diff(want, append(got, rest...)); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestProgress(t *testing.T) {
	s := &store{objects: map[string]string{day(1) + "a": "[1,2]", day(1) + "b": "[3]"}}
	var all []Progress
	if _, _, err := readAll(t, Config{Store: s, Progress: func(p Progress) { all = append(all, p) }}, nil); err != nil {
		t.Fatal(err)
	}
	want := Progress{Objects: 2, Bytes: 2, DoneObjects: 2, DoneBytes: 2, Records: 3}
	if diff := cmp.Diff(want, all[len(all)-1]); diff != "" || all[0].Current != day(1)+"a" {
		t.Error(diff, all[0])
	}
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	realtest.Replace(t, dir, "b.json", []byte("[1]"))
	realtest.Replace(t, dir, "a.json", []byte("[2]"))
	realtest.Replace(t, dir, "a-other.json", []byte("[3]"))
	f, err := NewFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	got, at, err := readAll(t, Config{Store: f, Prefix: "a"}, nil)
	if diff := cmp.Diff([]string{"3", "2"}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if got, _, err := readAll(t, Config{Store: f, Prefix: "a"}, at); len(got) > 0 || err != nil {
		t.Error(got, err)
	}
	if _, err := f.Read(t.Context(), "../x"); err == nil {
		t.Error("a path out of the folder is read")
	}
}

// Whatever an object holds is read to its end, and a cursor that is damaged is refused.
func FuzzObject(f *testing.F) {
	f.Add([]byte(`{"Records":[{"a":1},{"b":[2]}]}`))
	f.Add([]byte(gzipped("[1,2]")))
	f.Add([]byte("a\nb"))
	f.Add([]byte{markVersion, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, text []byte) {
		r := newRecords(bytes.NewReader(text), 100)
		for range len(text) + 2 {
			data, fault, length, err := r.next()
			if err != nil {
				break
			}
			if int64(len(data)) > length || len(data) > 100 || (fault != "") != (length > int64(len(data))) {
				t.Fatalf("%q %q %d", data, fault, length)
			}
		}
		for _, key := range []string{currentKey, dayPrefix + day(1), closedPrefix + "2026/01/", otherPrefix + "x/"} {
			s, err := readState(plugins.Cursor{{Key: key, Value: text}})
			if err == nil {
				s.done(day(1) + "x")
				s.close(time.Now())
			}
		}
	})
}
