package results

import "regexp"

// accountID finds account ids where it is certain that they are: in ARNs, also
// in one that was cut short, and in the member AWSAccountId, also of JSON
// within JSON.
var accountID = regexp.MustCompile(`(arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:|AWSAccountId\\*"\s*:\s*\\*")\d{12}`)

// MaskAccounts replaces the digits of account ids by asterisks. Every result
// file, report and printed result goes through it. Doing it twice changes
// nothing.
func MaskAccounts(text string) string {
	return accountID.ReplaceAllString(text, "${1}************")
}
