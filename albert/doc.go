// Package albert runs ALBERT models (Lan et al. 2020, "ALBERT: A Lite BERT for
// Self-supervised Learning of Language Representations") with kernels of its own
// or on ONNX Runtime.
//
// Load reads a checkpoint in Hugging Face layout: config.json, a tokenizer's
// files, and the weights in model.safetensors or pytorch_model.bin, whole or in
// parts. A BERT is read as the ALBERT that computes the same. Open packs the
// weights for the kernels, or writes the model's ONNX graph and hands it to the
// runtime. A Session then computes, for any number of sequences in any number of
// goroutines, what its head is for.
//
// # How the files of this package fit together
//
//	config.json ──► Config                     config.go
//	tokenizer ────► tokenize.Tokenizer         package tokenize
//	weights ──────► tensorFiles                weight_files.go: safetensors, torchfile, shards
//	                    │
//	                tensors by today's names   tensor_names.go: old names, a BERT as an ALBERT
//	                    │
//	                checkpoint                 checkpoint.go: shapes and types are checked
//	                    │
//	                encoder and heads          encoder.go: where each weight is, none is read yet
//	                    │
//	                weightReader               weight_reader.go: reads, transposes, rounds
//	      ┌─────────────┼───────────────┐
//	    graph        kernels        Quantize   graph.go, graph_linear.go; kernel_net.go, internal/avx512;
//	      │             │                      quantize.go, rounding.go, input_ranges.go
//	  graphNet      kernelNet                  graph_net.go, kernel_net.go: both are a network
//	      └──────┬──────┘
//	          Session                          session.go: batches, slots, results by Head (head.go)
//
// Model.Open takes the kernels where they fit: int8 on an x86-64 processor with
// AVX-512 VNNI and a shape that is a multiple of theirs. Elsewhere, and in 32
// bits, it writes the graph. Both compute the same, apart from the order in
// which numbers are summed.
//
// # Shapes
//
// In comments B is the number of sequences of a batch, L their length in tokens,
// H the hidden size, E the embedding size and I the intermediate size. Matrices
// are row-major; [in, out] means that row i belongs to input i.
//
// Other packages: tokenize makes tokens of text, ort finds and loads ONNX
// Runtime, builtin has the models of the program, modelstore those that users
// bring and the table of their roles. docs/inference.md explains the graph, the
// kernels and the numbers behind them.
package albert
