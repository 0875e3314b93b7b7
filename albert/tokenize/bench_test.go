package tokenize_test

import (
	"strings"
	"testing"

	"github.com/albert-search/albert-search/albert/tokenize"
)

// english is prose of our own: the benchmarks repeat it.
const english = `A passage is read twice. First the index looks for the words of the question, and
then the model compares the meaning of the question with the meaning of the passage, so that a
passage that says the same thing in other words is found as well. Neither is enough by itself:
names, numbers (1,024 of them), part numbers and error messages are found by their letters, while
"How do I make it stop?" has hardly a word in common with the paragraph that answers it. What both
find is read by a third model, which marks the words of the answer; they're quoted as they stand in
the document, with the file, the page and the line, and nothing is made up. `

// mixed has the scripts, signs and accents that the slow paths are for.
const mixed = english + `Die Übersetzung einer Äußerung über Straßenbäume kostet 12,50 € (naïve Schätzung).
Ένα κείμενο στα ελληνικά, и ещё одно по-русски, 中文的句子没有空格，日本語も同じです。 한국어 문장도 있습니다.
مرحبا بالعالم — “quotes”, an emoji 👩‍👩‍👧‍👦 and Ｆｕｌｌｗｉｄｔｈ letters, a cafe` + "\u0301" + `, the ﬁrst ligature… `

func benchmark(b *testing.B, fixture string) {
	tok := readFixtures(b, fixture)[0].load(b)
	for _, text := range []struct{ name, text string }{{"english", english}, {"mixed", mixed}} {
		b.Run(text.name, func(b *testing.B) {
			long := strings.Repeat(text.text, 1<<16/len(text.text))
			var tokens []tokenize.Token
			b.SetBytes(int64(len(long)))
			b.ReportAllocs()
			for b.Loop() {
				tokens = tok.Append(tokens[:0], long)
			}
		})
	}
}

func BenchmarkWordPiece(b *testing.B) { benchmark(b, "wordpiece.json.gz") }

func BenchmarkSentencePiece(b *testing.B) { benchmark(b, "sentencepiece.json.gz") }
