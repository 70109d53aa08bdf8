package conformance

// some is the message of the recordings.
var some = []byte("some important message")

var gmUntestable = map[string]string{}

func gmCases() []Case {
	return []Case{def("GM-02", func(p *Probe) {
		k := p.Shared(HMAC256)
		p.Call("GenerateMac", k.MAC(some)).Want(okExactly(Members{"KeyId": Is(k.ARN), "Mac": BytesLong(32), "MacAlgorithm": Is(k.Algorithm)}))
	}),
	}
}

func withDifferential(o Options, all []Case) []Case { return all }
