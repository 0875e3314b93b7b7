package charset

// utf16Cost is what a character of a text in UTF-16 costs at most, in quarters of
// a nat: those of Chinese, Japanese and Korean cost about 26, data 50.
const utf16Cost = 38

// UTF16 recognises text of East Asia in UTF-16 without a byte order mark, in
// which hardly a byte is zero, by its characters; nil if b is none.
func UTF16(b []byte) *Charset {
	const least = 8 // characters that are evidence enough
	b = b[:min(len(b), sampleBytes)&^1]
	var best *Charset
	lowest := utf16Cost*(len(b)/2) + 1
	for _, name := range []string{"utf-16le", "utf-16be"} {
		c, _ := Get(name)
		text, err := c.Decode(b)
		if err != nil || len(b) < 2*least {
			return nil
		}
		signs := letterStatistics().signs(text)
		for _, l := range letterStatistics().languages {
			if l.characters == nil {
				continue
			}
			cost, prev := 0, &sign{r: ' '}
			for i := range signs {
				cost += l.step(prev, &signs[i])
				prev = &signs[i]
			}
			if cost < lowest {
				best, lowest = c, cost
			}
		}
	}
	return best
}
