//go:build amd64 && !purego

package lanes

func (s *stepped256) step(many Many256, blocks int, digest bool) {
	flag := 0
	if digest {
		flag = 1
	}
	switch many {
	case ManyPair:
		pair256(&s.lists, blocks, flag, &s.tmp[0])
	case ManyWide16:
		wide256x16(&s.lists, blocks, flag, &s.tmp[0])
	case ManyWide8:
		wide256x8(&s.lists, blocks, flag, &s.tmp[0])
	}
}
