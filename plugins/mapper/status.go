package mapper

import "strconv"

// statusName is the errorCode of a status that is a failure: the name that HTTP
// gives it (RFC 9110 and the register of status codes) in one word.
func statusName(status int) string {
	switch status {
	case 400:
		return "BadRequest"
	case 401:
		return "Unauthorized"
	case 402:
		return "PaymentRequired"
	case 403:
		return "Forbidden"
	case 404:
		return "NotFound"
	case 405:
		return "MethodNotAllowed"
	case 406:
		return "NotAcceptable"
	case 407:
		return "ProxyAuthenticationRequired"
	case 408:
		return "RequestTimeout"
	case 409:
		return "Conflict"
	case 410:
		return "Gone"
	case 411:
		return "LengthRequired"
	case 412:
		return "PreconditionFailed"
	case 413:
		return "ContentTooLarge"
	case 414:
		return "URITooLong"
	case 415:
		return "UnsupportedMediaType"
	case 416:
		return "RangeNotSatisfiable"
	case 417:
		return "ExpectationFailed"
	case 421:
		return "MisdirectedRequest"
	case 422:
		return "UnprocessableContent"
	case 423:
		return "Locked"
	case 425:
		return "TooEarly"
	case 426:
		return "UpgradeRequired"
	case 428:
		return "PreconditionRequired"
	case 429:
		return "TooManyRequests"
	case 431:
		return "RequestHeaderFieldsTooLarge"
	case 444:
		return "NoResponse" // nginx closed the connection
	case 451:
		return "UnavailableForLegalReasons"
	case 494:
		return "RequestHeaderTooLarge" // nginx
	case 495:
		return "CertificateError" // nginx
	case 496:
		return "CertificateRequired" // nginx
	case 497:
		return "HTTPRequestOnHTTPSPort" // nginx
	case 499:
		return "ClientClosedRequest" // nginx
	case 500:
		return "InternalServerError"
	case 501:
		return "NotImplemented"
	case 502:
		return "BadGateway"
	case 503:
		return "ServiceUnavailable"
	case 504:
		return "GatewayTimeout"
	case 505:
		return "HTTPVersionNotSupported"
	case 507:
		return "InsufficientStorage"
	case 511:
		return "NetworkAuthenticationRequired"
	}
	return "Http" + strconv.Itoa(status)
}

// outcomes remembers what was said of a status.
type outcomes struct {
	code, message [600]string // from 400 on
}

// of is the errorCode and the errorMessage of a status that is a failure.
func (o *outcomes) of(status int) (code, message string) {
	i := status - 400
	if o.code[i] == "" {
		o.code[i], o.message[i] = statusName(status), "HTTP status "+strconv.Itoa(status)
	}
	return o.code[i], o.message[i]
}
