package conformance

import (
	"fmt"
	"maps"
)

// Members are member values by path.
type Members = map[string]Value

// ok wants a success with these members among others.
func ok(m Members) Expectation { return Expectation{Status: 200, Members: m} }

// okExactly wants a success whose body has exactly the members of m.
func okExactly(m Members) Expectation {
	var names []string
	for n := range m {
		names = append(names, n)
	}
	return Expectation{Status: 200, Sets: map[string][]string{"": names}, Members: m}
}

// byARN is e with the key's ARN as KeyId.
func byARN(e Expectation, k Key) Expectation {
	e.Members = maps.Clone(e.Members)
	e.Members["KeyId"] = Is(k.ARN)
	return e
}

// okVoid wants a success that tells nothing: an empty body, {} or null, which
// recordings made through an SDK do not tell apart. Row WI-05 does.
func okVoid() Expectation { return okExactly(nil) }

// okEmpty wants a success with an empty body (row WI-05).
func okEmpty() Expectation { return Expectation{Status: 200, Empty: true} }

// fails wants status 400 and the code in its place, with a message. text "" means
// that the text is not known.
func fails(code, text string) Expectation {
	return Expectation{Status: 400, Code: code, Message: MessagePresent, Text: text}
}

// failsSilently wants status 400 and the code without a message member (row
// WI-07).
func failsSilently(code string) Expectation {
	return Expectation{Status: 400, Code: code, Message: MessageAbsent}
}

// failsSomehow wants status 400 and the code; whether there is a message is
// not known.
func failsSomehow(code string) Expectation { return Expectation{Status: 400, Code: code} }

// refused wants status 400 with any code: how it is refused is not known.
func refused() Expectation { return Expectation{Status: 400, Code: AnyCode} }

// known marks the text as recorded on another operation.
func (e Expectation) known() Expectation { e.TextKnown = true; return e }

// as names an alternative.
func (e Expectation) as(name string) Expectation { e.Name = name; return e }

// mentioning adds substrings of the message.
func (e Expectation) mentioning(parts ...string) Expectation {
	e.Mentions = append(e.Mentions, parts...)
	return e
}

// The errors that many rows share.

// denied wants AccessDeniedException. Status 403, which AWS's page of common
// errors names, only warns.
func denied(text string) Expectation {
	e := fails("AccessDeniedException", text)
	e.WarnStatus = 403
	return e
}

func invalid(text string) Expectation  { return fails("ValidationException", text) }
func notFound(text string) Expectation { return fails("NotFoundException", text) }
func missingKey(arn string) Expectation {
	return notFound(fmt.Sprintf("Key '%s' does not exist", arn))
}
func invalidKeyID(id string) Expectation { return notFound(fmt.Sprintf("Invalid keyId '%s'", id)) }
func isDisabled(k Key) Expectation       { return fails("DisabledException", k.ARN+" is disabled.") }
func wrongState(k Key, state string) Expectation {
	return fails("KMSInvalidStateException", k.ARN+" is "+state+".")
}
func wrongUsage(k Key, operation string) Expectation {
	return fails("InvalidKeyUsageException",
		fmt.Sprintf("%s key usage is %s which is not valid for %s.", k.ARN, k.Kind.Usage, operation))
}
func wrongAlgorithm(alg, spec string) Expectation {
	return fails("InvalidKeyUsageException", fmt.Sprintf("Algorithm %s is incompatible with key spec %s.", alg, spec))
}
func wrongOrigin(k Key) Expectation {
	return fails("UnsupportedOperationException", k.ARN+" origin is "+originOf(k.Kind)+" which is not valid for this operation.")
}

func originOf(k KeyKind) string {
	if k.Origin == "" {
		return "AWS_KMS"
	}
	return k.Origin
}

// badEnum wants the schema error of a value outside an enum; the list's order
// is arbitrary and the set grows, so only members are named.
func badEnum(value, member string, members ...string) Expectation {
	return invalid(fmt.Sprintf("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must satisfy enum value set: [...]",
		value, member)).mentioning(members...)
}

// badLength wants the schema error of a length. shown is the text between
// "Value" and "at", "..." where it is not known whether the value is echoed.
func badLength(member, shown, rule string) Expectation {
	if shown != "" {
		shown = " " + shown
	}
	return invalid(fmt.Sprintf("1 validation error detected: Value%s at '%s' failed to satisfy constraint: Member must have length %s",
		shown, member, rule))
}

// badValue wants the schema error of a number out of range.
func badValue(value int, member, rule string) Expectation {
	return invalid(fmt.Sprintf("1 validation error detected: Value '%d' at '%s' failed to satisfy constraint: Member must have value %s",
		value, member, rule))
}
