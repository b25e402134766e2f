package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// source is a parsed Go file of this module.
type source struct {
	path      string // from the root of the repository
	dir       string
	ast       *ast.File
	fset      *token.FileSet
	lines     int
	test      bool // _test.go
	generated bool
}

func (f *source) at(p token.Pos) string {
	return fmt.Sprintf("%s:%d", f.path, f.fset.Position(p).Line)
}

func parse(name string, text []byte) (source, error) {
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return source{}, err
	}
	return source{
		path: name, dir: path.Dir(name), ast: tree, fset: fset, lines: strings.Count(string(text), "\n"),
		test: strings.HasSuffix(name, "_test.go"), generated: ast.IsGenerated(tree),
	}, nil
}

// sources reads every Go file of the module. tools/ and the examples of plugins are modules of their own.
func sources(t *testing.T) []source {
	t.Helper()
	root := os.DirFS("../..")
	var all []source
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			base := d.Name()
			if name != "." && (strings.ContainsAny(base[:1], "._") || slices.Contains([]string{"testdata", "node_modules"}, base) || slices.Contains([]string{"tools", "bin", "data"}, name)) {
				return fs.SkipDir
			}
			if _, err := fs.Stat(root, path.Join(name, "go.mod")); err == nil && name != "." {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		f, err := parse(name, text)
		all = append(all, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("found %d Go files: the laws were held against next to nothing", len(all))
	}
	return all
}

// laws are all that look at sources.
func laws() map[string]func([]source) []string {
	return map[string]func([]source) []string{
		"imports": imports, "package docs": packageDocs, "package names": packageNames,
		"sleep": sleeps, "init": inits, "length": lengths,
	}
}

func TestLaws(t *testing.T) {
	files := sources(t)
	for name, holds := range laws() {
		t.Run(name, func(t *testing.T) {
			for _, problem := range holds(files) {
				t.Error(problem)
			}
		})
	}
}

// TestRulesAreUsed finds rules for folders that are gone: they would mislead. Those
// that the design has a place for already may wait for their code.
func TestRulesAreUsed(t *testing.T) {
	waiting := []string{"bench/..."}
	dirs := map[string]bool{}
	for _, f := range sources(t) {
		dirs[f.dir] = true
	}
	for _, r := range law() {
		used := slices.Contains(waiting, r.dir)
		for d := range dirs {
			used = used || matches(r.dir, d)
		}
		if !used {
			t.Errorf("law() has a rule for %s, and there is no such folder: take the rule out, or put the folder where the rule says (%s)", r.dir, filepath.Join("..", "..", r.dir))
		}
	}
}
