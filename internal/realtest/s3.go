package realtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// S3 is a server that speaks S3, with versions and object locks. It keeps objects as
// files, so that tests can look at them and damage them: Dir/BUCKET/KEY.
type S3 struct {
	*Process
	Endpoint  string // as http://host:port
	Dir       string
	Key       string
	Secret    string
	Home      string // an empty folder, for programs that would look into the user's
	versitygw string
}

// StartS3 runs versitygw until the test ends. It is built from the module proxy by
// the go.mod of tools/versitygw, into bin/, where the next test finds it. options are
// more of its own.
func StartS3(t testing.TB, options ...string) *S3 {
	t.Helper()
	binary, err := buildS3()
	Part(t, "versitygw", err)
	dir := t.TempDir()
	addr := FreeAddr(t)
	s := &S3{Endpoint: "http://" + addr, Dir: filepath.Join(dir, "objects"), Key: "key-of-tests", Secret: "secret-of-tests", Home: filepath.Join(dir, "home"), versitygw: binary}
	versions, users := filepath.Join(dir, "versions"), filepath.Join(dir, "users") // not below a path that begins like Dir
	for _, d := range []string{s.Dir, versions, users, s.Home} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.Process = Start(t, []string{"ROOT_ACCESS_KEY=" + s.Key, "ROOT_SECRET_KEY=" + s.Secret},
		append(append([]string{binary, "--port", addr, "--quiet", "--keep-alive", "--iam-dir", users}, options...), "posix", "--versioning-dir", versions, s.Dir)...)
	s.Await(t)
	return s
}

// Await waits until the server listens.
func (s *S3) Await(t testing.TB) {
	t.Helper()
	listens(t, strings.TrimPrefix(s.Endpoint, "http://"))
}

// MakeBucket makes a bucket; with locked its objects can be locked.
func (s *S3) MakeBucket(t testing.TB, name string, locked bool) {
	t.Helper()
	args := []string{"create-bucket", "--owner", s.Key, "--bucket", name}
	if locked {
		args = append(args, "--object-lock-enabled-for-bucket")
	}
	s.Admin(t, args...)
}

// Admin runs a command of versitygw's administration.
func (s *S3) Admin(t testing.TB, args ...string) {
	t.Helper()
	args = append([]string{"admin", "--access", s.Key, "--secret", s.Secret, "--endpoint-url", s.Endpoint}, args...)
	if out, err := exec.Command(s.versitygw, args...).CombinedOutput(); err != nil {
		t.Fatalf("versitygw %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// Environment has the key, and nothing of the user who runs the test. The home stays: the go command has its cache there.
func (s *S3) Environment() []string {
	return []string{"AWS_ACCESS_KEY_ID=" + s.Key, "AWS_SECRET_ACCESS_KEY=" + s.Secret, "AWS_SESSION_TOKEN=", "AWS_PROFILE=", "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull}
}

// buildS3 gives the path of the binary. The go command leaves one that is up to
// date alone; a cold build takes minutes, and one process does it.
func buildS3() (string, error) {
	top, err := moduleRoot()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(top, "bin")
	lock, err := lockFolder(bin, ".versitygw.lock")
	if err != nil {
		return "", err
	}
	defer lock.Close()
	binary := filepath.Join(bin, "versitygw")
	build := exec.Command("go", "build", "-o", binary, "github.com/versity/versitygw/cmd/versitygw")
	build.Dir = filepath.Join(top, "tools", "versitygw")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return binary, nil
}
