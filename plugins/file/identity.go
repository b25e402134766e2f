package file

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// headBytes is how much of the first line counts towards an identity. It is
// fixed for ever: another value would make another file of every file.
const headBytes = 16 << 10

// inode is what the kernel tells files apart by while they exist.
type inode struct{ dev, ino uint64 }

// fileID is the identity of a file, "<device>-<inode>-<hash>": both numbers in
// decimal, as stat(1) prints them, and the first 8 bytes of the SHA-256 of the
// first line (without '\n', at most headBytes of it) in hex.
func fileID(n inode, head []byte) string {
	return strconv.FormatUint(n.dev, 10) + "-" + strconv.FormatUint(n.ino, 10) + "-" + headHash(head)
}

// headHash is the last part of an identity, from the first line.
func headHash(head []byte) string {
	sum := sha256.Sum256(head)
	return hex.EncodeToString(sum[:8])
}

// pathInode stands for the inode where those cannot be relied on: device 0, which
// no file is on, and a number made of the path.
func pathInode(path string) inode {
	sum := sha256.Sum256([]byte(path))
	return inode{0, binary.BigEndian.Uint64(sum[:8])}
}

// noHash stands in the identity of a file whose first line is not complete yet.
const noHash = "0000000000000000"

// metID is the key of the mark of a file that has been met, but has no identity
// yet: should it be rotated away while the agent is down, it is known by its inode.
func metID(n inode) string {
	return strconv.FormatUint(n.dev, 10) + "-" + strconv.FormatUint(n.ino, 10) + "-" + noHash
}

// parseFileID is the inverse of fileID, as far as it goes.
func parseFileID(id string) (inode, error) {
	part := strings.Split(id, "-")
	if len(part) == 3 && len(part[2]) == 16 {
		dev, err1 := strconv.ParseUint(part[0], 10, 64)
		ino, err2 := strconv.ParseUint(part[1], 10, 64)
		if _, err3 := hex.DecodeString(part[2]); err1 == nil && err2 == nil && err3 == nil {
			return inode{dev, ino}, nil
		}
	}
	return inode{}, fmt.Errorf("%q is not a file identity like 2049-131077-9f86d081884c7d65", id)
}

// hashOf is the last part of an identity.
func hashOf(id string) string { return id[strings.LastIndexByte(id, '-')+1:] }

// readHead reads the part of the first line that counts. It is whole when the
// line is complete, or longer than what counts.
func readHead(r io.ReaderAt, end byte) (head []byte, whole bool, err error) {
	b := make([]byte, headBytes)
	n := 0
	for step := 512; n < len(b); step *= 8 { // nearly every first line is short
		m, err := r.ReadAt(b[n:min(n+step, len(b))], int64(n))
		if i := bytes.IndexByte(b[n:n+m], end); i >= 0 {
			return b[:n+i], true, nil
		}
		n += m
		if errors.Is(err, io.EOF) {
			return b[:n], n == len(b), nil
		}
		if err != nil {
			return nil, false, err
		}
	}
	return b, true, nil
}

func inodeOf(info fs.FileInfo) inode {
	st := info.Sys().(*syscall.Stat_t)
	return inode{uint64(st.Dev), st.Ino}
}

// bornAt is when the file was made, in nanoseconds since 1970, or 0 where the
// file system does not tell. It is false when the path leads elsewhere by now: a
// rotation is under way.
func bornAt(path string, n inode) (int64, bool) {
	var st unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, path, unix.AT_STATX_SYNC_AS_STAT, unix.STATX_BTIME|unix.STATX_INO, &st); err != nil {
		return 0, !errors.Is(err, fs.ErrNotExist)
	}
	if n.ino != st.Ino || n.dev != unix.Mkdev(st.Dev_major, st.Dev_minor) {
		return 0, false
	}
	if st.Mask&unix.STATX_BTIME == 0 {
		return 0, true
	}
	return st.Btime.Sec*1e9 + int64(st.Btime.Nsec), true
}

// bornOf is the same of an open file.
func bornOf(fd *os.File) int64 {
	var st unix.Statx_t
	if err := unix.Statx(int(fd.Fd()), "", unix.AT_EMPTY_PATH|unix.AT_STATX_SYNC_AS_STAT, unix.STATX_BTIME, &st); err != nil || st.Mask&unix.STATX_BTIME == 0 {
		return 0
	}
	return st.Btime.Sec*1e9 + int64(st.Btime.Nsec)
}
