package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gongxin/internal/db/dbtest"
	"gongxin/internal/ingest"
)

// server is a running server of an installation.
type server struct {
	in   *install
	url  string
	cmd  *exec.Cmd
	done chan struct{} // closed when its messages end

	mu   sync.Mutex
	said strings.Builder
}

var addressSaid = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// serve starts a server on a free port and waits until it is ready. It is stopped with the test.
func serve(t testing.TB, in *install, args ...string) *server {
	t.Helper()
	s := &server{in: in, cmd: in.command(context.WithoutCancel(t.Context()), append(args, "--listen", "127.0.0.1:0")...), done: make(chan struct{})}
	messages, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	address := make(chan string, 1)
	go func() {
		defer close(s.done)
		for lines := bufio.NewScanner(messages); lines.Scan(); {
			s.mu.Lock()
			s.said.WriteString(lines.Text() + "\n")
			s.mu.Unlock()
			if found := addressSaid.FindString(lines.Text()); found != "" {
				select {
				case address <- found:
				default:
				}
			}
		}
	}()
	limit := time.NewTimer(2 * time.Minute)
	defer limit.Stop()
	select {
	case s.url = <-address:
	case <-s.done:
		_ = s.cmd.Wait()
		t.Fatalf("the server ended:\n%s", s.messages())
	case <-limit.C:
		t.Fatalf("the server says no address:\n%s", s.messages())
	}
	await(t, time.Minute, "readyz", func() bool {
		res, err := http.Get(s.url + "/readyz")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	return s
}

func (s *server) messages() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.String()
}

// kill ends the process at once; stop asks it to end, and gives its exit code.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	<-s.done
	_ = s.cmd.Wait()
}

func (s *server) stop(t testing.TB) int {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-s.done
	_ = s.cmd.Wait()
	return s.cmd.ProcessState.ExitCode()
}

// answered is an HTTP answer.
type answered struct {
	status int
	header http.Header
	body   []byte
}

// taken tells whether an upload was acknowledged: 202, or 200 when it was done by the time of the answer.
func (a answered) taken() bool { return a.status == http.StatusAccepted || a.status == http.StatusOK }

func (s *server) do(t testing.TB, req *http.Request) (answered, error) {
	t.Helper()
	s.signed(req)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return answered{}, err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	return answered{res.StatusCode, res.Header, raw}, err
}

// get asks for a path and wants a status.
func (s *server) get(t testing.TB, path string, status int) answered {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.do(t, req)
	if err != nil {
		t.Fatalf("GET %s: %v\n%s", path, err, s.messages())
	}
	if a.status != status {
		t.Fatalf("GET %s: status %d, want %d\n%.2000s", path, a.status, status, a.body)
	}
	return a
}

// getJSON asks for a path and reads its answer into v.
func (s *server) getJSON(t testing.TB, path string, v any) {
	t.Helper()
	a := s.get(t, path, http.StatusOK)
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("GET %s: %v\n%.500s", path, err, a.body)
	}
}

// upload files a file through the interface, as a department's system would.
func (s *server) upload(t testing.TB, item, unit, name, key string, content []byte) (answered, error) {
	t.Helper()
	s.in.fileFor(t, unit)
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	_ = w.WriteField("unit", unit)
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(content)
	_ = w.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/api/v1/submissions?item="+item, &form)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	return s.do(t, req)
}

// finished waits for a filing's end.
func (s *server) finished(t testing.TB, id string) *ingest.Receipt {
	t.Helper()
	var r ingest.Receipt
	await(t, 2*time.Minute, "the end of filing "+id, func() bool {
		r = ingest.Receipt{}
		s.getJSON(t, "/api/v1/submissions/"+id+"?wait=10", &r)
		return r.State == ingest.Done || r.State == ingest.Failed
	})
	return &r
}

// smallCity are the arguments of a demo that is made in a moment.
var smallCity = []string{"demo", "--subjects", "10", "--records", "20"}

