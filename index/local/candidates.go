package local

import "math"

// candidate is a passage with an estimate of its score, in an order of
// integers: above is the higher estimate, of equal ones the lower place.
type candidate uint64

func newCandidate(score float32, place uint32) candidate {
	b := math.Float32bits(score + 0) // -0 is 0
	if b>>31 == 1 {
		b = ^b
	} else {
		b |= 1 << 31
	}
	return candidate(b)<<32 | candidate(^place)
}

func (c candidate) place() uint32 { return ^uint32(c) }

func (c candidate) score() float32 {
	b := uint32(c >> 32)
	if b>>31 == 1 {
		return math.Float32frombits(b &^ (1 << 31))
	}
	return math.Float32frombits(^b)
}

// candidates keeps the best that are added. Of twice as many as it keeps it
// throws the lower half away, which costs a constant time for each.
type candidates struct {
	limit int
	keys  []candidate
	least candidate // what comes in must be above it
}

// floor is a score below which nothing comes in.
func (c *candidates) floor() float32 {
	if c.least == 0 {
		return float32(math.Inf(-1))
	}
	return c.least.score()
}

func (c *candidates) add(k candidate) {
	if k <= c.least {
		return
	}
	c.keys = append(c.keys, k)
	if len(c.keys) >= 2*c.limit {
		c.best()
	}
}

// best returns the best, in no order.
func (c *candidates) best() []candidate {
	if len(c.keys) > c.limit {
		partition(c.keys, c.limit)
		c.keys = c.keys[:c.limit]
		c.least = c.keys[0]
		for _, k := range c.keys {
			c.least = min(c.least, k)
		}
	}
	return c.keys
}

// partition puts the n highest keys, which all differ, in front (Hoare's
// quickselect).
func partition(keys []candidate, n int) {
	for from, to := 0, len(keys); to-from > 1; {
		pivot := keys[from+(to-from)/2]
		i, j := from, to-1
		for i <= j {
			for keys[i] > pivot {
				i++
			}
			for keys[j] < pivot {
				j--
			}
			if i <= j {
				keys[i], keys[j] = keys[j], keys[i]
				i++
				j--
			}
		}
		switch {
		case n <= j:
			to = j + 1
		case n > i:
			from = i
		default:
			return
		}
	}
}
