package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

var killMac = map[string]any{"Message": "bWVzc2FnZQ==", "MacAlgorithm": "HMAC_SHA_256"}

func with(m map[string]any, name string, v any) map[string]any {
	out := map[string]any{name: v}
	for k, x := range m {
		out[k] = x
	}
	return out
}

// work makes changes until the server is gone. It logs a change as under way
// before it is sent and as acknowledged after its answer.
func (w *killWorker) work(t *testing.T, call killCall) {
	for {
		op, input, change := w.next()
		w.pending = change
		out, err := call(op, input)
		var refused *killRefused
		if errors.As(err, &refused) {
			t.Errorf("%s", err)
		}
		if err != nil {
			return
		}
		if change.key == nil && change.alias == "" {
			if !w.created(t, call, out) {
				return
			}
		} else {
			w.apply(change)
		}
		w.pending = nil
		w.acknowledged++
	}
}

// created takes a new key into the log, with a tag that it must make for ever.
func (w *killWorker) created(t *testing.T, call killCall, out map[string]any) bool {
	meta, _ := out["KeyMetadata"].(map[string]any)
	id, _ := meta["KeyId"].(string)
	k := &killKey{id: id, touched: true, state: killState{State: "Enabled", Tags: map[string]string{}}}
	w.keys = append(w.keys, k)
	w.pending = nil // the key itself is acknowledged
	tag, err := call("GenerateMac", with(killMac, "KeyId", id))
	var refused *killRefused
	if errors.As(err, &refused) {
		t.Errorf("%s", err)
	}
	if err != nil {
		return false
	}
	k.mac, _ = tag["Mac"].(string)
	return true
}

func (w *killWorker) apply(c *killChange) {
	if c.alias != "" {
		w.aliases[c.alias] = c.to
		return
	}
	c.key.mu.Lock()
	defer c.key.mu.Unlock()
	c.key.state, c.key.touched = c.after, true
}

// next draws a change that is allowed in the present state.
func (w *killWorker) next() (op string, input map[string]any, c *killChange) {
	w.serial++
	if len(w.keys) == 0 || w.rng.IntN(6) == 0 {
		return "CreateKey", map[string]any{"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC", "Description": "0"}, &killChange{}
	}
	k := w.keys[w.rng.IntN(len(w.keys))]
	c = &killChange{key: k, after: k.state.clone()}
	input = map[string]any{"KeyId": k.id}
	if k.state.State == "PendingDeletion" {
		c.after.State = "Disabled"
		return "CancelKeyDeletion", input, c
	}
	switch w.rng.IntN(8) {
	case 0:
		c.after.State = "Disabled"
		return "DisableKey", input, c
	case 1:
		c.after.State = "Enabled"
		return "EnableKey", input, c
	case 2:
		c.after.State = "PendingDeletion"
		return "ScheduleKeyDeletion", input, c
	case 3:
		name, value := fmt.Sprint("k", w.rng.IntN(20)), fmt.Sprint(w.serial)
		c.after.Tags[name] = value
		input["Tags"] = []map[string]string{{"TagKey": name, "TagValue": value}}
		return "TagResource", input, c
	case 4:
		return w.nextGrant(k, c, input)
	case 5:
		return w.nextAlias(k)
	}
	c.after.Version++
	input["Description"] = fmt.Sprint(c.after.Version)
	return "UpdateKeyDescription", input, c
}

func (w *killWorker) nextGrant(k *killKey, c *killChange, input map[string]any) (string, map[string]any, *killChange) {
	if k.state.State != "Enabled" {
		c.after.State = "Enabled"
		return "EnableKey", input, c
	}
	name := fmt.Sprintf("g%d-%d", w.id, w.serial)
	c.after.Grants = append(c.after.Grants, name)
	slices.Sort(c.after.Grants)
	input["Name"], input["Operations"] = name, []string{"GenerateMac"}
	input["GranteePrincipal"] = "arn:aws:iam::000000000000:user/u"
	return "CreateGrant", input, c
}

func (w *killWorker) nextAlias(k *killKey) (string, map[string]any, *killChange) {
	name := fmt.Sprintf("alias/w%d-%d", w.id, w.rng.IntN(20))
	switch target := w.aliases[name]; {
	case target == "":
		return "CreateAlias", map[string]any{"AliasName": name, "TargetKeyId": k.id}, &killChange{alias: name, to: k.id}
	case w.rng.IntN(2) == 0:
		return "DeleteAlias", map[string]any{"AliasName": name}, &killChange{alias: name}
	}
	return "UpdateAlias", map[string]any{"AliasName": name, "TargetKeyId": k.id}, &killChange{alias: name, to: k.id}
}

// read looks at keys that others are changing. What it was told must not be
// taken back.
func (k *killRun) read(t *testing.T, ctx context.Context, call killCall) {
	var keys []*killKey
	for _, w := range k.workers { // those that existed before the load began
		keys = append(keys, w.known...)
	}
	for i := 0; ctx.Err() == nil && len(keys) > 0; i++ {
		key := keys[i%len(keys)]
		m, err := describe(call, key.id)
		if err != nil {
			return
		}
		key.mu.Lock()
		key.seen = max(key.seen, m.Version)
		key.mu.Unlock()
		k.reads++
	}
}