// TestKilledServerKeepsItsWord kills a server that has acknowledged uploads, while it works on them and while one comes in. Started again,
// it finishes them with the receipts that a calm import gives.
func TestKilledServerKeepsItsWord(t *testing.T) {
	t.Parallel()
	var filings []filing
	dir := t.TempDir()
	for _, name := range []string{"first.csv", "second.ndjson", "third.csv"} {
		filings = append(filings, ownFiling(t, dir, name, 12_000))
	}
	dbtest.EachURL(t, func(t *testing.T, url string) {
		t.Parallel()
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 2))
		in, calm := newInstall(t, url), newInstall(t, secondDatabase(t, url))
		s := serve(t, in, smallCity...)
		copyFile(t, filepath.Join(in.dir, "keys.json"), filepath.Join(calm.dir, "keys.json"))
		registerAgencies(t, filings, in, calm)
		for _, f := range filings {
			if r := calm.run(t, f.args()...); r.code != f.code {
				t.Fatalf("%s: exit code %d\n%s", f.path, r.code, r.msg)
			}
		}

		var ids []string
		for i, f := range filings[:2] {
			ids = append(ids, acknowledged(t, s, f, fmt.Sprint("key-", i)).ID)
		}
		within := 0
		for range 3 { // while it works
			pause(t, time.Duration(random.IntN(300))*time.Millisecond)
			s.kill()
			if in.look(t, `SELECT count(*) FROM submission WHERE state IN ('received', 'running')`)[0] != "0" {
				within++
			}
			s = serve(t, in, smallCity...)
		}
		if within == 0 {
			t.Error("no kill met an unfinished filing")
		}
		// While a file comes in: whether it was acknowledged is not known, so that the sender sends it again under the same key.
		third := filings[2]
		answer := make(chan error, 1)
		go func() {
			_, err := s.upload(t, string(third.item), third.unit, filepath.Base(third.path), "key-2", readFile(t, third.path))
			answer <- err
		}()
		pause(t, time.Duration(random.IntN(40))*time.Millisecond)
		s.kill()
		<-answer
		s = serve(t, in, smallCity...)
		ids = append(ids, acknowledged(t, s, third, "key-2").ID)

		for i, id := range ids {
			if r := s.finished(t, id); r.State != ingest.Done || r.Received != filings[i].rows {
				t.Errorf("%s: %s with %d rows of %d: %+v", r.File, r.State, r.Received, filings[i].rows, r.Failure)
			}
		}
		if n := in.look(t, `SELECT count(*) FROM submission WHERE file_name IN ('first.csv', 'second.ndjson', 'third.csv')`)[0]; n != "3" {
			t.Errorf("%s filings of three files", n)
		}
		want, have := receipts(t, calm.open(t)), receipts(t, in.open(t))
		for name, text := range want {
			if at := differAt(text, have[name]); at >= 0 {
				t.Errorf("the receipts of %s differ:\n  in peace …%s\n  killed   …%s", name, around(text, at), around(have[name], at))
			}
		}
		if code := s.stop(t); code != 0 {
			t.Errorf("asked to stop, the server ended with exit code %d\n%s", code, s.messages())
		}
	})
}

// acknowledged files a file, which has to be acknowledged.
func acknowledged(t *testing.T, s *server, f filing, key string) ingest.Receipt {
	t.Helper()
	a, err := s.upload(t, string(f.item), f.unit, filepath.Base(f.path), key, readFile(t, f.path))
	if err != nil {
		t.Fatal(err)
	}
	var r ingest.Receipt
	if err := json.Unmarshal(a.body, &r); err != nil || !a.taken() || r.ID == "" {
		t.Fatalf("%s was not acknowledged: status %d, %v\n%.1000s", f.path, a.status, err, a.body)
	}
	return r
}

// pause lets the program work for a random while: where in its work it stands then is what the test is about.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
	}
}
