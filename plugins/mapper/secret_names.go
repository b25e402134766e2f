package mapper

import "strings"

// assignsSecret tells whether a name of secrets is followed by = and a value.
func assignsSecret(s string) bool {
	for from := 0; ; {
		i := strings.IndexByte(s[from:], '=')
		if i < 0 {
			return false
		}
		i += from
		name := i
		for name > 0 && (kinds[s[name-1]] != ' ' || s[name-1] == '.') {
			name--
		}
		if isSecretName(s[name:i]) && isValue(s[i+1:]) {
			return true
		}
		from = i + 1
	}
}

// isValue tells whether something stands in s that is not masked already.
func isValue(s string) bool {
	return s != "" && s[0] != '&' && s[0] != ';' && !strings.HasPrefix(strings.TrimLeft(s, `"'`), masked)
}

// isSecretName tells whether values of this name are secrets: it has a word for
// passwords, tokens, keys, codes or sessions in it.
func isSecretName(name string) bool {
	switch len(name) {
	case 0, 1, 2:
		return false
	case 3:
		return foldIn(name, "key pwd sig sid otp pin jwt")
	case 4:
		if foldIn(name, "pass auth code") {
			return true
		}
	}
	for i := range len(name) - 2 {
		rest := name[i:]
		switch name[i] | 0x20 {
		case 'p':
			if begins(rest, "passw") || begins(rest, "passphrase") || begins(rest, "pwd") || begins(rest, "private") {
				return true
			}
		case 'r':
			if i == 0 && (begins(rest, "raw_request") || begins(rest, "raw_response")) { // of Tyk: all that was sent, in base64
				return true
			}
		case 's':
			if begins(rest, "secret") || begins(rest, "signature") || begins(rest, "session") || i == 0 && begins(rest, "sess_") {
				return true
			}
		case 't':
			if begins(rest, "token") {
				return true
			}
		case 'a':
			if begins(rest, "apikey") || begins(rest, "api_key") || begins(rest, "api-key") || begins(rest, "accesskey") || begins(rest, "access_key") || begins(rest, "access-key") ||
				begins(rest, "authorization") || begins(rest, "assertion") || i == 0 && (begins(rest, "auth_") || begins(rest, "auth-")) {
				return true
			}
		case 'c':
			if begins(rest, "credential") || begins(rest, "cookie") || begins(rest, "csrf") {
				return true
			}
		}
	}
	return false
}

// isPassword is isSecretName for what is followed by a colon, which is common behind other names.
func isPassword(name string) bool {
	for i := range max(0, len(name)-2) {
		rest := name[i:]
		if begins(rest, "passw") || begins(rest, "pwd") || begins(rest, "authorization") || begins(rest, "secret") || begins(rest, "cookie") || begins(rest, "api-key") || begins(rest, "api_key") || begins(rest, "apikey") {
			return true
		}
	}
	return false
}

// begins is strings.HasPrefix for a prefix in small letters, whatever the case of s.
func begins(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// foldIn tells whether a word is one of those, whatever its case.
func foldIn(word, words string) bool {
	n := len(word)
	for i := 0; i+n <= len(words); i += n + 1 {
		if strings.EqualFold(words[i:i+n], word) {
			return true
		}
	}
	return false
}

// isSecretField tells whether a field is a header that is never stored: http_cookie,
// or in an object of headers request.headers.cookie.
func isSecretField(name string) bool {
	if strings.HasPrefix(name, "http_") {
		return isSecretHeader(name)
	}
	i := strings.LastIndex(name, "headers.")
	return i >= 0 && isSecretHeader(headerKey(name[i+len("headers."):]))
}

// isSecretHeader tells whether a header is never stored, whatever the rules say.
// key is as for request.header.
func isSecretHeader(key string) bool {
	key = strings.TrimPrefix(key, "http_")
	switch key {
	case "authorization", "proxy_authorization", "cookie", "cookie2", "set_cookie", "x_api_key", "apikey", "api_key", "x_amz_security_token", "x_vault_token":
		return true
	}
	return isSecretName(key)
}
