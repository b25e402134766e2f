//go:build console

package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

func files() (fs.FS, error) { return fs.Sub(dist, "dist") }
