package mapper

// haproxyKnown is what the mapper knows of a variable of HAProxy.
type haproxyKnown struct {
	slot   slot
	form   valueForm
	text   bool // it is quoted where quotes are asked for
	cookie bool // written as it came; quotes and spaces are not usual in it
	hashed bool // quotes and what cannot be printed are written as #22
}

// haproxyVariables never change: a format asks for them at each variable of its own.
var haproxyVariables = newHAProxyVariables()

// newHAProxyVariables are the variables of a log-format: the table in the manual
// under "Custom log format". What is not one of the request's own parts is there
// for rules under its name: fields.ST.
func newHAProxyVariables() map[string]haproxyKnown {
	counter, word, cookie := haproxyKnown{slot: slotField, form: formSigned}, haproxyKnown{slot: slotField, form: formWord, text: true}, haproxyKnown{slot: slotField, text: true, cookie: true}
	captured := haproxyKnown{slot: slotField, form: formBraces, hashed: true}
	date := haproxyKnown{slot: slotLocal, form: formDate}
	return map[string]haproxyKnown{
		"o":  {},
		"ci": {slot: slotPeer, form: formAddress, text: true}, "cp": counter, "fi": word, "fp": counter, "bi": word, "bp": counter, "si": word, "sp": counter,
		"t": date, "tr": date, "T": {slot: slotLocal, form: formLocal}, "Tl": {slot: slotLocal, form: formLocal},
		"trg": {slot: slotLocal, form: formLocal}, "trl": {slot: slotLocal, form: formLocal},
		"Ts": {slot: slotEpoch, form: formSigned}, "ms": counter,
		"f": word, "ft": word, "b": word, "s": word, "H": word, "ID": {slot: slotRequestID, form: formWord, text: true}, "pid": counter, "lc": counter, "rt": counter,
		"Th": counter, "Ti": counter, "TR": counter, "Tq": counter, "Tw": counter, "Tc": counter, "Tr": counter, "Td": counter, "Tu": counter,
		"Ta": {slot: slotDuration, form: formSigned}, "Tt": {slot: slotDuration, form: formSigned},
		"ST": {slot: slotStatus, form: formSigned}, "B": {slot: slotBytes, form: formSigned}, "U": counter,
		"CC": cookie, "CS": cookie, "ts": {slot: slotField, form: formState}, "tsc": {slot: slotField, form: formState},
		"ac": counter, "fc": counter, "bc": counter, "sc": counter, "rc": counter, "sq": counter, "bq": counter,
		"hr": captured, "hs": captured, "hrl": {slot: slotField, form: formRest, hashed: true}, "hsl": {slot: slotField, form: formRest, hashed: true},
		"r":  {slot: slotRequest, text: true, hashed: true},
		"HM": {slot: slotMethod, form: formWord, text: true, hashed: true}, "HV": {slot: slotField, form: formWord, text: true, hashed: true},
		"HU": {slot: slotRequestURI, form: formPath, text: true, hashed: true}, "HP": {slot: slotPath, form: formPath, text: true, hashed: true},
		"HPO": {slot: slotPath, form: formPath, text: true, hashed: true}, "HQ": {slot: slotQuery, form: formQuery, text: true, hashed: true},
		"sslc": {slot: slotField, form: formHost, text: true}, "sslv": {slot: slotField, form: formHost, text: true},
	}
}
