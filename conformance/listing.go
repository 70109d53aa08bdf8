package conformance

import (
	"fmt"
	"strings"
	"time"
)

// maxPages bounds a listing: 100,000 keys are the quota of an account.
const maxPages = 200

// pages sends a List operation until the list ends, at most maxPages times,
// and returns all answers; the last one may be a refusal.
func (p *Probe) pages(operation string, params Params) []*Answer {
	list := []*Answer{p.Call(operation, params)}
	for len(list) < maxPages {
		last := list[len(list)-1]
		marker := last.String("NextMarker")
		if last.planned || !last.Bool("Truncated") || marker == "" {
			break
		}
		list = append(list, p.Call(operation, with(params, "Marker", marker)))
	}
	return list
}

// entry finds an entry of a list that may have many pages, and returns its
// page and its path in it ("Keys.3"). An entry that is not there ends the case
// with a difference, on aws after the consistency bound.
func (p *Probe) entry(operation string, params Params, list, what string, is func(map[string]any) bool) (page *Answer, path string) {
	deadline := p.run.changed.Add(p.run.s.consistency(p.run.c))
	for pause := time.Second; ; pause = min(2*pause, 10*time.Second) {
		pages := p.pages(operation, params)
		for _, a := range pages {
			if at := position(a, list, is); a.planned || at >= 0 {
				return a, fmt.Sprintf("%s.%d", list, max(at, 0))
			}
		}
		last := pages[len(pages)-1]
		if !last.Succeeded() {
			last.Want(ok(nil))
		}
		if !p.AWS() || time.Now().After(deadline) {
			p.Check(last, list, false, what+" on one of the pages", fmt.Sprintf("%d pages without it", len(pages)))
		}
		p.pause(pause)
	}
}

// position is the index of the first such entry of the page's list, or -1.
func position(a *Answer, list string, is func(map[string]any) bool) int {
	for i, e := range a.List(list) {
		if is(e) {
			return i
		}
	}
	return -1
}

// listed wants the key to be on some page of ListKeys.
func (p *Probe) listed(k Key) {
	page, at := p.entry("ListKeys", Params{"Limit": 1000}, "Keys", "the key "+k.ID, func(e map[string]any) bool {
		return e["KeyId"] == k.ID || e["KeyArn"] == k.ARN
	})
	page.Want(Expectation{
		Status: 200, Sets: map[string][]string{at: {"KeyArn", "KeyId"}}, Members: Members{at + ".KeyId": Is(k.ID), at + ".KeyArn": Is(k.ARN)},
	})
}

// isServiceAlias reports an alias of an AWS service whose key was not made yet.
func isServiceAlias(e map[string]any) bool {
	name, _ := e["AliasName"].(string)
	_, hasTarget := e["TargetKeyId"]
	return strings.HasPrefix(name, "alias/aws/") && !hasTarget
}
