// Package albertsearch turns documents into a search engine that answers
// questions. An Engine keeps one index on local disk: Index reads documents
// into it, Search finds passages by keywords and by meaning, Ask reads the best
// passages with an ALBERT and extracts the answer, cited to the byte.
//
// Everything runs in the process, offline, on the CPU. The models are part of
// the package; ONNX Runtime is loaded from a shared library, which the command
// "albert-search setup" obtains.
package albertsearch
