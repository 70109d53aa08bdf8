package kmsemu

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Credential is an access key that the emulator knows. It is secret.
type Credential struct {
	AccessKeyID     string
	SecretAccessKey string
	// SessionToken, if set, must be sent with the request.
	SessionToken string
	// Expires, if set, is when the session token expires (row AU-06).
	Expires time.Time
	// AccountID is the account of the caller; default Options.AccountID. Keys
	// of different accounts are apart.
	AccountID string
	// Principal is the ARN of the caller; default the root of the account.
	Principal string
	// Policy is the identity policy of the principal, a JSON document; default
	// one that allows everything.
	Policy string
}

// String hides the secrets.
func (c Credential) String() string { return "kmsemu.Credential{" + c.AccessKeyID + "}" }

// GoString hides the secrets.
func (c Credential) GoString() string { return c.String() }

// ParseCredential reads "ID:SECRET".
func ParseCredential(text string) (Credential, error) {
	id, secret, ok := strings.Cut(text, ":")
	if !ok || id == "" || secret == "" {
		return Credential{}, errors.New("kmsemu: a credential is not of the form ID:SECRET")
	}
	return Credential{AccessKeyID: id, SecretAccessKey: secret}, nil
}

// knownCredential is a Credential with its identity policy parsed.
type knownCredential struct {
	Credential
	identity policy
}

func (e *Emulator) addCredentials(list []Credential) error {
	e.credentials = make(map[string]*knownCredential, len(list))
	for _, cred := range list {
		if cred.AccessKeyID == "" || cred.SecretAccessKey == "" {
			return errors.New("kmsemu: a credential has no access key id or no secret")
		}
		if e.credentials[cred.AccessKeyID] != nil {
			return fmt.Errorf("kmsemu: two credentials with access key id %q", cred.AccessKeyID)
		}
		if cred.AccountID == "" {
			cred.AccountID = e.account
		}
		if !accountForm.MatchString(cred.AccountID) {
			return fmt.Errorf("kmsemu: account id %q is not 12 digits", cred.AccountID)
		}
		known := &knownCredential{Credential: cred}
		if cred.Policy != "" {
			var err error
			if known.identity, err = parsePolicy(cred.Policy); err != nil {
				return fmt.Errorf("kmsemu: identity policy of %s: %w", cred.AccessKeyID, err)
			}
		}
		e.credentials[cred.AccessKeyID] = known
	}
	return nil
}

func (e *Emulator) hasAccount(account string) bool {
	for id := range e.realms {
		if id.account == account {
			return true
		}
	}
	return false
}

func (e *Emulator) hasPrincipal(arn string) bool {
	for _, c := range e.credentials {
		if c.Principal == arn {
			return true
		}
	}
	return false
}

// authenticate finds out who is calling and which realm is meant: the Region
// of the credential scope selects it. Inferred: scope, then access key, then
// token, then clock, then signature.
func (e *Emulator) authenticate(c *call, r *http.Request, body []byte) error {
	value := r.Header.Get("Authorization")
	if value == "" && c.wrong(missingAuthAllowed) {
		c.realm = e.realms[realmID{e.account, e.home()}]
		c.caller = caller{account: e.account, principal: c.realm.rootARN()}
		return nil
	}
	a, err := parseAuthorization(value)
	if err != nil {
		return err
	}
	signedRegion := a.region
	if c.wrong(regionUnchecked) && e.realms[realmID{e.account, a.region}] == nil {
		a.region = e.home()
	}
	if err := e.checkScope(&a, r.Host); err != nil {
		return err
	}
	if len(e.credentials) == 0 {
		c.realm = e.realms[realmID{e.account, a.region}]
		c.caller = caller{account: e.account, principal: c.realm.rootARN()}
		return nil
	}
	known := e.credentials[a.accessKeyID]
	if known == nil { // row AU-03
		return errToken("UnrecognizedClientException", "The security token included in the request is invalid.")
	}
	if err := known.checkToken(r.Header.Get("X-Amz-Security-Token"), c.now); err != nil {
		return err
	}
	selected := a.region
	a.region = signedRegion
	if err := e.checkSignature(&a, known, r, body, c.now); err != nil && !c.wrong(signatureUnchecked) {
		return err
	}
	a.region = selected
	c.realm = e.realms[realmID{known.AccountID, a.region}]
	c.caller = caller{account: known.AccountID, principal: known.Principal, identity: known.identity}
	if c.caller.principal == "" {
		c.caller.principal = c.realm.rootARN()
	}
	return nil
}

// home is where requests without a Region go, under deviations only.
func (e *Emulator) home() string {
	if slices.Contains(e.opt.Regions, "us-east-1") {
		return "us-east-1"
	}
	return e.opt.Regions[0]
}

// checkScope checks service and Region of the credential scope. An endpoint
// with an AWS host name is the endpoint of one Region.
func (e *Emulator) checkScope(a *authorization, host string) error {
	if a.service != "kms" { // row AU-08
		return errSignature("Credential should be scoped to correct service: 'kms'. ")
	}
	endpoint := regionOfHost(host)
	if e.realms[realmID{e.account, a.region}] == nil || endpoint != "" && endpoint != a.region { // row AU-07
		return errSignature("Credential should be scoped to a valid region, not '%s'. ", a.region)
	}
	return nil
}

// regionOfHost returns the Region of an AWS endpoint (row WI-27), "" for any
// other host.
func regionOfHost(host string) string {
	name, _, _ := strings.Cut(host, ":")
	part := strings.SplitN(name, ".", 3)
	if len(part) < 3 || part[0] != "kms" && part[0] != "kms-fips" {
		return ""
	}
	switch part[2] {
	case "amazonaws.com", "amazonaws.com.cn", "api.aws", "api.amazonwebservices.com.cn":
		return part[1]
	}
	return ""
}

// checkToken checks the session token (rows AU-03, AU-06).
func (k *knownCredential) checkToken(token string, now time.Time) error {
	if token != k.SessionToken {
		return errToken("UnrecognizedClientException", "The security token included in the request is invalid.")
	}
	if !k.Expires.IsZero() && !now.Before(k.Expires) {
		return errToken("ExpiredTokenException", "The security token included in the request is expired")
	}
	return nil
}

func errToken(code, text string) *apiError { return fault(code, "%s", text) }
