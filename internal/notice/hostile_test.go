package notice

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gongxin/internal/db/dbtest"
)

// rawServer answers each connection by a function, and gives its address.
func rawServer(t *testing.T, talk func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer func() { _ = conn.Close() }()
				_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
				talk(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	return l.Addr().String()
}

// script answers line by line; at the end it hangs up. A line of content (behind DATA) is answered at its end alone.
func script(answers ...string) func(net.Conn) {
	return func(conn net.Conn) {
		r := bufio.NewReader(conn)
		data := false
		for _, answer := range answers {
			if _, err := fmt.Fprintf(conn, "%s\r\n", answer); err != nil {
				return
			}
			if data {
				_ = readData(r)
			} else if _, err := r.ReadString('\n'); err != nil {
				return
			}
			data = strings.HasPrefix(answer, "354")
		}
	}
}

// A mail server that is broken, or not one at all, keeps messages waiting: none is given up before its tries are over, none is called sent.
func TestMailServersThatAreBroken(t *testing.T) {
	t.Parallel()
	said := &atomic.Int64{}
	const endless = 64 << 20
	flood := func(conn net.Conn) {
		part := []byte("220-" + strings.Repeat("x", 32<<10)) // no end of a line
		for sum := 0; sum < endless; {
			n, err := conn.Write(part)
			sum += n
			if err != nil {
				return
			}
		}
		said.Add(1)
	}
	for name, tt := range map[string]struct {
		talk func(net.Conn)
		want string
	}{
		"another protocol":     {script("HTTP/1.0 400 Bad Request"), "mail_greeting"},
		"it refuses everybody": {script("554 no service"), "mail_greeting_554"},
		"endless greeting":     {flood, "mail_greeting"},
		"hangs up":             {func(net.Conn) {}, "mail_greeting"},
		"wants to know us":     {script("220 x", "250 x", "530 sign in first"), "mail_from_530"},
		"not our address":      {script("220 x", "250 x", "550 who are you"), "mail_from_550"},
		"wants it at RCPT":     {script("220 x", "250 x", "250 ok", "530 sign in first"), "mail_to_530"},
		"hangs up in DATA":     {script("220 x", "250 x", "250 ok", "250 ok"), "mail_data"},
		"hangs up behind DATA": {script("220 x", "250 x", "250 ok", "250 ok", "354 go on"), "mail_data"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, dbtest.SQLite(t), nil)
			w.Mail = &Mail{Address: rawServer(t, tt.talk), Security: PlainTCP, From: "notice@gongxin.test"}
			if _, _, err := w.AddChannel(t.Context(), acme, Email, "boss@acme.test"); err != nil {
				t.Fatal(err)
			}
			for try := range MaxAttempts {
				w.clock.Advance(longestPause)
				if n := w.deliver(t); n != 0 {
					t.Fatalf("try %d is called sent", try)
				}
				var state, failure string
				if err := w.DB.Read().QueryRowContext(t.Context(), `SELECT state, failure FROM notice_delivery`).Scan(&state, &failure); err != nil {
					t.Fatal(err)
				}
				want := map[bool]string{true: Dead, false: Waiting}[try == MaxAttempts-1]
				if state != want || failure != tt.want {
					t.Fatalf("try %d: %s %s, want %s %s", try, state, failure, want, tt.want)
				}
			}
		})
	}
	t.Cleanup(func() {
		if n := said.Load(); n > 0 {
			t.Errorf("%d times %d bytes of a greeting without an end were read", n, endless)
		}
	})
}
