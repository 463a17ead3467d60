package identity

import (
	"strings"
	"time"
	"unicode/utf8"

	"gongxin/internal/fault"
)

// PasswordPolicy says which passwords are refused. There are no rules about kinds of characters: length and not being common are what
// makes guessing fail (NIST SP 800-63B section 5.1.1; GB/T 22239 asks for complexity and change, which MaxAge serves where an assessor insists).
type PasswordPolicy struct {
	MinLength  int           // characters; 0 = 10
	MaxLength  int           // 0 = 128
	MaxAge     time.Duration // a password older than this must be changed at the next sign-in; 0 = never
	CommonFile string        // further common or leaked passwords: one a line, or SHA-1 in hexadecimal with an optional ":count"
	Words      []string      // names of the city and the like, on which passwords must not rest alone
}

func (p PasswordPolicy) defaults() PasswordPolicy {
	if p.MinLength == 0 {
		p.MinLength = 10
	}
	if p.MaxLength == 0 {
		p.MaxLength = 128
	}
	return p
}

// Faults of a new password.
var (
	ErrPasswordShort  = fault.New(fault.Invalid, "identity.password_short", "口令太短，至少要 10 个字符", "可以用几个不相干的词连成一句，好记也难猜")
	ErrPasswordLong   = fault.New(fault.Invalid, "identity.password_long", "口令太长，最多 128 个字符", "请缩短口令")
	ErrPasswordLogin  = fault.New(fault.Invalid, "identity.password_login", "口令不能是登录名、姓名或单位名称，也不能只在后面加几个数字", "请换一个与登录名无关的口令")
	ErrPasswordCommon = fault.New(fault.Invalid, "identity.password_common", "这个口令很常见，或者曾经泄露过，容易被猜中", "请换一个别人不会想到的口令，例如几个不相干的词")
	ErrPasswordSame   = fault.New(fault.Invalid, "identity.password_same", "新口令与现用口令相同", "请换一个新的口令")
)

// checkPassword refuses a password that breaks the policy. names are the login and the name of its account.
func (s *Service) checkPassword(password string, names ...string) error {
	p := canonical(password)
	n := utf8.RuneCountInString(p)
	switch {
	case n < s.Passwords.MinLength:
		return ErrPasswordShort.Messagef("口令太短，至少要 %d 个字符", s.Passwords.MinLength)
	case n > s.Passwords.MaxLength || len(password) > 8*s.Passwords.MaxLength:
		return ErrPasswordLong.Messagef("口令太长，最多 %d 个字符", s.Passwords.MaxLength)
	}
	folded := strings.ToLower(p)
	for _, name := range append(names, s.Passwords.Words...) {
		if restsOn(folded, strings.ToLower(canonical(name))) {
			return ErrPasswordLogin
		}
	}
	if weakPattern(folded) || s.common.has(p) {
		return ErrPasswordCommon
	}
	return nil
}

// restsOn says whether little is left of a password without a name, forwards or backwards.
func restsOn(password, name string) bool {
	if utf8.RuneCountInString(name) < 3 && len(name) < 6 {
		return false
	}
	for _, part := range []string{name, reverse(name)} {
		if rest := strings.ReplaceAll(password, part, ""); rest != password && utf8.RuneCountInString(strings.Trim(rest, digitsAndMarks)) < 5 {
			return true
		}
	}
	return false
}

const digitsAndMarks = "0123456789 !@#$%^&*()_+-=.,;:'\"/\\?<>[]{}|`~"

func reverse(s string) string {
	r := []rune(s)
	for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
		r[i], r[j] = r[j], r[i]
	}
	return string(r)
}

// weakPattern finds passwords that follow from a few characters: one piece over and over, or a run along the alphabet or the keyboard.
func weakPattern(p string) bool {
	r := []rune(p)
	for period := 1; period <= len(r)/2 && period <= 6; period++ {
		same := true
		for i := period; i < len(r) && same; i++ {
			same = r[i] == r[i-period]
		}
		if same {
			return true
		}
	}
	for _, row := range rows {
		if along(p, row) || along(p, reverse(row)) {
			return true
		}
	}
	return false
}

// rows are what fingers run along; each is doubled so that a run may go round.
var rows = []string{
	"01234567890123456789", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
	"qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/", "!qaz@wsx#edc$rfv%tgb^yhn&ujm*ik<(ol>)p:?",
	"`1234567890-=", "!@#$%^&*()_+", "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "qazwsxedcrfvtgbyhnujmikolp",
}

func along(p, row string) bool { return strings.Contains(row, p) }

// temporary makes a password that an administrator hands over; it must be changed at the first sign-in.
func temporary() string {
	const letters = "abcdefghjkmnpqrstuvwxyz23456789" // nothing that is misread on paper
	return pick(letters, 4) + "-" + pick(letters, 4) + "-" + pick(letters, 4) + "-" + pick(letters, 4)
}
