package config

import "testing"

func TestNotice(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		n  Notice
		ok bool
	}{
		"nothing":         {Notice{}, true},
		"all":             {Notice{Mail: Mail{Server: "m:587", User: "u", PasswordFile: "f", From: "a@b.cn"}, SMS: Gateway{"https://g", "f"}, Networks: []string{"10.20.0.0/16"}}, true},
		"network":         {Notice{Networks: []string{"10.20.0.1"}}, false},
		"no sender":       {Notice{Mail: Mail{Server: "m:587"}}, false},
		"no password":     {Notice{Mail: Mail{Server: "m:587", From: "a@b.cn", User: "u"}}, false},
		"gateway in part": {Notice{SMS: Gateway{URL: "https://g"}}, false},
	} {
		_, err := Config{Notice: tt.n}.Defaults()
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
