package ident

// usccAlphabet is that of GB 32100: digits and capitals without I, O, S, V, Z. A character's value is its
// index.
const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

var (
	usccWeights    = [17]int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28} // 3^i mod 31
	orgWeights     = [8]int{3, 7, 9, 10, 5, 8, 4, 2}
	citizenWeights = [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} // 2^(17-i) mod 11
)

const (
	orgChecks     = "0123456789X" // by 11 − Σ mod 11, where 11 stands for 0
	citizenChecks = "10X98765432" // by Σ mod 11
)

// noValue marks a byte that an alphabet lacks.
const noValue = 0xff

// usccValue gives a byte's value in usccAlphabet.
var usccValue = func() (t [256]uint8) {
	for i := range t {
		t[i] = noValue
	}
	for i := range usccAlphabet {
		t[usccAlphabet[i]] = uint8(i)
	}
	return t
}()

// USCCCheck gives the 18th character for the first 17 of a unified social credit code, or 0 when they
// are not 17 characters of its alphabet.
func USCCCheck(first17 string) byte {
	if len(first17) != 17 {
		return 0
	}
	sum := 0
	for i := range usccWeights {
		v := usccValue[first17[i]]
		if v == noValue {
			return 0
		}
		sum += int(v) * usccWeights[i]
	}
	return usccAlphabet[(31-sum%31)%31]
}

// OrgCheck gives the 9th character for the first 8 of an organisation code, or 0 when they are not 8
// digits and capitals. In contrast to the USCC every capital is allowed and A counts 10.
func OrgCheck(first8 string) byte {
	if len(first8) != 8 {
		return 0
	}
	sum := 0
	for i := range orgWeights {
		c, v := first8[i], 0
		switch {
		case c >= '0' && c <= '9':
			v = int(c - '0')
		case c >= 'A' && c <= 'Z':
			v = int(c-'A') + 10
		default:
			return 0
		}
		sum += v * orgWeights[i]
	}
	return orgChecks[(11-sum%11)%11]
}

// CitizenCheck gives the 18th character for the first 17 digits of a citizen ID, or 0 when they are not
// 17 digits.
func CitizenCheck(first17 string) byte {
	if len(first17) != 17 || !isDigits(first17) {
		return 0
	}
	sum := 0
	for i := range citizenWeights {
		sum += int(first17[i]-'0') * citizenWeights[i]
	}
	return citizenChecks[sum%11]
}

// RegNoCheck gives the 15th digit for the first 14 of a registration number (ISO 7064 MOD 11,10), or 0
// when they are not 14 digits.
func RegNoCheck(first14 string) byte {
	if len(first14) != 14 || !isDigits(first14) {
		return 0
	}
	p := 10
	for i := range len(first14) {
		s := (p + int(first14[i]-'0')) % 10
		if s == 0 {
			s = 10
		}
		p = s * 2 % 11
	}
	return byte('0' + (11-p)%10)
}
