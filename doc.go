// Package albertsearch turns documents into a search engine that answers
// questions.
//
// An [Engine] keeps one index, as a rule in a folder: [Engine.Index] reads
// documents into it ([Engine.IndexPaths] is the short way), [Engine.Search] finds
// passages by keywords and by meaning, [Engine.Ask] reads the best passages with
// an ALBERT and extracts the answer, cited to the byte. [Engine.Status],
// [Engine.Remove], [Engine.Reembed], [Engine.Check] and [Engine.Repair] look after
// the index. What these return has JSON tags: it is what the command prints.
//
// Errors have a kind ([KindOf]) and, where something can be done about them, hints
// ([HintsOf]). All methods may be called by several goroutines at once; a slow
// question keeps neither searches nor writers waiting.
//
// Everything runs in the process, offline, on the CPU. The models are part of the
// package; where the processor or a model of your own needs ONNX Runtime, it is
// loaded from a shared library that package albert/ort finds or obtains.
package albertsearch
