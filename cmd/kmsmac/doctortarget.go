package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awskms"
)

// settingsFindings are about flags and environment: nothing is sent.
func settingsFindings(a *app, f targetFlags) []finding {
	s, err := f.spec(a.env)
	if err != nil {
		check, remedy := "target", "give --target emulator, engine, aws, aws:REGION or a URL such as http://127.0.0.1:4566"
		if strings.Contains(err.Error(), "egion") {
			check, remedy = "region", "name it: --target aws:eu-west-1, --region, or export AWS_REGION=eu-west-1"
		}
		return []finding{ok(check, "%v", err).problem(remedy)}
	}
	out := []finding{regionFinding(a, s)}
	if s.kind == kindEngine {
		return out
	}
	return append(out, slices.Concat(variableFindings(a, s), redirectFindings(a, s), proxyFindings(a, s))...)
}

func regionFinding(a *app, s targetSpec) finding {
	f := ok("region", "%s, second Region %s", s.region, firstOf(s.region2, "none: its partition has only one"))
	first, second := a.env("AWS_REGION"), a.env("AWS_DEFAULT_REGION")
	if first != "" && second != "" && first != second {
		return f.warning(fmt.Sprintf("AWS_REGION is %s and AWS_DEFAULT_REGION %s, and tools disagree which of them counts: unset one", first, second))
	}
	return f
}

// variableFindings looks at the variables that hold credentials, never at what
// they hold beyond its form.
func variableFindings(a *app, s targetSpec) (out []finding) {
	id, secret := a.env("AWS_ACCESS_KEY_ID"), a.env("AWS_SECRET_ACCESS_KEY")
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		if v := a.env(name); v != strings.Trim(v, " \t\r\n\"'") {
			out = append(out, ok("credentials", "%s begins or ends with a space, a line break or a quote", name).
				problem("export it again without: signatures made with it are refused"))
		}
	}
	switch {
	case (id == "") != (secret == ""):
		have, lack := "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
		if id == "" {
			have, lack = lack, have
		}
		f := ok("credentials", "%s is set and %s is not", have, lack)
		if s.kind == kindURL && !s.aws {
			return append(out, f.warning("requests to an emulator are signed as test/test: export both, or neither"))
		}
		return append(out, f.problem("export "+lack+" too, or unset "+have))
	case s.aws || len(out) > 0:
		return out // the chain is asked when the target is opened
	case s.kind == kindURL && id != "":
		return append(out, ok("credentials", "AWS_ACCESS_KEY_ID %s and its secret sign requests to %s", shortID(id), s.endpoint))
	}
	return append(out, ok("credentials", "test/test: AWS's own are not used for an emulator"))
}

// shortID shows enough of an access key id to recognise it.
func shortID(id string) string {
	if len(id) <= 8 {
		return strings.Repeat("*", len(id))
	}
	return id[:4] + "…" + id[len(id)-4:]
}

func redirectFindings(a *app, s targetSpec) (out []finding) {
	for _, name := range []string{"AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL"} {
		v := a.env(name)
		if v == "" {
			continue
		}
		f := ok("redirect", "%s leads to %s", name, withoutUserinfo(v))
		if s.kind == kindAWS && s.endpoint == "" {
			return append(out, f.problem("unset "+name+" to reach real AWS, or name that address: --target URL for an emulator, --endpoint URL for a VPC endpoint"))
		}
		out = append(out, f)
	}
	return out
}

// proxyFindings says which proxy stands before the target. Go takes none for
// loopback addresses.
func proxyFindings(a *app, s targetSpec) []finding {
	if s.kind == kindEmulator {
		return nil
	}
	address := firstOf(s.endpoint, "https://kms."+s.region+".amazonaws.com")
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u})
	switch {
	case err != nil:
		return []finding{ok("proxy", "HTTPS_PROXY or HTTP_PROXY is not a URL").problem("export it as http://host:port, or unset it")}
	case proxy != nil:
		return []finding{ok("proxy", "requests go through %s", proxy.Redacted()).
			warning("what is measured is the proxy too: NO_PROXY=" + u.Hostname() + " leaves it out")}
	}
	return nil
}

// patience bounds the requests of the doctor.
const patience = 10 * time.Second

