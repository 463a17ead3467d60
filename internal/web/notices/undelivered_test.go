package notices

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/notice"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/desk/desktest"
)

// Operators see what could not be delivered and why, without address and text, and send it again.
func TestUndelivered(t *testing.T) {
	t.Parallel()
	h, s := newWorld(t)
	admin := desktest.As(3, authz.Grant{Role: authz.SystemAdmin})
	desktest.Want(t, desktest.Visit(t, h, admin, UndeliveredPath, nil), http.StatusOK, "没有未送达的通知")
	to := notice.Recipient{Kind: notice.Agency, ID: 3}
	c, _, err := s.AddChannel(t.Context(), to, notice.Webhook, "http://127.0.0.1:1/secret-path")
	desktest.Must(t, err)
	send(t, s, to, "不外露的标题")
	desktest.Must(t, s.DB.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE notice_delivery SET state = 'dead', attempts = 12, failure = 'hook_503' WHERE channel_id = $1`, c.ID)
		return err
	}))
	answer := desktest.Visit(t, h, admin, UndeliveredPath, nil)
	said := desktest.Want(t, answer, http.StatusOK, "接收系统回答 503（试了 12 次）", "请让接收单位检查接收系统", "发给单位 3")
	for _, hidden := range []string{"secret-path", "不外露的标题", "请及时办理"} {
		if strings.Contains(answer.Body.String(), hidden) {
			t.Errorf("the page shows %q: %s", hidden, said)
		}
	}
	dead, err := s.DeadLetters(t.Context(), 0, 10)
	if err != nil || len(dead) != 1 {
		t.Fatal(dead, err)
	}
	id := url.Values{"id": {desk.Dec(dead[0].ID)}}
	if answer := desktest.Visit(t, h, me, UndeliveredPath+"/retry", id); answer.Code != http.StatusForbidden {
		t.Errorf("a clerk sends again: %d", answer.Code)
	}
	answer = desktest.Visit(t, h, admin, UndeliveredPath+"/retry", id)
	if answer.Code != http.StatusSeeOther {
		t.Fatalf("status %d", answer.Code)
	}
	desktest.Want(t, desktest.Visit(t, h, admin, answer.Header().Get("Location"), nil), http.StatusOK, "已重新排队 1 条", "没有未送达的通知")
	desktest.Want(t, desktest.Visit(t, h, admin, UndeliveredPath+"/retry", id), http.StatusNotFound, "没有这条未送达的通知")
	if answer := desktest.Visit(t, h, admin, UndeliveredPath+"/retry", url.Values{"id": {"x"}}); answer.Code < 400 || answer.Code >= 500 {
		t.Errorf("a number that is none: %d", answer.Code)
	}
}

// Whoever registered an address by which nothing arrives sees so beside it, until something does.
func TestOwnAddressThatIsLost(t *testing.T) {
	t.Parallel()
	h, s := newWorld(t)
	own := notice.Recipient{Kind: notice.Account, ID: 9}
	who := desktest.As(9, authz.Grant{Role: authz.FilingClerk, Agency: 3})
	c, _, err := s.AddChannel(t.Context(), own, notice.Webhook, "http://127.0.0.1:1/in")
	desktest.Must(t, err)
	for _, state := range []string{"dead", "waiting", "sent"} {
		send(t, s, own, "标题")
		desktest.Must(t, s.DB.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE notice_delivery SET state = $2 WHERE delivery_id = (SELECT max(delivery_id) FROM notice_delivery WHERE channel_id = $1)`, c.ID, state)
			return err
		}))
		if body := desktest.Visit(t, h, who, Path, nil).Body.String(); strings.Contains(body, "最近一次没有送达") != (state != "sent") {
			t.Errorf("after one that is %s the page does not say how it stands", state)
		}
	}
}

func TestFailureWords(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"hook_410": "接收系统回答 410", "mail_to_550": "邮件服务器回答 550", "mail_data_554": "邮件服务器回答 554", "mail_to_530": "邮件服务器回答 530，不替本站发信",
		"mail_from_550": "邮件服务器回答 550，不替本站发信", "mail_greeting": "邮件服务器没有应答，或者答的不是邮件协议", "mail_data": "邮件服务器中途断开", "hook_items": "消息的内容暂时取不出来", "mail_auth": "邮件服务器不接受用户名和口令", "": "原因不明", "new_code": "new_code",
	} {
		if why, fix := failureWord(code); why != want || fix == "" {
			t.Errorf("%s: %q, %q", code, why, fix)
		}
	}
	if word := topicWord("channel.code"); word != "地址验证码" {
		t.Errorf("a code is called %q", word)
	}
}
