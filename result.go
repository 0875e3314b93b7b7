package albertsearch

import (
	"encoding/json"
	"time"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/qa"
	"github.com/albert-search/albert-search/rerank"
)

// Milliseconds is a duration that JSON has in whole milliseconds.
type Milliseconds time.Duration

// Duration returns d as what it is.
func (d Milliseconds) Duration() time.Duration { return time.Duration(d) }

// MarshalJSON implements json.Marshaler.
func (d Milliseconds) MarshalJSON() ([]byte, error) { return json.Marshal(d.Duration().Milliseconds()) }

// UnmarshalJSON implements json.Unmarshaler.
func (d *Milliseconds) UnmarshalJSON(data []byte) error {
	var ms int64
	err := json.Unmarshal(data, &ms)
	*d = Milliseconds(time.Duration(ms) * time.Millisecond)
	return err
}

func since(began time.Time) Milliseconds { return Milliseconds(time.Since(began)) }

// Coverage counts the documents of an index.
type Coverage struct {
	Documents int `json:"documents"`
	// Unread documents failed or are of a kind that is not read: an answer may
	// stand in one of them.
	Unread int `json:"unread"`
	// Partial documents were read only in part, as a PDF of which some pages
	// are pictures.
	Partial int `json:"partial"`
}

// Freshness says which version of an index something is of.
type Freshness struct {
	// Generation counts the versions that were published; Updated is when this one
	// was.
	Generation uint64    `json:"generation"`
	Updated    time.Time `json:"updated"`
}

// SearchResult is what a search found.
type SearchResult struct {
	// Query and the rest are those of the request, with the defaults that were
	// taken. Fusion is empty where nothing was fused.
	Query  string        `json:"query"`
	Mode   Mode          `json:"mode"`
	Fusion rerank.Method `json:"fusion,omitempty"`
	// Rerank is how many passages were reranked at most.
	Rerank int   `json:"rerank,omitempty"`
	Hits   []Hit `json:"hits"`
	// Coverage says how much of the collection could be searched.
	Coverage Coverage `json:"coverage"`
	// Freshness is that of the index that was searched.
	Freshness
	Took Milliseconds `json:"took_ms"`
}

// Hit is a found passage. Its Citation says where the first of the Matches stands,
// and where the passage begins if there is none; Start and End are those of Text.
type Hit struct {
	// Rank counts from 1.
	Rank int `json:"rank"`
	// Score is in 0..1 for Hybrid, BM25 for Keyword, the cosine for Vector. It
	// orders the hits of one search and means nothing beyond that.
	Score float64 `json:"score"`
	Citation
	// Text is the passage as it stands in the document.
	Text string `json:"text"`
	// Matches are the byte ranges of Text that the query's words match.
	Matches []index.Range `json:"matches"`
	// Furniture says that the passage belongs to the page and not to the text, as
	// navigation does.
	Furniture bool `json:"furniture,omitempty"`
	// Explain says where the score comes from.
	Explain Explanation `json:"explain,omitzero"`
}

// Explanation says how a hit came by its score. A rank of 0 says that the
// retriever did not find the passage, or was not asked.
type Explanation struct {
	KeywordRank  int     `json:"keyword_rank,omitempty"`
	KeywordScore float64 `json:"keyword_score,omitempty"` // BM25
	VectorRank   int     `json:"vector_rank,omitempty"`
	Cosine       float64 `json:"cosine,omitempty"`
	// NoVector says that the passage has no vector yet, so that nothing is known of
	// its meaning: Fused is made of the keywords alone.
	NoVector bool    `json:"no_vector,omitempty"`
	Fused    float64 `json:"fused"`
	// Relevance is what the reader thinks, if it was asked: the log of the odds
	// that the passage fits the query.
	Relevance *float64 `json:"relevance,omitempty"`
}

// AskResult is what was read about a question.
type AskResult struct {
	// Question and the rest are those of the request, with the defaults that
	// were taken. Fusion is empty where nothing was fused.
	Question string        `json:"question"`
	Mode     Mode          `json:"mode"`
	Fusion   rerank.Method `json:"fusion,omitempty"`
	// Answered says that the first answer is good enough to be given. When it
	// is false the answers are merely what comes nearest to one.
	Answered bool     `json:"answered"`
	Answers  []Answer `json:"answers"`
	// Read counts the passages that were read.
	Read     int      `json:"passages_read"`
	Coverage Coverage `json:"coverage"`
	// Freshness is that of the index that was searched.
	Freshness
	Took Milliseconds `json:"took_ms"`
}

// Answer is a piece of a document that answers the question.
type Answer struct {
	// Rank counts from 1.
	Rank int `json:"rank"`
	// Text is the answer, as it stands in the document.
	Text string `json:"text"`
	// Confidence is the probability, from 0 to 1, that the answer is right;
	// Certainty puts it into words.
	Confidence float64   `json:"confidence"`
	Certainty  Certainty `json:"certainty"`
	// Score orders the answers of one question and means nothing beyond that.
	Score float64 `json:"score"`
	// Relevance is the log of the odds, by the reader, that the passage around
	// the answer fits the question; nil if the reader does not judge it.
	Relevance *float64 `json:"relevance,omitempty"`
	// Citation is that of the answer, not of the passage it stands in.
	Citation
	// Sentence is the sentence, or the sentences, around the answer; the
	// answer is at InSentence.
	Sentence   string      `json:"sentence"`
	InSentence index.Range `json:"in_sentence"`
	// Support cites the same answer in other passages.
	Support []Citation `json:"support"`
	// Evidence is what the confidence was worked out from.
	Evidence qa.Evidence `json:"-"`
}

// Certainty is a confidence in words.
type Certainty string

// The certainties, each from some confidence on.
const (
	AlmostCertain Certainty = "almost certain"       // 0.9
	Likely        Certainty = "likely"               // 0.7
	RatherLikely  Certainty = "more likely than not" // 0.5
	Doubtful      Certainty = "doubtful"             // 0.25
	Unlikely      Certainty = "unlikely"             // 0
)

// certainty puts a confidence into words.
func certainty(confidence float64) Certainty {
	switch {
	case confidence >= 0.9:
		return AlmostCertain
	case confidence >= 0.7:
		return Likely
	case confidence >= 0.5:
		return RatherLikely
	case confidence >= 0.25:
		return Doubtful
	}
	return Unlikely
}
