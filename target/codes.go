package target

import "net/http"

// kinds gives each error code its kind. Codes that a KMS does not model come
// from the front end that all AWS services share, and from emulators.
var kinds = map[string]Kind{
	"KMSInvalidMacException": InvalidMac,

	"ThrottlingException":                    Throttled,
	"Throttling":                             Throttled,
	"ThrottledException":                     Throttled,
	"TooManyRequestsException":               Throttled,
	"RequestLimitExceeded":                   Throttled,
	"RequestThrottled":                       Throttled,
	"RequestThrottledException":              Throttled,
	"BandwidthLimitExceeded":                 Throttled,
	"ProvisionedThroughputExceededException": Throttled,
	"SlowDown":                               Throttled,

	"NotFoundException":                NotFound,
	"DisabledException":                Disabled,
	"KMSInvalidStateException":         InvalidState,
	"InvalidKeyUsageException":         InvalidUsage,
	"DryRunOperationException":         DryRun,
	"LimitExceededException":           Limit,
	"AlreadyExistsException":           Exists,
	"AccessDeniedException":            AccessDenied,
	"AccessDenied":                     AccessDenied,
	"NotAuthorized":                    AccessDenied,
	"NotAuthorizedException":           AccessDenied,
	"OptInRequired":                    AccessDenied,
	"SubscriptionRequired":             AccessDenied,
	"UnauthorizedOperation":            AccessDenied,
	"InvalidArnException":              Validation,
	"InvalidAliasNameException":        Validation,
	"InvalidGrantIdException":          Validation,
	"InvalidGrantTokenException":       Validation,
	"InvalidMarkerException":           Validation,
	"TagException":                     Validation,
	"MalformedPolicyDocumentException": Validation,
	"ValidationException":              Validation,
	"ValidationError":                  Validation,
	"SerializationException":           Validation,
	"MalformedHttpRequestException":    Validation,
	"RequestEntityTooLargeException":   Validation,
	"InvalidParameterValueException":   Validation,
	"InvalidParameterException":        Validation,

	"UnsupportedOperationException": Unsupported,
	"UnknownOperationException":     Unsupported,
	"UnknownOperation":              Unsupported,
	"InvalidAction":                 Unsupported,
	"NotImplemented":                Unsupported,
	"NotImplementedException":       Unsupported,

	"UnrecognizedClientException":         Unauthorised,
	"InvalidSignatureException":           Unauthorised,
	"SignatureDoesNotMatch":               Unauthorised,
	"IncompleteSignatureException":        Unauthorised,
	"IncompleteSignature":                 Unauthorised,
	"MissingAuthenticationTokenException": Unauthorised,
	"MissingAuthenticationToken":          Unauthorised,
	"ExpiredTokenException":               Unauthorised,
	"ExpiredToken":                        Unauthorised,
	"InvalidClientTokenId":                Unauthorised,
	"InvalidAccessKeyId":                  Unauthorised,
	"InvalidToken":                        Unauthorised,
	"RequestExpired":                      Unauthorised,
	"RequestExpiredException":             Unauthorised,
	"RequestTimeTooSkewed":                Unauthorised,
	"RequestInTheFuture":                  Unauthorised,
	"AuthFailure":                         Unauthorised,

	"InvalidImportTokenException":   Import,
	"ExpiredImportTokenException":   Import,
	"IncorrectKeyMaterialException": Import,

	"KMSInternalException":        Internal,
	"KeyUnavailableException":     Internal,
	"DependencyTimeoutException":  Internal,
	"InternalFailure":             Internal,
	"InternalFailureException":    Internal,
	"InternalError":               Internal,
	"InternalException":           Internal,
	"InternalServerError":         Internal,
	"InternalServerException":     Internal,
	"ServiceUnavailable":          Internal,
	"ServiceUnavailableException": Internal,
}

// KindOfCode is the kind of a service error with this code and HTTP status, in
// the answer to operation. Codes that nobody knows are Internal with a status of
// 500 and above, else Other.
func KindOfCode(operation, code string, status int) Kind {
	switch {
	case status == http.StatusNotImplemented:
		return Unsupported // whatever it is called: emulators vary
	case code == "InvalidCiphertextException" && operation == "ImportKeyMaterial":
		return Import
	}
	if k, ok := kinds[code]; ok {
		return k
	}
	if status >= 500 {
		return Internal
	}
	return Other
}
