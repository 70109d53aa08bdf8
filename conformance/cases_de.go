package conformance

import (
	"strings"
	"time"
)

var deUntestable = map[string]string{
	"DE-11": "needs a waiting period of seven days to pass",
}

// schedule sends ScheduleKeyDeletion with the shortest waiting period.
func (p *Probe) schedule(k Key) *Answer {
	return p.Call("ScheduleKeyDeletion", Params{"KeyId": k.ID, "PendingWindowInDays": 7})
}

// window probes waiting periods that must be refused. The keys are the case's
// own: a target that takes the period schedules them.
func window(want func(days int) Expectation, days ...int) func(*Probe) {
	return func(p *Probe) {
		for _, d := range days {
			p.Call("ScheduleKeyDeletion", Params{"KeyId": p.Fresh(HMAC256).ID, "PendingWindowInDays": d}).Want(want(d))
		}
	}
}

// cancelled makes a key whose deletion was scheduled and cancelled.
func (p *Probe) cancelled() Key {
	k := p.Fresh(HMAC256.Deleting())
	p.Do("CancelKeyDeletion", Params{"KeyId": k.ID})
	return k
}

// foreign is an ARN with another account.
func foreign(k Key, arn string) string {
	other := "999999999999"
	if k.part(4) == other {
		other = "888888888888"
	}
	return strings.Replace(arn, ":"+k.part(4)+":", ":"+other+":", 1)
}

func deCases() []Case {
	outOfRange := func(int) Expectation { return invalid("PendingWindowInDays must be between 7 and 30") }
	return []Case{
		def("DE-01", func(p *Probe) {
			k := p.Fresh(HMAC256)
			p.Call("ScheduleKeyDeletion", Params{"KeyId": k.ID}).Want(ok(Members{
				"KeyId": Is(k.ARN), "DeletionDate": ANumber(), "KeyState": Is("PendingDeletion"), "PendingWindowInDays": Is(30),
			}))
		}),
		def("DE-02", func(p *Probe) {
			p.schedule(p.Fresh(HMAC256)).Want(ok(Members{"PendingWindowInDays": Is(7)}))
		}),
		// How the number is written is row WI-23.
		def("DE-03", func(p *Probe) {
			week := time.Now().Add(7 * 24 * time.Hour)
			p.schedule(p.Fresh(HMAC256)).Want(ok(Members{"DeletionDate": Near(week, 24*time.Hour)}))
		}),
		def("DE-04", window(outOfRange, 1, 6)),
		def("DE-05", window(outOfRange, 31)),
		def("DE-06", window(badWindow, 0, 366)),
		def("DE-07", func(p *Probe) {
			p.schedule(p.Fresh(HMAC256.Deleting())).Want(failsSomehow("KMSInvalidStateException"))
		}),
		def("DE-08", func(p *Probe) {
			k := p.Fresh(HMAC256.Deleting())
			p.Call("CancelKeyDeletion", Params{"KeyId": k.ID}).Want(ok(Members{"KeyId": Is(k.ARN)}))
			p.describe(k).Want(stateIs("Disabled"))
		}),
		def("DE-09", func(p *Probe) {
			k := p.cancelled()
			p.Call("GenerateMac", k.MAC(some)).Want(isDisabled(k).known())
		}),
		def("DE-10", func(p *Probe) {
			for _, kind := range []KeyKind{HMAC256.Disabled(), HMAC256.External()} {
				p.schedule(p.Fresh(kind)).Want(ok(nil))
			}
		}),
		def("DE-12", func(p *Probe) {
			k := p.Fresh(HMAC256)
			rejected := refused()
			rejected.WarnStatus = 403
			p.Call("ScheduleKeyDeletion", Params{"KeyId": foreign(k, k.ARN), "PendingWindowInDays": 7}).Want(rejected)
		}),
		def("DE-13", func(p *Probe) {
			k := p.Fresh(HMAC256.Deleting())
			p.Call("UpdateKeyDescription", Params{"KeyId": k.ID, "Description": "new"}).Want(wrongState(k, "pending deletion"))
		}),
	}
}

func badWindow(days int) Expectation {
	if days < 1 {
		return badValue(days, "pendingWindowInDays", "greater than or equal to 1")
	}
	return badValue(days, "pendingWindowInDays", "less than or equal to 365")
}