// describe reads state and version of a key.
func describe(call killCall, id string) (s killState, err error) {
	out, err := call("DescribeKey", map[string]any{"KeyId": id})
	if err != nil {
		return s, err
	}
	meta, _ := out["KeyMetadata"].(map[string]any)
	s.State, _ = meta["KeyState"].(string)
	text, _ := meta["Description"].(string)
	_, err = fmt.Sscan(text, &s.Version)
	return s, err
}

// verify compares the log with what the server says, for all objects that were
// touched since the last time, or for all.
func (k *killRun) verify(t *testing.T, url string, all bool) {
	t.Helper()
	call := k.call(t.Context(), url)
	known := map[string]bool{}
	aliases := k.allAliases(t, call)
	creating := 0
	for _, w := range k.workers {
		for _, key := range w.keys {
			known[key.id] = true
			if key.touched || all || w.pending != nil && w.pending.key == key {
				k.verifyKey(t, call, w, key)
			}
		}
		k.verifyAliases(t, w, aliases)
		if p := w.pending; p != nil && p.key == nil && p.alias == "" {
			creating++
		}
		w.pending = nil
		w.known = slices.Clone(w.keys)
	}
	extra := 0
	for _, id := range k.allKeys(t, call) {
		if !known[id] && !k.strays[id] {
			k.strays[id] = true
			extra++
		}
	}
	if extra > creating {
		t.Errorf("kill %d: %d keys that nobody was told of, %d were under way", k.kills, extra, creating)
	}
}

func (k *killRun) verifyKey(t *testing.T, call killCall, w *killWorker, key *killKey) {
	t.Helper()
	got, err := k.actual(call, key.id)
	if err != nil {
		k.lost++
		t.Errorf("kill %d: key %s: %v", k.kills, key.id, err)
		return
	}
	ok := got.String() == key.state.String()
	if p := w.pending; p != nil && p.key == key && got.String() == p.after.String() {
		ok = true
	}
	if !ok || got.Version < key.seen {
		k.lost++
		t.Errorf("kill %d: key %s is %s, was %s, version %d was read, under way %+v", k.kills, key.id, got, key.state, key.seen, w.pending)
	}
	if got.State == "Enabled" {
		k.verifyTag(t, call, key)
	}
	key.state, key.touched, key.seen = got, false, got.Version
}

func (k *killRun) verifyTag(t *testing.T, call killCall, key *killKey) {
	t.Helper()
	out, err := call("GenerateMac", with(killMac, "KeyId", key.id))
	tag, _ := out["Mac"].(string)
	if key.mac == "" {
		key.mac = tag
	}
	if err != nil || tag != key.mac {
		k.lost++
		t.Errorf("kill %d: key %s makes tag %q, %v, want %q", k.kills, key.id, tag, err, key.mac)
	}
}

// actual reads all that can change about a key.
func (k *killRun) actual(call killCall, id string) (killState, error) {
	s, err := describe(call, id)
	if err != nil {
		return s, err
	}
	s.Tags = map[string]string{}
	out, err := call("ListResourceTags", map[string]any{"KeyId": id})
	if err != nil {
		return s, err
	}
	for _, v := range out["Tags"].([]any) {
		m := v.(map[string]any)
		s.Tags[m["TagKey"].(string)] = m["TagValue"].(string)
	}
	for marker := any(nil); ; {
		in := map[string]any{"KeyId": id, "Limit": 100}
		if marker != nil {
			in["Marker"] = marker
		}
		if out, err = call("ListGrants", in); err != nil {
			return s, err
		}
		for _, v := range out["Grants"].([]any) {
			s.Grants = append(s.Grants, v.(map[string]any)["Name"].(string))
		}
		if marker = out["NextMarker"]; marker == nil {
			break
		}
	}
	slices.Sort(s.Grants)
	return s, nil
}

func (k *killRun) verifyAliases(t *testing.T, w *killWorker, actual map[string]string) {
	t.Helper()
	for name := range actual {
		if _, ok := w.aliases[name]; !ok && strings.HasPrefix(name, fmt.Sprintf("alias/w%d-", w.id)) {
			w.aliases[name] = "" // it can only have been under way
		}
	}
	for name, want := range w.aliases {
		got := actual[name]
		p := w.pending
		if got != want && !(p != nil && p.alias == name && got == p.to) {
			k.lost++
			t.Errorf("kill %d: %s leads to %q, was %q, under way %+v", k.kills, name, got, want, p)
		}
		w.aliases[name] = got
	}
}

// pages reads all pages of a list.
func (k *killRun) pages(t *testing.T, call killCall, op, member string, each func(map[string]any)) {
	t.Helper()
	in := map[string]any{"Limit": 100}
	for {
		out, err := call(op, in)
		if err != nil {
			t.Fatalf("kill %d: %v", k.kills, err)
		}
		for _, v := range out[member].([]any) {
			each(v.(map[string]any))
		}
		if in["Marker"] = out["NextMarker"]; in["Marker"] == nil {
			return
		}
	}
}

func (k *killRun) allAliases(t *testing.T, call killCall) map[string]string {
	t.Helper()
	out := map[string]string{}
	k.pages(t, call, "ListAliases", "Aliases", func(m map[string]any) {
		if target, ok := m["TargetKeyId"].(string); ok {
			out[m["AliasName"].(string)] = target
		}
	})
	return out
}

func (k *killRun) allKeys(t *testing.T, call killCall) (ids []string) {
	t.Helper()
	k.pages(t, call, "ListKeys", "Keys", func(m map[string]any) { ids = append(ids, m["KeyId"].(string)) })
	return ids
}
