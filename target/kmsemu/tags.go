package kmsemu

import (
	"slices"
	"strings"
)

// maxTags is the number of tags of a key (row CK-35).
const maxTags = 50

// newTags returns old with the tags of a request added: values of existing
// keys are replaced in place (row TG-04).
func (c *call) newTags(old []tag, list []any) ([]tag, error) {
	tags := slices.Clone(old)
	seen := map[string]bool{}
	for _, e := range list {
		p := e.(params)
		t := tag{p.str("TagKey"), p.str("TagValue")}
		if seen[t.key] && !c.wrong(duplicateTags) { // row TG-05
			return nil, fault("TagException", "Duplicate tag keys")
		}
		seen[t.key] = true
		if len(t.key) >= 4 && strings.EqualFold(t.key[:4], "aws:") && !c.wrong(awsTags) { // rows CK-36, TG-06
			return nil, fault("TagException", "Tags beginning with aws: are reserved")
		}
		if i := slices.IndexFunc(tags, func(o tag) bool { return o.key == t.key }); i >= 0 {
			tags[i] = t
			continue
		}
		tags = append(tags, t)
	}
	if len(tags) > maxTags && !c.wrong(tagLimitIgnored) { // rows CK-35, TG-07
		return nil, fault("TagException", "Too many tags")
	}
	return tags, nil
}

func tagReply(tags []tag) []reply {
	out := make([]reply, 0, len(tags))
	for _, t := range tags {
		out = append(out, reply{"TagKey": t.key, "TagValue": t.value})
	}
	return out
}

// tagResource is TagResource (rows KS-15, KS-16).
func tagResource(c *call) (reply, error) {
	k, _, err := c.find(c.in.str("KeyId"), keyOnly)
	if err != nil {
		return nil, err
	}
	return nil, c.change(k, notPending, func(_ *tx, s *keyState) (*keyState, error) {
		s.tags, err = c.newTags(s.tags, c.in.list("Tags"))
		return s, err
	})
}

// untagResource is UntagResource; keys that are not there are no error
// (inferred, row TG-10).
func untagResource(c *call) (reply, error) {
	k, _, err := c.find(c.in.str("KeyId"), keyOnly)
	if err != nil {
		return nil, err
	}
	gone := c.in.strings("TagKeys")
	return nil, c.change(k, notPending, func(_ *tx, s *keyState) (*keyState, error) {
		before := len(s.tags)
		s.tags = slices.DeleteFunc(slices.Clone(s.tags), func(t tag) bool { return slices.Contains(gone, t.key) })
		if c.wrong(untagMissing) && before-len(s.tags) < len(gone) {
			return nil, fault("NotFoundException", "A tag does not exist")
		}
		return s, nil
	})
}

// listResourceTags is ListResourceTags. A Limit above the documented maximum
// of 50 is clipped (inferred, row LI-06).
func listResourceTags(c *call) (reply, error) {
	_, s, err := c.find(c.in.str("KeyId"), keyOnly)
	if err != nil {
		return nil, err
	}
	after, err := c.marker()
	if err != nil {
		return nil, err
	}
	tags := s.tags[min(after, uint64(len(s.tags))):]
	limit := min(c.in.number("Limit", 50), 50)
	if len(tags) <= limit {
		return page(tagReply(tags), "Tags", noItem), nil
	}
	return page(tagReply(tags[:limit]), "Tags", after+uint64(limit)), nil
}
