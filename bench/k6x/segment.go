package k6x

import (
	"fmt"

	"go.k6.io/k6/lib"
)

// shardOf is the place of an execution segment among equal ones: k6's
// --execution-segment 1/3:2/3 is shard 1 of 3. No segment is the whole, 0 of 1.
// Segments that are not equal shares cannot be merged with their peers, so they
// are refused.
func shardOf(segment *lib.ExecutionSegment, sequence *lib.ExecutionSegmentSequence) (index, count int, err error) {
	if segment == nil || segment.FloatLength() == 1 {
		return 0, 1, nil
	}
	count = int(1/segment.FloatLength() + 0.5)
	whole, err := lib.NewExecutionSegmentFromString("0:1")
	if err != nil {
		return 0, 0, err
	}
	parts, err := whole.Split(int64(count))
	if err != nil {
		return 0, 0, fmt.Errorf("k6x: execution segment %s: %w", segment, err)
	}
	index = -1
	for i, p := range parts {
		if p.Equal(segment) {
			index = i
		}
	}
	if index < 0 {
		return 0, 0, fmt.Errorf("k6x: execution segment %s is not one of equal shares, such as 1/3:2/3", segment)
	}
	if sequence == nil || len(*sequence) == 0 {
		return index, count, nil
	}
	if len(*sequence) != count {
		return 0, 0, fmt.Errorf("k6x: segment %s is one of %d equal shares, but the sequence %s has %d", segment, count, sequence, len(*sequence))
	}
	for i, s := range *sequence {
		if !s.Equal(parts[i]) {
			return 0, 0, fmt.Errorf("k6x: the sequence %s is not made of %d equal shares", sequence, count)
		}
	}
	return index, count, nil
}
