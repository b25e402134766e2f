package archtest

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strconv"
	"strings"
)

// maxLines is the length from which on a hand-written file holds more than one idea.
const maxLines = 500

// notWords are names that say nothing of what a thing is for.
func notWords() []string {
	return []string{
		"message", "messages", "pipeline", "processor", "processors", "manager", "managers", "helper", "helpers",
		"util", "utils", "common", "base", "core", "impl", "shared", "misc", "lib", "types", "models", "logentry",
	}
}

// packageDocs: a reader who opens a folder learns first what it is for.
func packageDocs(files []source) []string {
	documented, packages := map[string]bool{}, map[string]string{}
	var wrong []string
	for _, f := range files {
		if f.test && strings.HasSuffix(f.ast.Name.Name, "_test") {
			continue
		}
		packages[f.dir] = f.ast.Name.Name
		if f.ast.Doc == nil || f.test || f.generated {
			continue
		}
		want := "Package " + f.ast.Name.Name + " "
		if f.ast.Name.Name == "main" {
			want = "Command " + path.Base(f.dir) + " "
		}
		if text := f.ast.Doc.Text(); !strings.HasPrefix(text, want) {
			wrong = append(wrong, fmt.Sprintf("%s: the package comment begins with %q; begin it with %q", f.at(f.ast.Doc.Pos()), firstWords(text), want))
		}
		documented[f.dir] = true
	}
	for dir, name := range packages {
		if !documented[dir] && !strings.HasPrefix(dir, "proto/") { // its comments are in the .proto
			wrong = append(wrong, fmt.Sprintf("%s: package %s has no comment; say in one file, above the package clause, what it is for and what it does not do", dir, name))
		}
	}
	slices.Sort(wrong)
	return wrong
}

func firstWords(s string) string {
	words := strings.Fields(s)
	return strings.Join(words[:min(3, len(words))], " ")
}

func packageNames(files []source) []string {
	var wrong []string
	seen := map[string]bool{}
	for _, f := range files {
		for _, word := range append(strings.Split(f.dir, "/"), strings.TrimSuffix(f.ast.Name.Name, "_test")) {
			if slices.Contains(notWords(), word) && !seen[f.dir] {
				seen[f.dir] = true
				wrong = append(wrong, fmt.Sprintf("%s: %q names no thing; name the folder after what it holds or does (ARCHITECTURE.md has the words)", f.dir, word))
			}
		}
	}
	return wrong
}

// sleeps: who sleeps in a test guesses how long something takes, which makes the
// test slow on a fast machine and wrong on a slow one; who sleeps in the product
// cannot be stopped. In a file that uses testing/synctest time is not real.
func sleeps(files []source) []string {
	var wrong []string
	for _, f := range files {
		clock, fake := importName(f.ast, "time"), importName(f.ast, "testing/synctest") != ""
		if clock == "" || fake {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Sleep" {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == clock {
					do := "select on ctx.Done() and a timer"
					if f.test {
						do = "wait for the condition itself (a channel, realtest.Until), inject a clock, or use testing/synctest"
					}
					wrong = append(wrong, fmt.Sprintf("%s: time.Sleep; %s", f.at(s.Pos()), do))
				}
			}
			return true
		})
	}
	return wrong
}

// importName is the name by which a file knows a package, "" when it does not import it.
func importName(f *ast.File, importPath string) string {
	for _, i := range f.Imports {
		if p, err := strconv.Unquote(i.Path.Value); err != nil || p != importPath {
			continue
		}
		if i.Name != nil {
			return i.Name.Name
		}
		return path.Base(importPath)
	}
	return ""
}

// inits: what runs because of an import is seen by nobody who reads the program from main.
func inits(files []source) []string {
	var wrong []string
	for _, f := range files {
		if f.generated {
			continue
		}
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				wrong = append(wrong, f.at(fn.Pos())+": func init; do it where main can see it: in a constructor, or in a list by hand")
			}
		}
	}
	return wrong
}

func lengths(files []source) []string {
	var wrong []string
	for _, f := range files {
		if f.lines >= maxLines && !f.generated {
			wrong = append(wrong, fmt.Sprintf("%s: %d lines; a file has fewer than %d, one idea each: move one out to a file named after it", f.path, f.lines, maxLines))
		}
	}
	return wrong
}
