package kmsemu

import (
	"fmt"
	"net/http"
	"strings"
)

// apiError is an error of the service: code, text, status. An empty text
// stands for an answer without a message member (row WI-07).
type apiError struct {
	status  int
	code    string // with the Exception suffix, as on the wire
	message string
}

func (e *apiError) Error() string { return strings.TrimSuffix(e.code+": "+e.message, ": ") } // some have no text

func fault(code, format string, args ...any) *apiError {
	return &apiError{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
}

// The errors that more than one operation gives, with KMS's own texts.

func errValidation(message string) *apiError {
	return &apiError{http.StatusBadRequest, "ValidationException", message}
}

func errSerialization(message string) *apiError {
	return &apiError{http.StatusBadRequest, "SerializationException", message}
}

// errType is the answer to a member of the wrong JSON type (row WI-21; the
// text is inferred from other AWS JSON services).
func errType(got string, s *shape) *apiError {
	want := map[kind]string{kindString: "a String", kindBlob: "a ByteBuffer", kindBool: "a Boolean", kindInt: "an Integer",
		kindTime: "a Date", kindList: "a List", kindStruct: "a Structure", kindMap: "a Map"}[s.kind]
	return errSerialization(got + " can not be converted to " + want)
}

// errUnknownOperation has no text (row WI-18).
func errUnknownOperation(status int) *apiError {
	return &apiError{status, "UnknownOperationException", ""}
}

func errNoKey(arn string) *apiError { // rows DK-05, GM-21
	return fault("NotFoundException", "Key '%s' does not exist", arn)
}

func errInvalidKeyID(id string) *apiError { // rows DK-08, GM-20
	return fault("NotFoundException", "Invalid keyId '%s'", id)
}

func errInvalidARN(what string) *apiError { // rows DK-12, ID-04
	return fault("NotFoundException", "Invalid arn %s", what)
}

func errNoAlias(arn string) *apiError { // row ID-02
	return fault("NotFoundException", "Alias %s is not found.", arn)
}

func errDisabled(arn string) *apiError { // row GM-25
	return fault("DisabledException", "%s is disabled.", arn)
}

func errState(arn, is string) *apiError { // rows GM-26 to GM-30
	return fault("KMSInvalidStateException", "%s is %s.", arn, is)
}

func errUsage(arn, usage, operation string) *apiError { // row GM-22
	return fault("InvalidKeyUsageException", "%s key usage is %s which is not valid for %s.", arn, usage, operation)
}

func errAlgorithm(alg, spec string) *apiError { // row GM-18
	return fault("InvalidKeyUsageException", "Algorithm %s is incompatible with key spec %s.", alg, spec)
}

func errOrigin(arn, origin string) *apiError { // row IM-01
	return fault("UnsupportedOperationException", "%s origin is %s which is not valid for this operation.", arn, origin)
}

// errDryRun is the success of a dry run (row DR-01).
func errDryRun() *apiError {
	return fault("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
}

// errInternal is a fault of the emulator itself, for example of its store.
func errInternal() *apiError {
	return &apiError{http.StatusInternalServerError, "KMSInternalException", ""}
}
