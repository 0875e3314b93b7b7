package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
)

// SQuAD is a question answering set: paragraphs, and questions on them.
type SQuAD struct {
	Paragraphs []Paragraph
	Questions  []Question
}

// Paragraph is a text that questions are asked on.
type Paragraph struct {
	// Title is that of the article the paragraph belongs to.
	Title string
	Text  string
}

// Question is one question with its acceptable answers.
type Question struct {
	ID, Text string
	// Paragraph is the index of the paragraph the question was asked on.
	Paragraph int
	// Answers is empty if the paragraph has no answer.
	Answers []Gold
}

// Gold is an acceptable answer.
type Gold struct {
	Text string
	// Start is the byte at which Text begins in the paragraph; -1 if the file
	// gives a place where it does not stand.
	Start int
}

// ReadSQuAD reads a file in the format of SQuAD 1.1 or 2.0.
func ReadSQuAD(path string) (*SQuAD, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s, err := decodeSQuAD(f)
	if err != nil {
		return nil, fmt.Errorf("reading %s as a SQuAD file: %w", path, err)
	}
	return s, nil
}

// decodeSQuAD reads JSON in the format of SQuAD 1.1 or 2.0. In it the places
// of answers count Unicode code points.
func decodeSQuAD(r io.Reader) (*SQuAD, error) {
	var file struct {
		Data []struct {
			Title      string
			Paragraphs []struct {
				Context string
				QAs     []struct {
					ID         string
					Question   string
					Impossible bool `json:"is_impossible"`
					Answers    []struct {
						Text  string
						Start int `json:"answer_start"`
					}
				}
			}
		}
	}
	if err := json.NewDecoder(r).Decode(&file); err != nil {
		return nil, err
	}
	s := new(SQuAD)
	seen := make(map[string]bool)
	for _, article := range file.Data {
		for _, p := range article.Paragraphs {
			s.Paragraphs = append(s.Paragraphs, Paragraph{Title: article.Title, Text: p.Context})
			for _, q := range p.QAs {
				if q.ID == "" {
					return nil, fmt.Errorf("the question %q has no id", q.Question)
				}
				if seen[q.ID] {
					return nil, fmt.Errorf("two questions have the id %q", q.ID)
				}
				seen[q.ID] = true
				question := Question{ID: q.ID, Text: q.Question, Paragraph: len(s.Paragraphs) - 1}
				if !q.Impossible {
					for _, a := range q.Answers {
						question.Answers = append(question.Answers, Gold{a.Text, place(p.Context, a.Text, a.Start)})
					}
				}
				s.Questions = append(s.Questions, question)
			}
		}
	}
	if len(s.Questions) == 0 {
		return nil, errors.New(`no questions in it: {"data": [{"paragraphs": [{"context": ..., "qas": [...]}]}]} is expected`)
	}
	return s, nil
}

// Sample returns the set with n of its questions, drawn by the seed, and all of
// its paragraphs. With n of 0, or no more questions than that, it returns s.
func (s *SQuAD) Sample(n int, seed uint64) *SQuAD {
	return &SQuAD{Paragraphs: s.Paragraphs, Questions: Sample(s.Questions, n, seed)}
}

// Sample returns n of the things in their order, drawn by the seed; all of them
// if n is 0 or there are no more.
func Sample[T any](from []T, n int, seed uint64) []T {
	if n <= 0 || n >= len(from) {
		return from
	}
	drawn := rand.New(rand.NewPCG(seed, 2)).Perm(len(from))[:n]
	slices.Sort(drawn)
	out := make([]T, n)
	for i, at := range drawn {
		out[i] = from[at]
	}
	return out
}

// place turns a place counted in code points into bytes.
func place(text, answer string, codePoint int) int {
	n := 0
	for at := range text {
		if n == codePoint {
			if strings.HasPrefix(text[at:], answer) {
				return at
			}
			return -1
		}
		n++
	}
	return -1
}
