package account

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"gongxin/internal/authz"
	"gongxin/internal/fault"
	"gongxin/internal/identity"
	"gongxin/internal/web"
)

// challenge is what the script for passkeys gets: the options for navigator.credentials, and the token that goes back with the answer.
type challenge struct {
	Ceremony string          `json:"ceremony"`
	Options  json.RawMessage `json:"options"`
}

// refusal is what the script shows when there is no challenge.
type refusal struct {
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"`
}

// answerJSON gives the script a challenge, or why there is none.
func (p *Pages) answerJSON(w http.ResponseWriter, r *http.Request, c *identity.Ceremony, err error) error {
	status, body := http.StatusOK, any(nil)
	if err == nil {
		body = challenge{c.Token, c.Options}
	} else {
		n, code, hidden := p.explain(w, "", err)
		if hidden != nil {
			if p.site.Log != nil {
				p.site.Log.LogAttrs(r.Context(), slog.LevelError, "passkey challenge", slog.String("request", web.RequestID(r.Context())), slog.String("error", hidden.Error()))
			}
			n, code = &notice{text: "系统出了问题，没有完成这次操作。", fix: "请稍后再试。"}, http.StatusInternalServerError
		}
		status, body = code, refusal{n.text, n.fix}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(text)
	return nil
}

func (p *Pages) beginSignInPasskey(w http.ResponseWriter, r *http.Request) error {
	c, err := p.Accounts.BeginPasskeySignIn(r.Context(), p.attempt(r))
	return p.answerJSON(w, r, c, err)
}

func (p *Pages) beginFactorPasskey(w http.ResponseWriter, r *http.Request) error {
	c, err := p.Accounts.BeginPasskeyFactor(r.Context(), p.step(r).token)
	return p.answerJSON(w, r, c, err)
}

func (p *Pages) beginPasskey(w http.ResponseWriter, r *http.Request) error {
	c, err := p.Accounts.BeginPasskey(r.Context(), authz.From(r.Context()))
	return p.answerJSON(w, r, c, err)
}

// signInPasskey takes the answer of a passkey in place of login and password.
func (p *Pages) signInPasskey(w http.ResponseWriter, r *http.Request) error {
	if err := form(w, r); err != nil {
		return err
	}
	v := &signInView{back: backOf(r)}
	s, err := p.Accounts.SignInPasskey(r.Context(), r.PostForm.Get("ceremony"), []byte(r.PostForm.Get("answer")), p.attempt(r))
	if errors.Is(err, identity.ErrSignIn) {
		err = identity.ErrPasskey.With(err)
	}
	if err != nil {
		return p.refused(w, r, err, v)
	}
	return p.begun(w, r, s, v.back)
}

// factorPasskey takes the answer of a passkey as second step.
func (p *Pages) factorPasskey(w http.ResponseWriter, r *http.Request) error {
	if err := form(w, r); err != nil {
		return err
	}
	v, token := &stepView{back: backOf(r)}, p.step(r).token
	if token == "" {
		return redirect(w, r, withBack(signInPath, v.back))
	}
	s, err := p.Accounts.SignInPasskeyFactor(r.Context(), token, r.PostForm.Get("ceremony"), []byte(r.PostForm.Get("answer")), p.attempt(r))
	if errors.Is(err, identity.ErrSignIn) {
		err = identity.ErrPasskey.With(err)
	}
	return p.stepped(w, r, s, err, v)
}

// addPasskey keeps a new passkey under the name that its owner gave it.
func (p *Pages) addPasskey(w http.ResponseWriter, r *http.Request) error {
	if err := form(w, r); err != nil {
		return err
	}
	who, back := authz.From(r.Context()), backOf(r)
	s, codes, err := p.Accounts.FinishPasskey(r.Context(), who, r.PostForm.Get("ceremony"), []byte(r.PostForm.Get("answer")), r.PostForm.Get("label"))
	if err == nil {
		return p.enrolled(w, r, s, codes, back, "passkey")
	}
	return p.factorsAgain(w, r, err, func(v *factorsView) {
		v.label, v.back = r.PostForm.Get("label"), back
		if errors.Is(err, identity.ErrPasskeyName) {
			v.labelFault = sentence(identity.ErrPasskeyName.Message, identity.ErrPasskeyName.Fix)
		}
	})
}

// renamePasskey gives one of the owner's passkeys another name.
func (p *Pages) renamePasskey(w http.ResponseWriter, r *http.Request) error {
	if err := form(w, r); err != nil {
		return err
	}
	passkey, err := number(r)
	if err == nil {
		err = p.Accounts.RenamePasskey(r.Context(), authz.From(r.Context()), passkey, r.PostForm.Get("label"))
	}
	return p.factorDone(w, r, err, "passkey-renamed")
}

// removePasskey removes one of the owner's passkeys.
func (p *Pages) removePasskey(w http.ResponseWriter, r *http.Request) error {
	passkey, err := number(r)
	if err == nil {
		err = p.Accounts.RemovePasskey(r.Context(), authz.From(r.Context()), passkey)
	}
	return p.factorDone(w, r, err, "passkey-removed")
}

// known gives the fault of an error that a person can do something about.
func known(err error) (*fault.Error, bool) {
	var f *fault.Error
	ok := errors.As(err, &f) && f.Kind != fault.Internal
	return f, ok
}
