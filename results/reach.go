package results

import "math"

// leastP is the smallest p-value that so many pairs can have: all of one sign,
// by the exact test or the random flips of signFlip.
func leastP(pairs int) float64 {
	return max(math.Ldexp(1, 1-pairs), 1.0/(flipRounds+1))
}

// enoughPairs is the fewest pairs with which chance can be ruled out for a
// figure that gets the share of the level; 0 if there is no such number.
func enoughPairs(share float64) int {
	for n := minPairs; n <= 64; n++ {
		if leastP(n) < significance*share {
			return n
		}
	}
	return 0
}

// outOfReach reports whether the adjusted p-value of figure i would not fall
// below the level even if all its pairs agreed, the other figures being what
// they are, and how many pairs are enough whatever those are. p and weights are
// as for Holm.
func outOfReach(p, weights []float64, i, pairs int) (need int, yes bool) {
	var all float64
	for _, w := range weights {
		all += w
	}
	least, share := leastP(pairs), weights[i]/all
	if least < significance*share { // Holm never asks for more than this
		return 0, false
	}
	was := p[i]
	p[i] = least
	yes = Holm(p, weights)[i] >= significance
	p[i] = was
	return enoughPairs(share), yes
}