// targetFindings opens the target and asks it for one key.
func (c doctorCmd) targetFindings(a *app) ([]finding, error) {
	s, err := c.spec(a.env)
	if err != nil || s.kind == kindEngine {
		return nil, err
	}
	flags := c.targetFlags
	flags.Timeout = min(flags.Timeout, patience)
	o, err := s.open(a, flags, clientOptions{connections: 1, client: awskms.RoadSDK}, inProcessEmulator)
	if err != nil {
		return []finding{openFinding(s, err)}, nil
	}
	defer o.close()
	if err := c.consent(a, o, estimate{requests: map[string]int64{"ListKeys": 1}}); err != nil {
		return nil, err
	}
	var out []finding
	if s.aws {
		if f := chainFinding(a.ctx, o); f.Level == levelProblem {
			return append(out, f), nil
		} else if f.Found != "" {
			out = append(out, f)
		}
	}
	ask, isCaller := o.Target.(target.Caller)
	if !isCaller {
		return out, nil
	}
	ctx, cancel := context.WithTimeout(a.ctx, patience)
	defer cancel()
	x, err := ask.Call(ctx, "ListKeys", map[string]any{"Limit": 1})
	if err == nil && x.Err != nil {
		err = x.Err
	}
	clock := clockFinding(x, o.name())
	out = append(out, clock, answerFinding(o, s, x, err, clock.Level == levelProblem))
	if s.aws {
		perSecond, source := symmetricQuota(a.ctx, o.Target, s.region)
		out = append(out, ok("quota", "GenerateMac, VerifyMac and the other symmetric operations share %.0f requests a second (%s)", perSecond, source))
	}
	return out, nil
}

func openFinding(s targetSpec, err error) finding {
	if target.KindOf(err) == target.Credentials {
		return ok("credentials", "%v", err).problem("look at AWS_PROFILE and ~/.aws/config; aws sts get-caller-identity must work first")
	}
	return ok("endpoint", "%v", err).problem("look at --target, --endpoint and --ca-file")
}

