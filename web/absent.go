//go:build !console

package web

import (
	"embed"
	"io/fs"
)

//go:embed absent
var absent embed.FS

func files() (fs.FS, error) { return fs.Sub(absent, "absent") }
