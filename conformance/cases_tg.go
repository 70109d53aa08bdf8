package conformance

var tgUntestable = map[string]string{
	"TG-13": "needs a second account",
}

const maxTags = 50 // of a key (row TG-07)

// addTags sends TagResource.
func (p *Probe) addTags(k Key, pairs ...string) *Answer {
	return p.Call("TagResource", Params{"KeyId": k.ID, "Tags": tagList(pairs...)})
}

// removeTags sends UntagResource.
func (p *Probe) removeTags(k Key, names ...string) *Answer {
	return p.Call("UntagResource", Params{"KeyId": k.ID, "TagKeys": names})
}

// freshTagged makes a key with tags of its own.
func (p *Probe) freshTagged(pairs ...string) Key {
	k := p.Fresh(HMAC256)
	p.Do("TagResource", Params{"KeyId": k.ID, "Tags": tagList(pairs...)})
	return k
}

// wantTagsOf wants these tags of the key, in order.
func (p *Probe) wantTagsOf(k Key, want string) {
	a := p.Call("ListResourceTags", Params{"KeyId": k.ID}).Want(ok(Members{"Tags": Present()}))
	p.wantTags(a, want, true)
}

func tgCases() []Case {
	three := []string{"tag1", "value1", "tag2", "value2", "tag3", "value3"}
	return []Case{
		def("TG-01", func(p *Probe) {
			k := p.Fresh(HMAC256)
			p.addTags(k, three[:4]...).Want(ok(nil))
			p.wantTagsOf(k, "tag1=value1 tag2=value2")
		}),
		def("TG-02", func(p *Probe) {
			k := p.freshTagged(three...)
			p.removeTags(k, "tag1", "tag2", "tag3").Want(ok(nil))
			p.wantTagsOf(k, "")
		}),
		def("TG-03", func(p *Probe) {
			k := p.freshTagged(three...)
			p.removeTags(k, "tag2").Want(ok(nil))
			p.wantTagsOf(k, "tag1=value1 tag3=value3")
		}),
		def("TG-04", func(p *Probe) {
			k := p.freshTagged(three[:4]...)
			p.addTags(k, "tag1", "new", "tag3", "value3", "tag4", "value4").Want(ok(nil))
			p.wantTagsOf(k, "tag1=new tag2=value2 tag3=value3 tag4=value4")
		}),
		def("TG-05", func(p *Probe) {
			p.addTags(p.Fresh(HMAC256), "tag1", "a", "tag1", "b").Want(fails("TagException", "Duplicate tag keys"))
		}),
		def("TG-06", func(p *Probe) {
			p.addTags(p.Fresh(HMAC256), "aws:key1", "value").Want(fails("TagException", "Tags beginning with aws: are reserved"))
		}),
		def("TG-07", func(p *Probe) {
			k := p.Fresh(HMAC256)
			p.Do("TagResource", Params{"KeyId": k.ID, "Tags": manyTags(maxTags - len(p.run.s.runTags()))})
			p.addTags(k, "onemore", "v").Want(fails("TagException", "Too many tags"))
		}),
		def("TG-08", func(p *Probe) {
			p.addTags(p.Fresh(HMAC256), "empty", "").Want(ok(nil))
		}),
		def("TG-09", func(p *Probe) {
			p.addTags(p.Fresh(HMAC256), "", "value").Want(badLength("tags.1.member.tagKey", "...", "greater than or equal to 1"))
		}),
		def("TG-10", func(p *Probe) {
			p.removeTags(p.Fresh(HMAC256), "missing").Want(ok(nil))
		}),
		def("TG-11", func(p *Probe) {
			k := p.Fresh(HMAC256)
			p.addTags(k, "tag1", "value1").Want(okVoid())
			p.removeTags(k, "tag1").Want(okVoid())
		}),
		def("TG-12", func(p *Probe) {
			k := p.freshTagged(three...)
			p.Call("ListResourceTags", Params{"KeyId": k.ID}).Want(okExactly(Members{"Tags": Present(), "Truncated": Is(false)}))
			p.Call("ListResourceTags", Params{"KeyId": k.ID, "Limit": 1}).
				Want(okExactly(Members{"Tags": Between(1, 1), "Truncated": Is(true), "NextMarker": Present()}))
		}),
	}
}
