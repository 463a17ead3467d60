package identity

import "strings"

// deviceWords says in a few words which browser and system a User-Agent names; nothing of the text itself is kept.
func deviceWords(agent string) string {
	browser := firstOf(agent, [][2]string{
		{"MicroMessenger/", "微信"},
		{"Edg", "Edge"},
		{"OPR/", "Opera"},
		{"QQBrowser/", "QQ 浏览器"},
		{"360SE", "360 浏览器"},
		{"Firefox/", "Firefox"},
		{"HuaweiBrowser/", "华为浏览器"},
		{"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
		{"curl/", "curl"},
	})
	system := firstOf(agent, [][2]string{
		{"HarmonyOS", "鸿蒙"},
		{"OpenHarmony", "鸿蒙"},
		{"Android", "Android"},
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Windows", "Windows"},
		{"Macintosh", "macOS"},
		{"UOS", "统信 UOS"},
		{"Kylin", "麒麟"},
		{"Linux", "Linux"},
	})
	switch {
	case browser != "" && system != "":
		return browser + "，" + system
	case browser+system != "":
		return browser + system
	default:
		return "未知设备"
	}
}

func firstOf(text string, words [][2]string) string {
	for _, w := range words {
		if strings.Contains(text, w[0]) {
			return w[1]
		}
	}
	return ""
}