// chainFinding asks the SDK's credential chain. Nothing is sent to KMS.
func chainFinding(ctx context.Context, o *opened) finding {
	sdk, isSDK := o.Target.(*awskms.Client)
	if !isSDK {
		return finding{}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	id, _, token, expires, err := sdk.Credentials(ctx)
	switch {
	case err != nil:
		return ok("credentials", "%v", err).
			problem("export AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; aws sts get-caller-identity must work first")
	case !expires.IsZero() && time.Until(expires) < 0:
		return ok("credentials", "%s expired at %s", shortID(id), expires.UTC().Format(time.RFC3339)).problem("log in again: aws sso login, or whatever made them")
	case !expires.IsZero() && time.Until(expires) < 15*time.Minute:
		return ok("credentials", "%s, until %s", shortID(id), expires.UTC().Format(time.RFC3339)).warning("they will not outlive a long run: renew them first")
	case token != "":
		return ok("credentials", "%s, with a session token", shortID(id))
	}
	return ok("credentials", "%s", shortID(id))
}

// maxSkew is how far a clock may be off before AWS refuses signatures (row
// AU-05).
const maxSkew = 5 * time.Minute

// clockFinding holds this machine's clock against the Date of an answer.
func clockFinding(x target.Exchange, from string) finding {
	date, err := http.ParseTime(x.ResponseHeader.Get("Date"))
	if err != nil {
		return ok("clock", "not compared: %s tells no time", from)
	}
	middle := x.Sent.Add(x.Done.Sub(x.Sent) / 2)
	off := middle.Sub(date.Add(500 * time.Millisecond)).Round(time.Second) // a Date is cut to the second
	f := ok("clock", "within %s of the time of %s", max(off.Abs(), time.Second), from)
	word := "ahead of"
	if off < 0 {
		word = "behind"
	}
	switch {
	case off.Abs() > maxSkew:
		f.Found = fmt.Sprintf("%s %s the time of %s: signatures older or newer than 5 minutes are refused", off.Abs(), word, from)
		return f.problem("set the clock: timedatectl set-ntp true, or restart the virtual machine that slept")
	case off.Abs() > 30*time.Second:
		f.Found = fmt.Sprintf("%s %s the time of %s", off.Abs(), word, from)
		return f.warning("set the clock before it is 5 minutes off and signatures are refused")
	}
	return f
}

// answerFinding says what the first request came to.
func answerFinding(o *opened, s targetSpec, x target.Exchange, err error, clockOff bool) finding {
	if err == nil {
		return ok("endpoint", "%s answers as a KMS, in %s", o.name(), x.Done.Sub(x.Sent).Round(10*time.Microsecond))
	}
	f := ok("endpoint", "%v", err)
	var e *target.Error
	_ = errors.As(err, &e) // every error of a target is one
	text := err.Error() + string(x.ResponseBody[:min(len(x.ResponseBody), 200)])
	switch kind := target.KindOf(err); kind {
	case target.Unreachable:
		f.Found = fmt.Sprintf("%s cannot be reached: %v", o.name(), err)
		return f.problem(unreachableRemedy(s, text))
	case target.Timeout:
		return f.problem("nothing answered: a firewall, a VPC without an endpoint for KMS, or a server that hangs; curl -m 5 " + firstOf(s.endpoint, "https://"+o.name()) + " must answer")
	case target.TLS:
		return f.problem(tlsRemedy(text))
	case target.NotKMS:
		if strings.Contains(text, "HTTP request to an HTTPS server") {
			f.Found = o.name() + " speaks HTTPS, not HTTP"
			return f.problem("write https:// in --target, and --ca-file if its authority is its own")
		}
		f.Found = fmt.Sprintf("%s answers, but not as a KMS: status %d, Content-Type %s", o.name(), x.Status, firstOf(x.ResponseHeader.Get("Content-Type"), "none"))
		return f.problem("look at host and port: another server, a proxy or a health page listens there; emulators also need the service kms to be enabled")
	case target.Unauthorised:
		return f.problem(unauthorisedRemedy(e, clockOff))
	case target.AccessDenied:
		return f.warning("it is a KMS, but these credentials may not list keys: docs/aws.md has the permissions for each command")
	case target.Unsupported:
		return f.warning("it answers, but does not know ListKeys: conform will say what it has")
	case target.Credentials:
		return f.problem("export AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	default:
		if kind.Answered() {
			return f.warning("it is a KMS; kmsmac conform says what it has")
		}
		return f.problem("try again; if it stays, look at the server's own log")
	}
}

func unreachableRemedy(s targetSpec, text string) string {
	switch {
	case strings.Contains(text, "proxyconnect"):
		return "the proxy of HTTPS_PROXY or HTTP_PROXY is not there: start it, or unset the variable"
	case strings.Contains(text, "no such host"), strings.Contains(text, "lookup "):
		return "the name is not in the DNS: look for a slip in --target or --endpoint, or use 127.0.0.1"
	case s.aws:
		return "look at the network: AWS KMS of " + s.region + " must be reachable on port 443, or name a VPC endpoint by --endpoint"
	}
	return "nothing listens there: start the emulator, or look at its port (moto 5000; LocalStack and most others 4566; kmsmac serve 4599)"
}

func tlsRemedy(text string) string {
	switch {
	case strings.Contains(text, "does not look like a TLS handshake"), strings.Contains(text, "HTTP response to HTTPS client"):
		return "the server speaks plain HTTP: write http:// in --target"
	case strings.Contains(text, "unknown authority"):
		return "trust its authority: --ca-file FILE (kmsmac serve --tls prints the file)"
	case strings.Contains(text, "expired or is not yet valid"):
		return "its certificate is not valid today: renew it, or set this machine's clock"
	case strings.Contains(text, "valid for"), strings.Contains(text, "doesn't contain any IP SANs"):
		return "its certificate is for another name: use the name that it holds"
	}
	return "look at the server's certificate: openssl s_client -connect HOST:PORT"
}

func unauthorisedRemedy(e *target.Error, clockOff bool) string {
	switch {
	case clockOff:
		return "set this machine's clock, see above"
	case e.Code == "UnrecognizedClientException", e.Code == "InvalidClientTokenId":
		return "the target does not know this access key: look at AWS_ACCESS_KEY_ID and AWS_PROFILE; an emulator needs the key that it was started with"
	case strings.HasPrefix(e.Code, "ExpiredToken"):
		return "log in again: the session is over"
	case e.Code == "InvalidSignatureException", e.Code == "SignatureDoesNotMatch":
		return "the secret does not belong to the access key: export AWS_SECRET_ACCESS_KEY again; a proxy that rewrites requests has the same effect"
	}
	return "look at the credentials, the Region and the clock"
}
