// Package eval measures how well passages are found and questions answered:
// the official metrics of SQuAD 1.1 and 2.0 and of trec_eval, readers for SQuAD
// files and BEIR folders, and evaluation runs over an engine that use them.
package eval
